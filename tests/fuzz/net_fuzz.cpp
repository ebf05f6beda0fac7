#include "dataflow/error.hpp"
#include "net/frame.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

// A libFuzzer target for what a peer may send. The first byte chooses a decoder and how the stream is cut, the rest is
// what comes.

using namespace crema;
using namespace crema::net;

namespace {

using bytes = std::span<const std::byte>;

void require(bool promise) {
  if (!promise)
    std::abort();
}

/// The frames are the stream, cut: together they are the bytes it begins with.
void compare(const frame& found, bytes& stream) {
  const auto header = frame_header(found.kind(), found.payload().size());
  require(stream.size() >= header.size() + found.payload().size());
  require(std::ranges::equal(header, stream.first(header.size())));
  stream = stream.subspan(header.size());
  require(std::ranges::equal(found.payload(), stream.first(found.payload().size())));
  stream = stream.subspan(found.payload().size());
}

void parse(bytes stream, std::size_t piece, bool proven) {
  frame_parser parser;
  if (proven)
    parser.trust_peer();
  for (auto rest = stream; !rest.empty();) {
    const auto room = parser.room();
    const auto n = std::min({room.size(), rest.size(), piece});
    std::copy_n(rest.begin(), n, room.begin());
    parser.filled(n);
    rest = rest.subspan(n);
    while (const auto next = parser.next())
      compare(*next, stream);
    require(proven || parser.held() <= 16'384);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const auto stream = std::as_bytes(std::span{data, size}).subspan(1);
  try {
    parse(stream, 1 + data[0] / 2 % 64, data[0] % 2 != 0);
  } catch (const error& e) {
    require(e.code() == errc::corrupt_data);
  }
  return 0;
}
