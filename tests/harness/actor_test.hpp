#pragma once

#include "tests/harness/simulation.hpp"

#include <gtest/gtest.h>

namespace crema::testing {

/// A fixture whose tests are simulations.
///
///     using BankTest = crema::testing::actor_test;
///
///     TEST_F(BankTest, RefusesWhatIsNotThere) {
///       auto account = spawn(account_actor, 100);
///       auto teller = probe("teller");
///       inject<withdraw>().from(teller).to(account).with(withdraw{150});
///       expect<refused>().from(account).to(teller);
///     }
class actor_test : public ::testing::Test, public simulation {};

} // namespace crema::testing
