#include "tests/shared_engines.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <utility>

namespace crema::testing {

namespace {

std::map<std::string, std::shared_ptr<internal::engine>>& running() {
  static std::map<std::string, std::shared_ptr<internal::engine>> engines;
  return engines;
}

class end_of_all_tests final : public ::testing::Environment {
  void TearDown() override { running().clear(); }
};

/// To its context it is an engine of its own.
class lent_engine final : public internal::engine {
public:
  explicit lent_engine(std::shared_ptr<internal::engine> lent) : lent_{std::move(lent)} {}

  int threads() const noexcept override { return lent_->threads(); }
  int hosts() const noexcept override { return lent_->hosts(); }
  void start(std::shared_ptr<internal::job_run> job) override { lent_->start(std::move(job)); }
  bool resume(const std::shared_ptr<internal::job_run>& job) override { return lent_->resume(job); }
  void cancel(const std::shared_ptr<internal::job_run>& job) override { lent_->cancel(job); }
  void run_all(int n, const std::function<void(int)>& work) override { lent_->run_all(n, work); }
  void forget(std::uint64_t id) noexcept override { lent_->forget(id); }
  void add_file(const std::string& name, const std::string& path) override { lent_->add_file(name, path); }

private:
  const std::shared_ptr<internal::engine> lent_;
};

} // namespace

std::unique_ptr<internal::engine> shared_engine(const std::string& name,
                                                const std::function<std::shared_ptr<internal::engine>()>& start) {
  if (running().empty())
    ::testing::AddGlobalTestEnvironment(new end_of_all_tests);
  auto& found = running()[name];
  if (!found)
    found = start();
  return std::make_unique<lent_engine>(found);
}

} // namespace crema::testing
