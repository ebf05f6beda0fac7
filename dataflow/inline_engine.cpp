#include "dataflow/inline_engine.hpp"

#include "dataflow/job_run.hpp"

#include <chrono>
#include <deque>
#include <exception>
#include <utility>

namespace crema::internal {

namespace {

class inline_run {
public:
  explicit inline_run(job_run& job) : job_{job}, plan_{job.plan()}, tasks_(plan_.stages.size()) {}

  void run() {
    std::deque<int> ready;
    for (int s : job_.begin())
      ready.push_back(s);
    // Stages are in topological order, so a consumer has all its blocks by the time it is reached.
    for (const auto& planned : plan_.stages)
      for (int task = 0; task != task_count(planned); ++task)
        if (planned.agree)
          run_to_barrier(planned, task);
        else
          run_to_end(planned, task);
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

  class router final : public emitter {
  public:
    router(inline_run& run, const stage& from, int task) : run_{run}, from_{from}, task_{task} {}

    void emit(int channel, block_ptr records) override {
      metrics.blocks += 1;
      metrics.rows += records->size();
      metrics.bytes += records->bytes();
      run_.route(from_, task_, channel, std::move(records));
    }
    bool blocked() const noexcept override { return false; }

    task_metrics metrics;

  private:
    inline_run& run_;
    const stage& from_;
    int task_;
  };

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

  void run_to_end(const stage& of, int index) {
    close_inputs(of, index);
    router out{*this, of, index};
    finish(of, index, out);
  }

  void finish(const stage& of, int index, router& out) {
    while (step(of, index, out) != step_result::done) {
    }
    auto& slot = tasks_[static_cast<std::size_t>(of.id)][static_cast<std::size_t>(index)];
    const auto& counters = slot->scope().counters;
    out.metrics.spills = counters.spills;
    out.metrics.spilled_bytes = counters.spilled_bytes;
    if (of.output.to == stage_output::kind::store)
      out.metrics.rows = counters.rows_out;
    in_task(of, index, [&](task& done) { job_.task_done(of.id, index, done, out.metrics); });
    slot.reset();
  }

  void run_to_barrier(const stage& of, int index) {
    close_inputs(of, index);
    auto& routers = routers_[of.id];
    auto& out = routers.emplace_back(*this, of, index);
    auto result = step_result::more;
    while (result == step_result::more || result == step_result::starved)
      result = step(of, index, out);
    if (!job_.at_barrier(of.id, index))
      return;
    std::vector<std::shared_ptr<const void>> said;
    for (int i = 0; i != task_count(of); ++i)
      said.push_back(open(of, i).contribution());
    const auto agreed = of.agree(said);
    for (int i = 0; i != task_count(of); ++i) {
      open(of, i).resolve(agreed);
      finish(of, i, routers[static_cast<std::size_t>(i)]);
    }
  }

  job_run& job_;
  const job_plan& plan_;
  std::vector<std::vector<std::unique_ptr<task>>> tasks_;
  std::unordered_map<int, std::deque<router>> routers_;
};

class inline_engine final : public engine {
public:
  explicit inline_engine(int threads) : threads_{threads} {}

  int threads() const noexcept override { return threads_; }
  void start(std::shared_ptr<job_run> job) override { run_inline(job); }
  void cancel(const std::shared_ptr<job_run>&) override {} // the job's own mark is seen between two steps

private:
  int threads_;
};

std::optional<error> run_plan(job_run& job) {
  try {
    inline_run{job}.run();
    return {};
  } catch (...) {
    return current_error({});
  }
}

} // namespace

void run_inline(const std::shared_ptr<job_run>& job) {
  while (job->finish(run_plan(*job))) {
  }
}

std::unique_ptr<engine> make_inline_engine(int threads) {
  return std::make_unique<inline_engine>(threads);
}

} // namespace crema::internal
