#pragma once

#include "dataflow/engine.hpp"
#include "dataflow/inline_engine.hpp"
#include "dataflow/job_run.hpp"
#include "dataflow/plan/plan_codec.hpp"
#include "dataflow/plan/store_task.hpp"
#include "dataflow/plan/task_report.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace crema::testing {

/// Writes `value` and gives back what is read: all of the bytes must be.
template <class Write, class Read>
auto through_bytes(Write&& write, Read&& read) {
  internal::byte_writer out;
  write(out);
  internal::byte_reader in{out.bytes()};
  auto copy = read(in);
  if (in.remaining() != 0)
    throw std::logic_error{"bytes were left unread"};
  return copy;
}

/// A task whose blocks, words, report and failures reach the driver as bytes.
class travelling_task final : public internal::task {
  template <class F>
  auto attempt(F&& f) {
    try {
      return f();
    } catch (...) {
      const auto failure = current_error(internal::site_of(of_, scope().id()));
      throw through_bytes([&](auto& out) { internal::encode_error(failure, out); }, internal::decode_error);
    }
  }

public:
  /// `of` has travelled; `kept` is the driver's store of what this task keeps, if it does.
  travelling_task(std::unique_ptr<task> inner, const internal::stage& of,
                  std::shared_ptr<internal::partition_store> kept)
      : inner_{std::move(inner)}, of_{of}, kept_{std::move(kept)} {}

  internal::step_result step(internal::emitter& out, std::chrono::steady_clock::time_point until) override {
    sender through{out, of_};
    return attempt([&] { return inner_->step(through, until); });
  }

  std::shared_ptr<const void> contribution() override {
    return attempt([&] { return copy(inner_->contribution(), of_.barrier->said); });
  }
  void resolve(std::shared_ptr<const void> agreed) override {
    attempt([&] { inner_->resolve(copy(std::move(agreed), of_.barrier->agreed)); });
  }

  void commit() override {
    const auto& counters = scope().counters;
    attempt([&] { inner_->commit(); });
    if (kept_)
      kept_->commit(scope().id().partition, worker, counters.rows_out);
    auto report = through_bytes([&](auto& out) { internal::encode_report({.rows = counters.rows_out}, scope(), out); },
                                internal::decode_report);
    if (report.metrics.rows != counters.rows_out)
      throw std::logic_error{"metrics changed on their way"};
    scope().accumulators = std::move(report.accumulators);
  }

  internal::task_scope& scope() noexcept override { return inner_->scope(); }

  static constexpr std::uint64_t worker = 1;

private:
  class sender final : public internal::emitter {
  public:
    sender(emitter& out, const internal::stage& of) : out_{out}, of_{of} {}
    void emit(int channel, internal::block_ptr records) override {
      auto copy = through_bytes([&](auto& out) { of_.emits.codec->encode(*records, out); }, of_.emits.codec->decode);
      records = {};
      out_.emit(channel, std::move(copy));
    }
    bool blocked() const noexcept override { return out_.blocked(); }

  private:
    emitter& out_;
    const internal::stage& of_;
  };

  static std::shared_ptr<const void> copy(const std::shared_ptr<const void>& value,
                                          const internal::opaque_codec& codec) {
    return through_bytes([&](auto& out) { codec.encode(value.get(), out); }, codec.decode);
  }

  std::unique_ptr<task> inner_;
  const internal::stage& of_;
  std::shared_ptr<internal::partition_store> kept_;
};

/// Runs jobs as a worker in another process would: each plan is written to bytes and read into nodes of its own, which
/// run one after the other, with memory and caches of their own. What tasks say to the driver, or to each other, is
/// bytes on the way.
class travelling_engine final : public internal::engine {
public:
  explicit travelling_engine(std::size_t memory_limit)
      : resources_{std::make_shared<internal::worker_resources>(memory_limit)} {}
  ~travelling_engine() override { internal::forget_files(*resources_); }

  int threads() const noexcept override { return 2; }

  void start(std::shared_ptr<internal::job_run> job) override {
    auto sent = send(job->plan()); // a job that cannot travel is refused before anything of it starts
    while (job->finish(run(*job, std::move(sent))))
      try {
        sent = send(job->plan());
      } catch (...) {
        static_cast<void>(job->finish(current_error({})));
        return;
      }
  }

  void cancel(const std::shared_ptr<internal::job_run>&) override {} // the job's own mark is seen between two steps
  void run_all(int n, const std::function<void(int)>& work) override {
    for (int i = 0; i != n; ++i)
      work(i);
  }
  void forget(std::uint64_t id) noexcept override { caches_->drop(id); }
  void add_file(const std::string& name, const std::string& path) override {
    internal::tell_file(*resources_, name, path);
  }

private:
  static internal::encoded_plan send(const internal::job_plan& plan) {
    auto sent = internal::encode_plan(plan);
    for (auto id : sent.variables) {
      internal::byte_writer out;
      internal::encode_variable(id, out);
      internal::byte_reader in{out.bytes()};
      internal::decode_variable(in); // which is here already
    }
    return sent;
  }

  std::optional<error> run(internal::job_run& job, internal::encoded_plan sent) {
    try {
      return internal::run_plan(job, receive(job.plan(), sent), *this);
    } catch (...) {
      return current_error({});
    }
  }

  internal::job_plan receive(const internal::job_plan& driver, const internal::encoded_plan& sent) {
    internal::byte_reader in{sent.bytes.bytes()};
    auto plan = internal::decode_plan(in, resources_, caches_);
    for (auto& s : plan.stages) {
      for (std::size_t task = 0; task != s.partitions.size(); ++task) {
        internal::byte_writer out;
        internal::encode_sources(driver, s.id, static_cast<int>(task), out);
        internal::byte_reader sources{out.bytes()};
        internal::decode_sources(plan, s.id, sources);
      }
      const auto& planned = driver.stages[static_cast<std::size_t>(s.id)];
      s.agree = planned.agree;
      std::shared_ptr<internal::partition_store> kept;
      if (s.output.to == internal::stage_output::kind::store)
        kept = driver.scope->store(*planned.top);
      s.make = [make = s.make, &s, kept](std::shared_ptr<const internal::job_scope> job, internal::task_id id) {
        return std::make_unique<travelling_task>(make(std::move(job), id), s, kept);
      };
    }
    return plan;
  }

  std::shared_ptr<internal::worker_resources> resources_;
  std::shared_ptr<internal::store_registry> caches_ = std::make_shared<internal::store_registry>();
};

} // namespace crema::testing
