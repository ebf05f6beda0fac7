#include "tests/actors/fake_job.hpp"

#include "dataflow/context.hpp"
#include "dataflow/inline_engine.hpp"
#include "dataflow/operations.hpp"
#include "dataflow/plan/context_state.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace crema::testing {

using namespace internal;

/// A record that knows how many of its kind are alive, as those of users may that refer to their caller's stack.
struct fake_job::record {
  record(long v, int s, std::atomic<int>& all) : value{v}, sequence{s}, alive{&all} { ++*alive; }
  record(const record& other) : record{other.value, other.sequence, *other.alive} {}
  record& operator=(const record&) = delete;
  ~record() { --*alive; }

  long value;
  int sequence;
  std::atomic<int>* alive;
};

namespace {

/// A context whose only use is to give jobs their scope, and failures an operator.
struct fake_world {
  context ctx{config{}, make_inline_engine(1)};
  node_ptr top = ctx.range(0, 1).node();

  /// A node of its own for a stage behind so many shuffles.
  node_ptr behind(int shuffles) {
    rdd<std::int64_t> at = ctx.range(0, 1);
    for (; shuffles != 0; --shuffles)
      at = at.repartition(1);
    return at.node();
  }
};

/// How many shuffles follow each other before each stage.
std::vector<int> shuffles_before(const fake_plan& plan) {
  std::vector<int> depth(plan.size());
  for (std::size_t i = 0; i != plan.size(); ++i)
    if (plan[i].to >= 0) {
      auto& behind = depth[static_cast<std::size_t>(plan[i].to)];
      behind = std::max(behind, depth[i] + 1);
    }
  return depth;
}

fake_world& world() {
  static fake_world the_world;
  return the_world;
}

void fail_at(const fake_stage& does, int task, place here) {
  if (does.fails == here && does.failing_task == task)
    throw std::runtime_error{"boom"};
}

/// Notices when two threads are in one task.
class alone {
public:
  explicit alone(std::atomic<bool>& taken) : taken_{taken}, was_alone{!taken.exchange(true)} {}
  ~alone() { taken_ = false; }

private:
  std::atomic<bool>& taken_;

public:
  const bool was_alone;
};

} // namespace

class fake_job::fake_task final : public task, private absorber {
public:
  fake_task(fake_job& job, const fake_stage& does, int channels, std::vector<int> producers,
            std::shared_ptr<const job_scope> scope, task_id id)
      : job_{job}, does_{does}, index_{id.partition}, channels_{channels}, scope_{std::move(scope), id} {
    fail_at(does_, index_, place::make);
    for (int count : producers)
      inputs_.push_back({count, 0, std::vector<int>(static_cast<std::size_t>(count), -1)});
    if (!inputs_.empty())
      scope_.set_input(this);
    const int now = ++job_.tasks_;
    int most = job_.most_tasks_;
    while (most < now && !job_.most_tasks_.compare_exchange_weak(most, now)) {
    }
  }
  ~fake_task() override { --job_.tasks_; }

  step_result step(emitter& out, std::chrono::steady_clock::time_point) override {
    const alone here{busy_};
    demand(here.was_alone, "two threads were in one task");
    demand(!out.blocked(), "a task was stepped although it was blocked");
    demand(!done_, "a task was stepped after its end");
    demand(inputs_.empty() || complete_ || streams(), "a task was stepped before its input was complete");
    demand(!at_barrier_, "a task was stepped at the barrier");
    if (does_.in_step)
      does_.in_step(index_);
    fail_at(does_, index_, place::step);
    if (does_.endless)
      return step_result::more;
    if (does_.barrier && !resolved_) {
      at_barrier_ = true;
      return step_result::barrier;
    }
    if (emitted_ != does_.blocks) {
      out.emit(next_channel(), job_.block_of(1, does_.records, sequence_++));
      ++emitted_;
      return step_result::more;
    }
    return pass_on(out);
  }

  std::shared_ptr<const void> contribution() override {
    fail_at(does_, index_, place::contribution);
    return std::make_shared<const record>(index_, 0, job_.records_);
  }

  void resolve(std::shared_ptr<const void> agreed) override {
    fail_at(does_, index_, place::resolve);
    const auto& sum = *static_cast<const record*>(agreed.get());
    demand(sum.value == does_.tasks * (does_.tasks - 1) / 2, "a task was told something that was not agreed on");
    at_barrier_ = false;
    resolved_ = true;
  }

  void commit() override {
    fail_at(does_, index_, place::commit);
    demand(done_ && !std::exchange(committed_, true), "a task was committed before its end, or twice");
  }

  task_scope& scope() noexcept override { return scope_; }

private:
  struct input_state {
    int producers;
    int done;
    std::vector<int> last; ///< sequence number of each producer
  };

  void demand(bool promise, const char* otherwise) {
    if (!promise)
      job_.complain(otherwise);
  }

  int next_channel() { return channel_++ % channels_; }

  step_result pass_on(emitter& out) {
    if (!inputs_.empty() && !does_.ends_early) {
      if (pending_ != 0)
        out.emit(next_channel(), job_.block_of(std::exchange(pending_, 0), 1, sequence_++));
      if (!complete_)
        return step_result::starved;
    }
    scope_.set_input(nullptr);
    done_ = true;
    return step_result::done;
  }

  void absorb(int input, int producer, block_ptr records) override {
    const alone here{busy_};
    demand(here.was_alone, "two threads were in one task");
    fail_at(does_, index_, place::absorb);
    auto& from = inputs_[static_cast<std::size_t>(input)];
    auto& last = from.last[static_cast<std::size_t>(producer)];
    demand(producer >= from.done, "a block came after its producer was done");
    for (const auto& record : block_cast<record_type>(records)) {
      demand(record.sequence >= last, "blocks of one producer came out of order");
      last = record.sequence;
      pending_ += record.value;
    }
  }

  void producer_done(int input, int producer) override {
    auto& from = inputs_[static_cast<std::size_t>(input)];
    demand(from.done++ == producer, "producers were done out of order");
  }

  void inputs_done() override {
    fail_at(does_, index_, place::inputs_done);
    for (const auto& input : inputs_)
      demand(input.done == input.producers, "an input was complete before all its producers were done");
    demand(!std::exchange(complete_, true), "the input was complete twice");
  }

  bool streams() const noexcept override { return does_.streams; }

  using record_type = record;

  fake_job& job_;
  const fake_stage& does_;
  int index_;
  int channels_;
  task_scope scope_;
  std::atomic<bool> busy_{false};
  std::vector<input_state> inputs_;
  long pending_ = 0;
  int emitted_ = 0;
  int sequence_ = 0;
  int channel_ = 0;
  bool complete_ = false;
  bool at_barrier_ = false;
  bool resolved_ = false;
  bool done_ = false;
  bool committed_ = false;
};

std::shared_ptr<fake_job> fake_job::make(fake_plan plan) {
  return make_series({std::move(plan)});
}

std::shared_ptr<fake_job> fake_job::make_series(std::vector<fake_plan> plans) {
  std::shared_ptr<fake_job> job{new fake_job{std::move(plans)}};
  job->run_ = std::make_shared<job_run>(job->plan(job->plans_.front()), job, world().top->context());
  return job;
}

block_ptr fake_job::block_of(long value, int records, int sequence) {
  auto made = std::make_unique<block<record>>(static_cast<std::size_t>(records));
  for (int i = 0; i != records; ++i)
    made->emplace_back(value, sequence, records_);
  made->seal();
  return block_ptr{made.release()};
}

job_plan fake_job::plan(const fake_plan& stages, std::optional<std::vector<int>> partitions) {
  auto& context = *world().top->context();
  job_plan made;
  if (tops_.empty())
    for (const int shuffles : shuffles_before(stages))
      tops_.push_back(world().behind(shuffles));
  made.again = [this, &stages](std::vector<int> some) { return plan(stages, std::move(some)); };
  made.scope = std::make_shared<job_scope>(context.next_job(), context.resources(), context.caches());
  for (const auto& does : stages) {
    stage planned;
    planned.id = static_cast<int>(made.stages.size());
    planned.top = tops_[made.stages.size()].get();
    planned.title = "fake";
    planned.partitions.resize(static_cast<std::size_t>(does.tasks));
    std::iota(planned.partitions.begin(), planned.partitions.end(), 0);
    if (partitions && made.stages.size() + 1 == stages.size())
      planned.partitions = *partitions;
    planned.after = does.after;
    int channels = 1;
    if (does.to >= 0) {
      channels = stages[static_cast<std::size_t>(does.to)].tasks;
      planned.output = {stage_output::kind::exchange, does.to, does.input, nullptr, {}};
      planned.output.route.resize(static_cast<std::size_t>(channels));
      std::iota(planned.output.route.begin(), planned.output.route.end(), 0);
      if (partitions && does.to + 1 == static_cast<int>(stages.size())) {
        std::fill(planned.output.route.begin(), planned.output.route.end(), -1);
        for (std::size_t task = 0; task != partitions->size(); ++task)
          planned.output.route[static_cast<std::size_t>((*partitions)[task])] = static_cast<int>(task);
      }
    } else if (planned.id + 1 != static_cast<int>(stages.size())) {
      planned.output.to = stage_output::kind::store;
    }
    std::vector<int> producers;
    for (std::size_t from = 0; from != stages.size(); ++from)
      if (stages[from].to == planned.id) {
        planned.producers.resize(std::max(planned.producers.size(), static_cast<std::size_t>(stages[from].input) + 1));
        planned.producers[static_cast<std::size_t>(stages[from].input)] = static_cast<int>(from);
        producers.resize(planned.producers.size());
        producers[static_cast<std::size_t>(stages[from].input)] = stages[from].tasks;
      }
    planned.make = [this, &does, channels, producers](std::shared_ptr<const job_scope> scope, task_id id) {
      return std::make_unique<fake_task>(*this, does, channels, producers, std::move(scope), id);
    };
    if (does.barrier)
      planned.agree = [this, &does](const std::vector<std::shared_ptr<const void>>& said) {
        fail_at(does, does.failing_task, place::agree);
        long sum = 0;
        for (const auto& one : said)
          sum += static_cast<const record*>(one.get())->value;
        return std::make_shared<const record>(sum, 0, records_);
      };
    made.stages.push_back(std::move(planned));
  }
  return made;
}

void fake_job::complain(std::string what) {
  std::lock_guard lock{mutex_};
  complaints_.push_back(std::move(what));
}

void fake_job::accept(int task, block_ptr records, credit_token credit) {
  const auto& last = plans_[current_].back();
  fail_at(last, task, place::accept);
  std::lock_guard lock{mutex_};
  if (over_ || done_[task])
    complaints_.emplace_back("a result block came after its task was done");
  order_.push_back(task);
  for (const auto& one : block_cast<record>(records))
    sums_[task] += one.value;
  if (holds_)
    tokens_.push_back(std::move(credit));
}

void fake_job::task_done(int task) {
  fail_at(plans_[current_].back(), task, place::task_done);
  std::lock_guard lock{mutex_};
  if (std::exchange(done_[task], true))
    complaints_.emplace_back("a task was done twice");
}

bool fake_job::discard(int task) {
  std::lock_guard lock{mutex_};
  sums_[task] = 0;
  done_[task] = false;
  return true;
}

std::optional<job_plan> fake_job::next_plan() {
  if (current_ + 1 == plans_.size())
    return {};
  if (tasks_ != 0 || records_ != 0)
    complain("something of the first plan was left when the next began");
  ++current_;
  tops_.clear();
  for (const auto& [task, sum] : std::exchange(sums_, {}))
    sum_before_ += sum;
  done_.clear();
  return plan(plans_[current_]);
}

void fake_job::job_done(const std::optional<error>& failure) {
  if (tasks_ != 0)
    complain(std::to_string(tasks_) + " tasks were left at the end of the job");
  if (records_ != 0)
    complain(std::to_string(records_) + " records were left at the end of the job");
  std::lock_guard lock{mutex_};
  failure_ = failure;
  over_ = true;
}

std::optional<error> fake_job::failure() const {
  std::lock_guard lock{mutex_};
  return failure_;
}

long fake_job::sum() const {
  std::lock_guard lock{mutex_};
  return std::accumulate(sums_.begin(), sums_.end(), sum_before_,
                         [](long sum, const auto& of_task) { return sum + of_task.second; });
}

void fake_job::release_credit() {
  std::vector<credit_token> released;
  std::lock_guard lock{mutex_};
  released.swap(tokens_);
  tokens_.clear();
}

std::size_t fake_job::held() const {
  std::lock_guard lock{mutex_};
  return tokens_.size();
}

std::vector<int> fake_job::order() const {
  std::lock_guard lock{mutex_};
  return order_;
}

std::vector<std::string> fake_job::complaints() const {
  std::lock_guard lock{mutex_};
  return complaints_;
}

long expected_sum(const fake_plan& plan) {
  std::vector<long> arriving(plan.size());
  long sum = 0;
  for (std::size_t i = 0; i != plan.size(); ++i) {
    const auto& does = plan[i];
    sum = static_cast<long>(does.tasks) * does.blocks * does.records + (does.ends_early ? 0 : arriving[i]);
    if (does.to >= 0)
      arriving[static_cast<std::size_t>(does.to)] += sum;
  }
  return sum;
}

} // namespace crema::testing
