#include "dataflow/operations.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST(Operations, BringEveryHeaderThatDefinesAMemberOfRdd) {
  const auto list = content("dataflow/operations.hpp");
  int found = 0;
  for (const auto& header : std::filesystem::directory_iterator{"dataflow/op"})
    if (header.path().extension() == ".hpp" && content(header).find(" rdd<T, Node>::") != std::string::npos) {
      EXPECT_NE(list.find("#include \"" + header.path().string() + '"'), std::string::npos) << header;
      ++found;
    }
  EXPECT_GT(found, 10);
}
