#include "net/packet_socket.hpp"

#include "dataflow/error.hpp"
#include "tests/net/failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fcntl.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace crema::net {

namespace {

using testing::HasSubstr;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

std::string text_of(const packet& received) {
  return {reinterpret_cast<const char*>(received.bytes.data()), received.bytes.size()};
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {}));
}

class PacketSocket : public testing::Test {
protected:
  std::pair<descriptor, descriptor> ends = packet_sockets();
  descriptor& here = ends.first;
  descriptor& there = ends.second;
};

} // namespace

TEST_F(PacketSocket, CarriesPacketsWholeAndInOrder) {
  EXPECT_FALSE(receive_packet(there));
  send_packet(here, bytes_of("one"));
  send_packet(here, bytes_of(std::string(max_packet_bytes, 'x')));
  EXPECT_EQ(text_of(receive_packet(there).value()), "one");
  EXPECT_EQ(receive_packet(there).value().bytes.size(), max_packet_bytes);
  EXPECT_FALSE(receive_packet(there));
}

TEST_F(PacketSocket, PassesADescriptorWithItsPacket) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const descriptor reads{pipe_ends[0]};
  descriptor writes{pipe_ends[1]};
  send_packet(here, bytes_of("plain"));
  send_packet(here, bytes_of("with it"), &writes);
  writes.close();
  EXPECT_FALSE(receive_packet(there).value().passed);
  const auto got = receive_packet(there).value();
  EXPECT_EQ(text_of(got), "with it");
  ASSERT_TRUE(got.passed);
  EXPECT_NE(::fcntl(got.passed.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(::write(got.passed.get(), "!", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(reads.get(), &byte, 1), 1);
}

TEST_F(PacketSocket, LeaksNoDescriptorThatNobodyAskedFor) {
  const auto before = open_descriptors();
  const int two[] = {here.get(), there.get()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof two)]{};
  iovec piece{const_cast<char*>("x"), 1};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto* header = CMSG_FIRSTHDR(&message);
  *header = {CMSG_LEN(sizeof two), SOL_SOCKET, SCM_RIGHTS};
  std::memcpy(CMSG_DATA(header), two, sizeof two);
  ASSERT_EQ(::sendmsg(here.get(), &message, 0), 1);
  EXPECT_TRUE(receive_packet(there).value().passed);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(PacketSocket, NeverWaitsForAPeerThatDoesNotRead) {
  int sent = 0;
  EXPECT_THAT(failure(errc::unreachable,
                      [&] {
                        for (; sent != 100'000; ++sent)
                          send_packet(here, bytes_of("connection"), &there);
                      }),
              HasSubstr("does not read"));
  EXPECT_GT(sent, 64);
}

TEST_F(PacketSocket, EndsBehindTheLastPacket) {
  send_packet(here, bytes_of("last"));
  here.close();
  EXPECT_EQ(text_of(receive_packet(there).value()), "last");
  failure(errc::unreachable, [&] { receive_packet(there); });
  EXPECT_NE(failure(errc::unreachable, [&] { send_packet(there, bytes_of("x")); }), "no error");
}

TEST_F(PacketSocket, RefusesPacketsThatAreTooLong) {
  EXPECT_NE(
    failure(errc::invalid_argument, [&] { send_packet(here, bytes_of(std::string(max_packet_bytes + 1, 'x'))); }),
    "no error");
  const std::string longer(max_packet_bytes + 1, 'x');
  ASSERT_EQ(::send(here.get(), longer.data(), longer.size(), 0), static_cast<ssize_t>(longer.size()));
  EXPECT_THAT(failure(errc::corrupt_data, [&] { receive_packet(there); }), HasSubstr("131073 bytes"));
}

} // namespace crema::net
