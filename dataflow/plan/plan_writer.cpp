#include "dataflow/plan/plan_writer.hpp"

#include "dataflow/error.hpp"
#include "dataflow/function/portable.hpp"
#include "dataflow/plan/apply.hpp"
#include "dataflow/plan/stage.hpp"
#include "dataflow/plan/variable.hpp"
#include "dataflow/readable_type.hpp"

namespace crema::internal {

namespace {

error::site site(const std::string& op, const std::string& location) {
  return {.op = op, .location = location, .task = {}, .node = {}, .type = {}};
}

} // namespace

std::shared_ptr<const node> adopt(const node* made) {
  return std::shared_ptr<const node>{made};
}

std::shared_ptr<const action_tasks> adopt(const action_tasks* made) {
  return std::shared_ptr<const action_tasks>{made};
}

std::shared_ptr<shared_variable> adopt(shared_variable* made) {
  return std::shared_ptr<shared_variable>{made};
}

plan_writer::plan_writer(byte_writer& out) : out_{out} {}

plan_writer::~plan_writer() = default;

void plan_writer::refuse(const std::type_info& type, const std::string& reason) const {
  throw error{errc::not_portable, refusal_text(type, reason), site(op_, location_)};
}

void plan_writer::refuse_value(const std::type_info& type, const char* what) const {
  throw error{errc::not_portable,
              std::string{what} + ", of type " + readable(type)
                + ", cannot be written for another process; let them own what they hold, and give the type a member "
                  "`template <class Archive> void serialize(Archive&, unsigned)`",
              site(op_, location_)};
}

void plan_writer::require(const record_type& records, const char* what) {
  if (records.codec == nullptr && *records.type != typeid(void))
    refuse_value(*records.type, what);
}

void plan_writer::reference(const internal::node& to) {
  out_.varint(nodes_.at(&to));
}

void plan_writer::text(std::string_view text) {
  const auto [at, fresh] = texts_.try_emplace(text, texts_.size());
  out_.varint(at->second);
  if (fresh)
    codec<std::string>::encode(std::string{text}, out_);
}

void plan_writer::blame(std::string_view op, const source_location& where) {
  op_ = op;
  location_ = to_string(where);
}

void plan_writer::add(const internal::node& next) {
  blame(next.op(), next.where());
  out_.varint(next.id());
  text(next.op());
  text(next.where().file_name());
  out_.varint(next.where().line());
  codec<std::string>::encode(next.name(), out_);
  out_.put_byte(static_cast<std::uint8_t>(next.persistence()));
  out_.varint(static_cast<std::uint64_t>(next.partitions()));
  out_.varint(next.parents().size());
  for (const auto& parent : next.parents())
    reference(*parent);
  next.write(*this);
  nodes_.emplace(&next, nodes_.size());
}

void plan_part<action_site>::write(const action_site& part, plan_writer& out) {
  out.reference(*part.of);
  out.text(part.action);
}

} // namespace crema::internal
