#include "dataflow/error.hpp"
#include "net/frame.hpp"
#include "net/message_codec.hpp"
#include "net/messages.hpp"

#include <algorithm>
#include <array>
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

/// What was read must survive being written and read again.
template <class Message>
void read_as(bytes payload) {
  const auto written = to_frame(read_message<Message>(payload));
  const auto again = to_frame(read_message<Message>(written.head.bytes()));
  require(std::ranges::equal(written.head.bytes(), again.head.bytes()));
}

constexpr std::array readers{&read_as<introduce>,     &read_as<dial_back>,    &read_as<dialled_back>,
                             &read_as<register_node>, &read_as<node_refused>, &read_as<node_registered>,
                             &read_as<follow_nodes>,  &read_as<nodes_known>,  &read_as<node_changed>,
                             &read_as<drain_node>,    &read_as<drain_passed>, &read_as<drain>,
                             &read_as<drain_begun>};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const auto rest = std::as_bytes(std::span{data, size}).subspan(1);
  try {
    if (data[0] < 128)
      parse(rest, 1 + data[0] / 2, data[0] % 2 != 0);
    else
      readers[data[0] % readers.size()](rest);
  } catch (const error& e) {
    require(e.code() == errc::corrupt_data);
  }
  return 0;
}
