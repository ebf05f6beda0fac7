// expect: crema: this record type, or a part of it, has serialize(Archive&, unsigned): #include
#include "dataflow/block/codec.hpp"

struct item {
  std::string name;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name;
  }
};

void write(crema::internal::byte_writer& out) {
  const std::vector<std::pair<int, item>> records;
  crema::internal::encode_records(std::span{records}, out);
}
