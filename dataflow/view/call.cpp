#include "dataflow/view/call.hpp"

#include "dataflow/plan/task_report.hpp"

#include <span>

namespace crema::internal {

std::string pack_error(const error& failure) {
  byte_writer out;
  encode_error(failure, out);
  const auto bytes = out.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

error unpack_error(std::string_view bytes) {
  byte_reader in{std::as_bytes(std::span{bytes.data(), bytes.size()})};
  return decode_error(in);
}

} // namespace crema::internal
