// expect: crema: a member of this record is a pointer or a view
#include "dataflow/block/codec.hpp"

struct item {
  int id;
  const char* name;
};

void write(crema::internal::byte_writer& out) {
  const std::vector<item> records;
  crema::internal::encode_records(std::span{records}, out);
}
