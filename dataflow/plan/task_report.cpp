#include "dataflow/plan/task_report.hpp"

#include "dataflow/block/codec.hpp"
#include "dataflow/plan/variable.hpp"

#include <memory>
#include <string>
#include <utility>

namespace crema::internal {

namespace {

static_assert(raw_record<task_metrics>, "metrics are written as the bytes that they are");

void encode_text(const std::string& text, byte_writer& out) {
  codec<std::string>::encode(text, out);
}

std::string decode_text(byte_reader& in) {
  return codec<std::string>::decode(in);
}

} // namespace

void encode_report(const task_metrics& metrics, const task_scope& done, byte_writer& out) {
  codec<task_metrics>::encode(metrics, out);
  out.varint(done.accumulators.size());
  for (const auto& [id, delta] : done.accumulators) {
    codec<variable_id>::encode(id, out);
    delta->write(out);
  }
}

task_report decode_report(byte_reader& in) {
  task_report report{codec<task_metrics>::decode(in), {}, {}};
  for (auto left = in.count(sizeof(variable_id)); left != 0; --left) {
    const auto id = codec<variable_id>::decode(in);
    const auto* variable = find_variable(id);
    if (variable == nullptr)
      in.fail("something was added to an accumulator that does not exist");
    report.accumulators[id] = variable->read_delta(id, in);
  }
  return report;
}

void encode_error(const error& failure, byte_writer& out) {
  const auto& where = failure.where();
  out.varint(static_cast<std::uint64_t>(failure.code()));
  encode_text(failure.text(), out);
  for (const auto* part : {&where.op, &where.location, &where.task, &where.node, &where.type})
    encode_text(*part, out);
  out.varint(static_cast<std::uint64_t>(where.partition) + 1); // -1, unknown, becomes 0
}

error decode_error(byte_reader& in) {
  const auto code = in.varint();
  if (code == 0 || code > static_cast<std::uint64_t>(errc::internal))
    in.fail("an error of an unknown kind");
  auto text = decode_text(in);
  error::site where;
  for (auto* part : {&where.op, &where.location, &where.task, &where.node, &where.type})
    *part = decode_text(in);
  where.partition = static_cast<int>(in.varint()) - 1;
  return {static_cast<errc>(code), std::move(text), std::move(where)};
}

} // namespace crema::internal
