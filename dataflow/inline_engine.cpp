#include "dataflow/inline_engine.hpp"

#include "dataflow/job_run.hpp"

#include <chrono>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace crema::internal {

namespace {

/// How long the tasks of one stage may take before the others' threads are asked for help.
constexpr auto patience = std::chrono::microseconds{500};

class inline_run {
public:
  /// `helper` may be null.
  inline_run(job_run& job, const job_plan& plan, engine* helper)
      : job_{job}, plan_{plan}, helper_{helper}, tasks_(plan_.stages.size()) {}

  void begin() { job_.begin(); }

  /// Goes on until the plan has ended, or until nobody wants results; whether it has ended.
  bool run() {
    // Stages are in topological order, so a consumer has all its blocks by the time it is reached.
    for (; stage_ != plan_.stages.size(); ++stage_) {
      const auto& planned = plan_.stages[stage_];
      if (planned.output.to == stage_output::kind::result && helper_ == nullptr) {
        if (!run_results(planned))
          return false;
      } else {
        run(planned);
      }
    }
    return true;
  }

private:
  static int task_count(const stage& s) { return static_cast<int>(s.partitions.size()); }

  /// The task, made when first needed: a consumer exists from its first block on.
  task& open(const stage& of, int index) {
    auto& tasks = tasks_[static_cast<std::size_t>(of.id)];
    tasks.resize(of.partitions.size());
    auto& slot = tasks[static_cast<std::size_t>(index)];
    if (slot == nullptr)
      slot = of.make(plan_.scope, {job_.id(), of.id, of.partitions[static_cast<std::size_t>(index)], 0});
    return *slot;
  }

  /// Calls `f` with the task; what it throws leaves with the task's name.
  template <class F>
  auto in_task(const stage& of, int index, F&& f) {
    try {
      return f(open(of, index));
    } catch (...) {
      const task_id id{job_.id(), of.id, of.partitions[static_cast<std::size_t>(index)], 0};
      throw current_error(site_of(of, id));
    }
  }

  /// Takes what a task emits; keeps a little of it while others run beside the task, so that tiny jobs have an order.
  class router final : public emitter {
  public:
    router(inline_run& run, const stage& from, int task) : run_{run}, from_{from}, task_{task} {}

    void emit(int channel, block_ptr records) override {
      metrics.blocks += 1;
      metrics.rows += records->size();
      metrics.bytes += records->bytes();
      kept_bytes_ += records->bytes();
      kept_.emplace_back(channel, std::move(records));
      if (!keeps || kept_bytes_ > most_kept)
        pass_on();
    }
    bool blocked() const noexcept override {
      return from_.output.to == stage_output::kind::result && run_.helper_ == nullptr && !run_.job_.results_wanted();
    }

    void pass_on() {
      const std::lock_guard lock{run_.routing_};
      kept_bytes_ = 0;
      for (auto& [channel, records] : kept_)
        run_.route(from_, task_, channel, std::move(records));
      kept_.clear();
    }

    task_metrics metrics;
    bool keeps = false;

  private:
    inline_run& run_;
    const stage& from_;
    int task_;
    static constexpr std::size_t most_kept = default_block_bytes;
    std::vector<std::pair<int, block_ptr>> kept_;
    std::size_t kept_bytes_ = 0;
  };

  /// Under the lock, for a consumer takes from one task at a time.
  void route(const stage& from, int task, int channel, block_ptr records) {
    if (from.output.to == stage_output::kind::result) {
      job_.accept(task, std::move(records), nullptr);
      return;
    }
    const int to = from.output.route[static_cast<std::size_t>(channel)];
    if (to < 0)
      return;
    in_task(plan_.stages[static_cast<std::size_t>(from.output.consumer)], to, [&](internal::task& reader) {
      running_task here{reader.scope()};
      reader.scope().input()->absorb(from.output.input, task, std::move(records));
    });
  }

  step_result step(const stage& of, int index, router& out) {
    const auto now = std::chrono::steady_clock::now();
    if (job_.should_end(now))
      throw error{errc::cancelled, "the job was cancelled"};
    const auto result =
      in_task(of, index, [&](task& work) { return work.step(out, now + std::chrono::milliseconds{10}); });
    out.metrics.busy += std::chrono::steady_clock::now() - now;
    return result;
  }

  void close_inputs(const stage& of, int index) {
    if (of.producers.empty())
      return;
    in_task(of, index, [&](task& reader) {
      running_task here{reader.scope()};
      auto* inputs = reader.scope().input();
      if (inputs == nullptr) // a partition of a union that is no shuffle
        return;
      for (std::size_t input = 0; input != of.producers.size(); ++input) {
        const auto& producer = plan_.stages[static_cast<std::size_t>(of.producers[input])];
        for (int p = 0; p != task_count(producer); ++p)
          inputs->producer_done(static_cast<int>(input), p);
      }
      inputs->inputs_done();
    });
  }

  /// The stage that the caller reads from, task after task; may be called again when it paused.
  bool run_results(const stage& of) {
    for (; task_ != task_count(of); ++task_) {
      if (!results_) {
        results_.emplace(*this, of, task_);
        close_inputs(of, task_);
      }
      for (auto result = step_result::more; result != step_result::done; result = step(of, task_, *results_))
        if (!job_.results_wanted() && !job_.should_end(std::chrono::steady_clock::now()))
          return false;
      finish(of, task_, *results_);
      results_.reset();
    }
    return true;
  }

  void run(const stage& of) {
    std::deque<router> routers; // one for each task, or for each task so far
    tasks_[static_cast<std::size_t>(of.id)].resize(of.partitions.size());
    for (int i = 0; i != task_count(of); ++i)
      routers.emplace_back(*this, of, i);
    const auto advance = [&](int i) {
      auto& out = routers[static_cast<std::size_t>(i)];
      auto result = step_result::more;
      while (result == step_result::more || result == step_result::starved)
        result = step(of, i, out);
    };
    const auto commit = [&](int i) { finish(of, i, routers[static_cast<std::size_t>(i)]); };
    if (!of.agree) {
      run_each(
        of, routers,
        [&](int i) {
          close_inputs(of, i);
          advance(i);
        },
        commit);
      return;
    }
    run_each(
      of, routers,
      [&](int i) {
        close_inputs(of, i);
        advance(i);
      },
      [&](int i) { job_.at_barrier(of.id, i); });
    if (task_count(of) == 0)
      return;
    std::vector<std::shared_ptr<const void>> said;
    for (int i = 0; i != task_count(of); ++i)
      said.push_back(open(of, i).contribution());
    const auto agreed = of.agree(said);
    run_each(
      of, routers,
      [&](int i) {
        open(of, i).resolve(agreed);
        advance(i);
      },
      commit);
  }

  /// Calls `work` for each task of a stage and then `after`, one task after the other. Where that takes long, the
  /// remaining tasks work side by side on the helper's threads; all else still happens here, in order.
  template <class Work, class After>
  void run_each(const stage& of, std::deque<router>& routers, Work&& work, After&& after) {
    const auto start = std::chrono::steady_clock::now();
    int next = 0;
    while (next != task_count(of) && (helper_ == nullptr || std::chrono::steady_clock::now() - start < patience)) {
      work(next);
      after(next++);
    }
    if (next == task_count(of))
      return;
    for (int i = next; i != task_count(of); ++i)
      routers[static_cast<std::size_t>(i)].keeps = true;
    std::vector<std::exception_ptr> failures(of.partitions.size());
    helper_->run_all(task_count(of) - next, [&](int at) {
      const int i = next + at;
      try {
        work(i);
      } catch (...) {
        failures[static_cast<std::size_t>(i)] = std::current_exception();
      }
    });
    for (int i = next; i != task_count(of); ++i) {
      if (failures[static_cast<std::size_t>(i)])
        std::rethrow_exception(failures[static_cast<std::size_t>(i)]);
      auto& out = routers[static_cast<std::size_t>(i)];
      out.keeps = false; // behind a barrier the tasks begin one after the other again
      out.pass_on();
      after(i);
    }
  }

  void finish(const stage& of, int index, router& out) {
    auto& slot = tasks_[static_cast<std::size_t>(of.id)][static_cast<std::size_t>(index)];
    const auto& counters = slot->scope().counters;
    out.metrics.spills = counters.spills;
    out.metrics.spilled_bytes = counters.spilled_bytes;
    if (of.output.to == stage_output::kind::store)
      out.metrics.rows = counters.rows_out;
    in_task(of, index, [&](task& done) { job_.task_done(of.id, index, done, out.metrics); });
    slot.reset();
  }

  job_run& job_;
  const job_plan& plan_;
  engine* helper_;
  std::mutex routing_;
  std::vector<std::vector<std::unique_ptr<task>>> tasks_;
  std::size_t stage_ = 0;
  int task_ = 0; // of the stage of results
  std::optional<router> results_;
};

/// Goes on with the job, whose `run` is null before the first time; whether it has ended.
bool go_on(job_run& job, std::unique_ptr<inline_run>& run) {
  for (;;) {
    std::optional<error> failure;
    try {
      if (!run) {
        run = std::make_unique<inline_run>(job, job.plan(), nullptr);
        run->begin();
      }
      if (!run->run())
        return false;
    } catch (...) {
      failure = current_error({});
    }
    run.reset();
    if (!job.finish(std::move(failure)))
      return true;
  }
}

class inline_engine final : public engine {
public:
  explicit inline_engine(int threads) : threads_{threads} {}

  int threads() const noexcept override { return threads_; }

  void start(std::shared_ptr<job_run> job) override {
    job->mark_inlined();
    work(job, nullptr);
  }

  bool resume(const std::shared_ptr<job_run>& job) override {
    std::unique_lock lock{mutex_};
    auto paused = paused_.extract(job.get());
    lock.unlock();
    if (paused.empty())
      return false;
    work(job, std::move(paused.mapped()));
    return true;
  }

  /// The job's own mark is seen between two steps, and by this when it is paused.
  void cancel(const std::shared_ptr<job_run>& job) override { resume(job); }

  void run_all(int n, const std::function<void(int)>& work) override {
    for (int i = 0; i != n; ++i)
      work(i);
  }

private:
  void work(const std::shared_ptr<job_run>& job, std::unique_ptr<inline_run> run) {
    while (!go_on(*job, run)) {
      std::lock_guard lock{mutex_};
      if (job->should_end(std::chrono::steady_clock::now()))
        continue; // who cancelled it found nothing here, and will not come again
      paused_.emplace(job.get(), std::move(run));
      return;
    }
  }

  int threads_;
  std::mutex mutex_;
  std::unordered_map<job_run*, std::unique_ptr<inline_run>> paused_;
};

} // namespace

std::optional<error> run_plan(job_run& job, const job_plan& plan, engine& helper) {
  try {
    inline_run run{job, plan, &helper};
    run.begin();
    run.run();
    return {};
  } catch (...) {
    return current_error({});
  }
}

void run_inline(const std::shared_ptr<job_run>& job, engine& helper) {
  job->mark_inlined();
  while (job->finish(run_plan(*job, job->plan(), helper))) {
  }
}

std::unique_ptr<engine> make_inline_engine(int threads) {
  return std::make_unique<inline_engine>(threads);
}

} // namespace crema::internal
