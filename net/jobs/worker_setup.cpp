#include "net/jobs/worker_setup.hpp"

#include "dataflow/block/byte_stream.hpp"
#include "dataflow/error.hpp"
#include "net/message_codec.hpp"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <poll.h>
#include <string>
#include <system_error>

namespace crema::net {

namespace {

enum class packet_kind : std::uint8_t { setup = 1, connection };

constexpr std::chrono::minutes patience{1};

internal::byte_writer begun(packet_kind kind) {
  internal::byte_writer out;
  out.put_byte(static_cast<std::uint8_t>(kind));
  return out;
}

/// Keys are no message_struct, so that they cannot be sent but here.
void put_keys(const credentials& keys, internal::byte_writer& out) {
  for (const auto* each : {&keys.authority, &keys.own.certificate, &keys.own.key})
    put(*each, out);
}

void take_keys(credentials& keys, internal::byte_reader& in) {
  for (auto* each : {&keys.authority, &keys.own.certificate, &keys.own.key})
    take(*each, in);
}

worker_setup read_setup(internal::byte_reader& in) {
  worker_setup said;
  take(said.options, in);
  take(said.peers, in);
  take(said.build, in);
  take(said.place, in);
  bool has_keys = false;
  take(has_keys, in);
  if (has_keys)
    take_keys(said.keys.emplace(), in);
  return said;
}

passed_connection read_connection(internal::byte_reader& in) {
  passed_connection said;
  take(said.from, in);
  take(said.secured, in);
  if (said.from < from_driver)
    in.fail("a worker of no number");
  return said;
}

void wait_for_packet(const descriptor& from, std::chrono::steady_clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
  pollfd ready{from.get(), POLLIN, 0};
  const int n = left <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left));
  if (n == 0 || (n < 0 && errno != EINTR))
    throw error{errc::unreachable,
                "cannot wait for a worker's setup: " + std::generic_category().message(n == 0 ? ETIMEDOUT : errno)};
}

} // namespace

void send_setup(const descriptor& control, const worker_setup& setup) {
  auto out = begun(packet_kind::setup);
  put(setup.options, out);
  put(setup.peers, out);
  put(setup.build, out);
  put(setup.place, out);
  put(setup.keys.has_value(), out);
  if (setup.keys)
    put_keys(*setup.keys, out);
  send_packet(control, out.bytes());
}

void send_connection(const descriptor& control, int from, bool secured, const descriptor& socket) {
  auto out = begun(packet_kind::connection);
  put(from, out);
  put(secured, out);
  send_packet(control, out.bytes(), &socket);
}

control_message read_control(packet received) {
  internal::byte_reader in{received.bytes};
  const auto kind = static_cast<packet_kind>(in.byte());
  control_message said;
  if (kind == packet_kind::setup && !received.passed) {
    said = read_setup(in);
  } else if (kind == packet_kind::connection && received.passed) {
    auto connection = read_connection(in);
    connection.socket = std::move(received.passed);
    said = std::move(connection);
  } else {
    in.fail("a packet of no kind that a worker takes");
  }
  if (in.remaining() != 0)
    in.fail("bytes are left behind a packet");
  return said;
}

worker_setup receive_setup(const descriptor& control) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (auto received = receive_packet(control)) {
      auto said = read_control(*std::move(received));
      if (auto* setup = std::get_if<worker_setup>(&said))
        return std::move(*setup);
      throw error{errc::corrupt_data, "a worker's setup does not come first"};
    }
    wait_for_packet(control, end);
  }
}

} // namespace crema::net
