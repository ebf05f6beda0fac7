#include "dataflow/error.hpp"
#include "net/jobs/worker_call.hpp"
#include "net/jobs/worker_setup.hpp"
#include "net/packet_socket.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

// A libFuzzer target for what comes to a worker by its control socket, and for the names by which strangers call a
// worker. The first byte says which, and whether a descriptor comes along; the rest is the packet, or the name.

using namespace crema;
using namespace crema::net;

namespace {

enum class what : std::uint8_t { packet, packet_with_descriptor, name };

void require(bool promise) {
  if (!promise)
    std::abort();
}

/// What was read must survive being sent and read again.
void read_packet(std::span<const std::byte> bytes, bool with_descriptor) {
  static const auto ends = packet_sockets();
  const auto said = read_control({{bytes.begin(), bytes.end()}, descriptor{with_descriptor ? ::dup(0) : -1}});
  if (const auto* setup = std::get_if<worker_setup>(&said)) {
    send_setup(ends.first, *setup);
    const auto again = receive_setup(ends.second);
    require(again.options == setup->options && again.peers == setup->peers && again.place == setup->place);
    require(again.build == setup->build && again.keys.has_value() == setup->keys.has_value());
  } else {
    const auto& passed = std::get<passed_connection>(said);
    require(with_descriptor && passed.socket && passed.from >= from_driver);
  }
}

void read_name(std::string_view name) {
  if (const auto call = parse_worker_call(name))
    require(parse_worker_call(to_server_name(*call)) == call);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const auto rest = std::as_bytes(std::span{data, size}).subspan(1);
  const auto kind = static_cast<what>(data[0] % 3);
  try {
    if (kind == what::name)
      read_name({reinterpret_cast<const char*>(rest.data()), rest.size()});
    else
      read_packet(rest, kind == what::packet_with_descriptor);
  } catch (const error& e) {
    require(e.code() == errc::corrupt_data);
  }
  return 0;
}
