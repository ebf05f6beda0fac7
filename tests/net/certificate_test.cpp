#include "net/certificate.hpp"

#include "dataflow/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crema::net {

using namespace std::chrono_literals;
using std::chrono::system_clock;

TEST(Certificate, SaysWhatItsHolderIs) {
  const auto authority = make_authority("mars");
  for (const auto is : {role::controller, role::node, role::driver}) {
    const auto facts = facts_of(issue(authority, is).certificate);
    EXPECT_EQ(facts.is, is);
    EXPECT_EQ(facts.subject, "O = mars, CN = crema " + std::string{name(is)});
    EXPECT_EQ(role_of(name(is)), is);
  }
  EXPECT_EQ(facts_of(authority.certificate).is, std::nullopt);
  EXPECT_EQ(role_of("king"), std::nullopt);
}

TEST(Certificate, CountsForTenYearsFromADayAgo) {
  const auto facts = facts_of(make_authority("mars").certificate);
  EXPECT_LT(facts.begin, system_clock::now() - 23h);
  EXPECT_GT(facts.end, system_clock::now() + std::chrono::years{10} - 1h);
}

TEST(Certificate, IsToldFromAllOthers) {
  const auto one = make_authority("mars");
  EXPECT_EQ(fingerprint(one.certificate), fingerprint(one.certificate));
  EXPECT_NE(fingerprint(one.certificate), fingerprint(make_authority("mars").certificate));
  EXPECT_EQ(fingerprint(one.certificate).size(), 64U);
}

TEST(Certificate, IsReadFromItsTextOrRefused) {
  for (const std::string text : {"", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"})
    EXPECT_THROW(facts_of(text), error);
}

} // namespace crema::net
