// expect: crema: a record must own what it refers to: use std::string instead of std::string_view
#include "dataflow/block/codec.hpp"

#include <string_view>

void write(crema::internal::byte_writer& out) {
  const std::vector<std::pair<int, std::string_view>> records;
  crema::internal::encode_records(std::span{records}, out);
}
