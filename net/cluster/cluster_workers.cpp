#include "net/cluster/cluster_workers.hpp"

#include "net/cluster/own_executable.hpp"
#include "net/cluster/recruiter.hpp"
#include "net/launcher/worker.hpp"
#include "net/work_directory.hpp"

#include <cerrno>
#include <chrono>
#include <future>
#include <unistd.h>

namespace crema::net {

namespace {

constexpr std::chrono::seconds time_to_leave{2}; ///< in good order

class cluster_workers final : public worker_set {
public:
  cluster_workers(const profile& of, const cluster_options& options) {
    static_cast<void>(this_executable()); // hashed here, and not on the loop's thread
    const tls_context tls{of.keys(role::driver)};
    const auto name = std::string{::program_invocation_short_name} + " (" + std::to_string(::getpid()) + ')';
    recruiter_ = std::make_shared<recruiter>(
      std::make_shared<const cluster_context>(cluster_context{loop_, tls, name, options.links}), options);
    loop_.run([recruiter = recruiter_, own = std::make_shared<profile>(profile::open(of.name()))] {
      recruiter->begin(std::move(*own));
    });
    try {
      recruiter_->await_first();
    } catch (...) {
      close();
      throw;
    }
  }
  ~cluster_workers() override { close(); }

  std::vector<std::shared_ptr<worker_connection>> workers() override { return recruiter_->workers(); }
  bool await(std::chrono::milliseconds patience) override { return recruiter_->await(patience); }
  int slots() const noexcept override { return recruiter_->slots(); }
  std::string add_file(const std::string& name, const std::string& path) override {
    recruiter_->add_file(name, path);
    return std::string{file_directory} + '/' + name;
  }

private:
  void close() {
    const auto left = std::make_shared<std::promise<void>>();
    loop_.run([this, left] { recruiter_->close([left] { left->set_value(); }); });
    left->get_future().wait_for(time_to_leave);
    std::promise<void> closed;
    loop_.run([&] { closed.set_value(); }); // behind the ends of all its links
    closed.get_future().wait();
  }

  std::shared_ptr<recruiter> recruiter_;
  io_loop loop_; ///< the first to go
};

} // namespace

std::unique_ptr<worker_set> start_cluster_workers(const profile& of, const cluster_options& options) {
  refuse_idle_worker();
  return std::make_unique<cluster_workers>(of, options);
}

} // namespace crema::net
