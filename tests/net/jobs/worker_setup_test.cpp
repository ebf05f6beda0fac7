#include "net/jobs/worker_setup.hpp"

#include "dataflow/error.hpp"
#include "net/stream.hpp"
#include "tests/net/failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace crema::net {

namespace {

using testing::HasSubstr;

const worker_setup full{{3, 8, 64, std::size_t{1} << 33, "/var/tmp/x"},
                        {{0, {"10.0.0.5", 7123}, std::string(32, 'a')}, {2, {"::1", 1}, std::string(32, 'b')}},
                        credentials{"authority", {"certificate", "key"}},
                        "build",
                        "10.0.0.4:7123"};

/// The control socket of a worker.
class WorkerSetup : public testing::Test {
protected:
  packet next() { return receive_packet(worker).value(); }

  std::vector<std::byte> setup_bytes(const worker_setup& setup = full) {
    send_setup(launcher, setup);
    return next().bytes;
  }

  std::pair<descriptor, descriptor> ends = packet_sockets();
  descriptor& launcher = ends.first;
  descriptor& worker = ends.second;
};

} // namespace

TEST_F(WorkerSetup, ArrivesAsItWasSent) {
  send_setup(launcher, full);
  const auto got = receive_setup(worker);
  EXPECT_EQ(got.options, full.options);
  EXPECT_EQ(got.peers, full.peers);
  EXPECT_EQ(got.place, full.place);
  ASSERT_TRUE(got.keys);
  EXPECT_EQ(got.keys->authority, "authority");
  EXPECT_EQ(got.keys->own.certificate, "certificate");
  EXPECT_EQ(got.keys->own.key, "key");
  send_setup(launcher, {});
  EXPECT_FALSE(receive_setup(worker).keys);
}

TEST_F(WorkerSetup, IsFollowedByConnections) {
  const auto [one, other] = connected_sockets();
  send_connection(launcher, 7, true, one);
  send_connection(launcher, from_driver, false, other);
  const auto from_7 = std::get<passed_connection>(read_control(next()));
  EXPECT_EQ(from_7.from, 7);
  EXPECT_TRUE(from_7.secured);
  EXPECT_TRUE(from_7.socket);
  const auto driver = std::get<passed_connection>(read_control(next()));
  EXPECT_EQ(driver.from, from_driver);
  EXPECT_FALSE(driver.secured);
}

TEST_F(WorkerSetup, MustComeFirst) {
  send_connection(launcher, 1, false, launcher);
  EXPECT_THAT(failure(errc::corrupt_data, [&] { receive_setup(worker); }), HasSubstr("does not come first"));
  launcher.close();
  failure(errc::unreachable, [&] { receive_setup(worker); });
}

TEST_F(WorkerSetup, IsRefusedWhereItIsCutOrHasTooMuch) {
  const auto whole = setup_bytes();
  for (std::size_t n = 0; n != whole.size(); ++n)
    EXPECT_NE(failure(errc::corrupt_data,
                      [&] {
                        read_control({{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)}, {}});
                      }),
              "no error")
      << n;
  auto longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_NE(failure(errc::corrupt_data, [&] { read_control({longer, {}}); }), "no error");
}

TEST_F(WorkerSetup, IsRefusedWhereItMakesNoSense) {
  const auto refused = [&](std::vector<std::byte> bytes, bool with_descriptor) {
    descriptor passed;
    if (with_descriptor)
      passed = connected_sockets().first;
    return failure(errc::corrupt_data, [&] { read_control({std::move(bytes), std::move(passed)}); });
  };
  EXPECT_NE(refused(setup_bytes(), true), "no error");
  EXPECT_NE(refused(setup_bytes({{-1, 1, 0, {}}}), false), "no error");
  EXPECT_NE(refused(setup_bytes({{0, 0, 0, {}}}), false), "no error");
  EXPECT_NE(refused({std::byte{3}}, false), "no error");
  send_connection(launcher, 1, false, launcher);
  EXPECT_NE(refused(next().bytes, false), "no error");
  send_connection(launcher, -2, false, launcher);
  EXPECT_NE(refused(next().bytes, true), "no error");
}

TEST(WorkerCall, IsAServerName) {
  const std::string token(32, 'f');
  EXPECT_EQ(to_server_name({token, from_driver}), token + ".driver");
  EXPECT_EQ(to_server_name({token, 3}), token + ".3");
  for (const int caller : {from_driver, 0, 3, 2'147'483'647})
    EXPECT_EQ(parse_worker_call(to_server_name({token, caller})), (worker_call{token, caller}));
}

TEST(WorkerCall, IsNoOtherName) {
  const std::string token(32, 'f');
  for (const auto* end : {"", ".", ".-1", ".3x", ".3.4", ".Driver", ".99999999999", "f.3"})
    EXPECT_FALSE(parse_worker_call(token + end)) << end;
  for (const auto* name : {"", ".3", "f.3", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF.3", "example.org"})
    EXPECT_FALSE(parse_worker_call(name)) << name;
}

TEST(WorkerCall, HasATokenOfItsOwn) {
  const auto one = new_worker_token();
  EXPECT_TRUE(parse_worker_call(to_server_name({one, 0})));
  EXPECT_NE(one, new_worker_token());
}

} // namespace crema::net
