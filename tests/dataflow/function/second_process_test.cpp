#include "dataflow/block/boost_codec.hpp"
#include "dataflow/block/codec.hpp"
#include "dataflow/error.hpp"
#include "dataflow/function/capture.hpp"
#include "dataflow/function/identity.hpp"
#include "dataflow/function/portable.hpp"
#include "tests/second_process.hpp"

#include <boost/serialization/vector.hpp>
#include <cstdint>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/personality.h>
#include <utility>
#include <vector>

namespace crema::internal {
namespace {

using namespace crema::testing;

using text_function = std::string(long);

struct question {
  std::string build;
  std::vector<std::string> functions; ///< each encoded with the signature text_function
  long argument = 0;
};

struct answer {
  std::string build;
  std::string refusal; ///< of the build id
  std::uint64_t image = 0;
  std::vector<std::string> results;
};

std::uint64_t image_base() {
  static const int here = 0;
  return reinterpret_cast<std::uint64_t>(&here) - locate(&here).offset;
}

/// Whether the kernel maps this executable elsewhere each time it starts.
bool randomised() {
  return image_base() != 0 && (::personality(0xffffffff) & ADDR_NO_RANDOMIZE) == 0;
}

void encode(const question& q, byte_writer& out) {
  codec<std::string>::encode(q.build, out);
  codec<std::vector<std::string>>::encode(q.functions, out);
  codec<long>::encode(q.argument, out);
}

answer ask(const question& q) {
  byte_writer out;
  encode(q, out);
  const auto reply = ask_second_process("SecondProcess.DISABLED_Peer", out.bytes());
  byte_reader in{bytes_of(reply)};
  answer a;
  a.build = codec<std::string>::decode(in);
  a.refusal = codec<std::string>::decode(in);
  a.image = codec<std::uint64_t>::decode(in);
  a.results = codec<std::vector<std::string>>::decode(in);
  return a;
}

// Reads and answers one question.
TEST(SecondProcess, DISABLED_Peer) {
  const auto received = first_process_asks();
  byte_reader in{bytes_of(received)};
  std::string refusal;
  try {
    require_build_id(codec<std::string>::decode(in), "the driver");
  } catch (const error& e) {
    refusal = e.text();
  }
  std::vector<std::string> results;
  const auto functions = codec<std::vector<std::string>>::decode(in);
  const auto argument = codec<long>::decode(in);
  for (const auto& each : functions) {
    byte_reader function{bytes_of(each)};
    results.push_back(decode_erased<text_function>(function)(argument));
  }
  byte_writer out;
  codec<std::string>::encode(build_id(), out);
  codec<std::string>::encode(refusal, out);
  codec<std::uint64_t>::encode(image_base(), out);
  codec<std::vector<std::string>>::encode(results, out);
  answer_first_process(out.bytes());
}

struct suffixer {
  std::vector<int> numbers;
  std::string operator()(long x) const { return std::to_string(x) + "/" + std::to_string(numbers.at(1)); }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& numbers;
  }
};

std::string in_hex(long x) {
  static const char digits[] = "0123456789abcdef";
  return {digits[x / 16 % 16], digits[x % 16]};
}

/// Functions to be sent, with what they should answer.
class shipment {
public:
  template <class F>
  void add(const F& f) {
    EXPECT_EQ(check_portable(f), std::nullopt);
    byte_writer out;
    encode_function<text_function>(f, out);
    question_.functions.push_back(text_of(out.bytes()));
    expected_.push_back(std::invoke(f, question_.argument));
  }

  answer send() { return ask(question_); }
  const std::vector<std::string>& expected() const { return expected_; }
  question& asked() { return question_; }

private:
  question question_{build_id(), {}, 42};
  std::vector<std::string> expected_;
};

TEST(SecondProcess, RunsEveryKindOfFunctionAlthoughItsImageIsMappedElsewhere) {
  long number = 5;
  double half = 0.5;
  const std::vector<std::string> words{"a", "bc"};
  shipment functions;
  functions.add([](long x) { return std::to_string(x); });
  functions.add([number, half](long x) { return std::to_string(static_cast<double>(x + number) * half); });
  functions.add(suffixer{{1, 2}});
  functions.add(&in_hex);
  functions.add(capture(words, [](const auto& w, long x) { return w.at(1) + std::to_string(x); }));
  functions.add(
    capture(&in_hex, suffixer{{3, 4}}, [number](auto* f, const auto& g, long x) { return f(x + number) + g(x); }));
  const auto reply = functions.send();
  EXPECT_EQ(reply.results, functions.expected());
  EXPECT_EQ(reply.build, build_id());
  EXPECT_EQ(reply.refusal, "");
  if (randomised()) {
    EXPECT_NE(reply.image, image_base());
  }
}

TEST(SecondProcess, ReportsAMismatchOfBuildsWithBothIds) {
  shipment functions;
  functions.asked().build = "0123abcd";
  EXPECT_THAT(functions.send().refusal,
              ::testing::AllOf(::testing::HasSubstr("the driver runs build 0123abcd"),
                               ::testing::HasSubstr("this process runs build " + build_id())));
}

} // namespace
} // namespace crema::internal
