#include "dataflow/block/codec.hpp"
#include "dataflow/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

// A libFuzzer target. The first byte chooses a record type and a way in, the rest is what is decoded. CMakeLists.txt
// says how it is built (CREMA_FUZZ) and run; fuzz_test.cpp runs the same function over the corpus and mutations
// of it.

using namespace crema;
using namespace crema::internal;

namespace {

struct reading {
  std::int32_t sensor;
  double value;
  char unit[3];
};

using words = std::vector<std::string>;
using tangle = std::map<std::string, std::vector<std::optional<std::variant<int, words, std::pair<double, bool>>>>>;

void require(bool promise) {
  if (!promise)
    std::abort();
}

template <class T>
std::vector<std::byte> bytes_of(const T& value) {
  byte_writer out;
  codec<T>::encode(value, out);
  return {out.bytes().begin(), out.bytes().end()};
}

/// What was decoded must survive being written and read again.
template <class T>
void decode_value(std::span<const std::byte> bytes) {
  byte_reader in{bytes};
  const T value = codec<T>::decode(in);
  require(in.offset() >= codec<T>::min_size);
  const auto written = bytes_of(value);
  byte_reader again{written};
  const T same = codec<T>::decode(again);
  require(again.remaining() == 0 && bytes_of(same).size() == written.size());
}

template <class T>
void decode_batch(std::span<const std::byte> bytes) {
  byte_reader in{bytes};
  std::vector<T> records(1);
  try {
    while (in.remaining() != 0)
      decode_records(in, records);
  } catch (...) {
    require(!records.empty());
    throw;
  }
}

/// The bytes as the payload of a batch whose checksum is right, so that mutations reach the records.
template <class T>
void decode_payload(std::span<const std::byte> bytes) {
  const auto count = bytes.empty() ? 0 : std::to_integer<std::size_t>(bytes[0]);
  byte_writer out;
  const auto start = begin_batch(out, batch_kind_of<T>, count);
  if (!bytes.empty())
    out.put(bytes.data() + 1, bytes.size() - 1);
  end_batch(out, start);
  decode_batch<T>(out.bytes());
}

template <class T>
void decode(unsigned way, std::span<const std::byte> bytes) {
  if (way == 0)
    decode_value<T>(bytes);
  else if (way == 1)
    decode_payload<T>(bytes);
  else
    decode_batch<T>(bytes);
}

using decoder = void (*)(unsigned, std::span<const std::byte>);

template <class... T>
constexpr std::array<decoder, sizeof...(T)> decoders_of() {
  return {&decode<T>...};
}

constexpr auto decoders =
  decoders_of<int, std::string, words, reading, tangle, std::vector<bool>, std::pair<std::uint32_t, float>,
              std::tuple<bool, std::string, std::optional<int>>, std::set<std::string>, std::vector<reading>,
              std::unordered_map<std::string, int>, std::multimap<int, std::u16string>,
              std::deque<std::vector<std::tuple<>>>, std::variant<std::monostate, int, words>,
              std::array<std::string, 3>>();

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const auto bytes = std::as_bytes(std::span{data, size}).subspan(1);
  try {
    decoders[data[0] / 3 % decoders.size()](data[0] % 3, bytes);
  } catch (const error& e) {
    require(e.code() == errc::corrupt_data);
  }
  return 0;
}
