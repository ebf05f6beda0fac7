// expect: crema: records of this type cannot be written: give it a member
#include "dataflow/block/codec.hpp"

struct item {
  std::string name;
};

void write(crema::internal::byte_writer& out) {
  const std::vector<std::optional<item>> records;
  crema::internal::encode_records(std::span{records}, out);
}
