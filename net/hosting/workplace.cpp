#include "net/hosting/workplace.hpp"

#include "dataflow/error.hpp"
#include "dataflow/io/failed_call.hpp"
#include "net/executables/elf.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace crema::net {

namespace {

constexpr auto remedy = "\ninstall on the node what its loader misses, or link the program statically";

} // namespace

workplace::workplace(host& at, on_said said) : host_{at}, said_{std::move(said)} {
  std::lock_guard lock{host_.mutex};
  ++host_.workplaces;
}

workplace::~workplace() {
  directory_.reset();
  std::lock_guard lock{host_.mutex};
  if (--host_.workplaces == 0 && host_.when_idle)
    host_.when_idle();
  host_.changed.notify_all();
}

// -- the slow thread ------------------------------------------------------------------------------------------------

node_answer workplace::offer(const executable_id& what) {
  offered_.clear();
  return look_for(what);
}

node_answer workplace::offer(const offer_file& file) {
  offered_ = file.name;
  return look_for(file.what);
}

node_answer workplace::look_for(const executable_id& what) {
  try {
    transfer_.reset();
    if (auto there = host_.executables.find(what))
      return ready(*std::move(there));
    transfer_.emplace(host_.executables.receive(what));
    return transfer_->complete() ? add({}) : node_answer{executable_wanted{}}; // an empty file is there at once
  } catch (const error& e) {
    return executable_refused{e.text()};
  }
}

node_answer workplace::add(std::span<const std::byte> bytes) {
  if (!transfer_)
    return {}; // it was refused while these were on their way
  try {
    transfer_->add(bytes);
    if (!transfer_->complete())
      return executable_progress{transfer_->received()};
    auto whole = *std::move(transfer_);
    transfer_.reset();
    return ready(std::move(whole).finish());
  } catch (const error& e) {
    transfer_.reset();
    return executable_refused{e.text()};
  }
}

node_answer workplace::ready(stored_executable there) {
  if (!offered_.empty()) {
    keep(std::move(there));
    return executable_ready{};
  }
  require_runnable(there.path());
  executable_.emplace(std::move(there));
  return executable_ready{};
}

/// Its workers find it under its name; the bytes are the store's.
void workplace::keep(stored_executable file) {
  const auto files = directory().path() + '/' + std::string{file_directory};
  const auto path = files + '/' + offered_;
  if ((::mkdir(files.c_str(), 0700) != 0 && errno != EEXIST) || (::unlink(path.c_str()) != 0 && errno != ENOENT)
      || ::link(file.path().c_str(), path.c_str()) != 0)
    throw internal::failed_call("making", path, errno);
  files_.insert_or_assign(offered_, std::move(file));
}

const driver_directory& workplace::directory() {
  if (!directory_)
    directory_.emplace(host_.directory.make_driver_directory());
  return *directory_;
}

node_answer workplace::start(const start_worker& order) {
  try {
    return launch(order) ? node_answer{worker_started{order.number}} : node_answer{};
  } catch (const error& e) {
    return worker_ended{order.number, e.text()};
  }
}

/// False where it can be started and then goes no further: its end says so.
bool workplace::launch(const start_worker& order) {
  if (!executable_)
    throw error{errc::not_found, "the driver has sent no executable"};
  if (host_.draining)
    throw error{errc::unreachable, "the node is being drained"};
  const auto& directory = this->directory().path();
  const worker_command command{.executable = executable_->path(),
                               .arguments = order.arguments,
                               .directory = directory,
                               .on_output = [weak = weak_from_this(), number = order.number](const std::string& lines) {
                                 if (const auto self = weak.lock())
                                   self->said_(worker_printed{number, 0, lines});
                               }};
  const worker_setup setup{
    .options = {order.number, host_.each.slots, host_.each.io_slots, host_.each.memory, directory},
    .peers = order.peers,
    .keys = host_.keys,
    .build = order.build,
    .place = host_.name};
  std::lock_guard lock{mutex_}; // nobody hears of an end before of the beginning
  if (closed_ || workers_.contains(order.number))
    throw error{errc::invalid_argument, "worker " + std::to_string(order.number) + " is not to be started"};
  auto process = worker_process::start(host_.loop, command,
                                       [this, number = order.number](const worker_exit& end) { ended(number, end); });
  auto& made = workers_.emplace(order.number, hired{shared_from_this(), std::move(process)}).first->second;
  try {
    const auto control = std::make_shared<const descriptor>(made.process->take_socket());
    send_setup(*control, setup);
    host_.calls.add(order.token, control);
    made.token = order.token;
    return true;
  } catch (const error& e) {
    made.reason = e.text() + "; ";
    made.process->kill();
    return false;
  }
}

// -- any thread -----------------------------------------------------------------------------------------------------

void workplace::stop(int number) {
  std::lock_guard lock{mutex_};
  if (const auto found = workers_.find(number); found != workers_.end())
    found->second.process->kill();
}

void workplace::close() {
  std::lock_guard lock{mutex_};
  closed_ = true;
  for (const auto& [number, worker] : workers_)
    worker.process->kill();
}

bool workplace::idle() const {
  std::lock_guard lock{mutex_};
  return workers_.empty();
}

void workplace::ended(int number, const worker_exit& end) {
  std::unique_lock lock{mutex_};
  const auto gone = workers_.extract(number).mapped();
  lock.unlock();
  host_.calls.remove(gone.token);
  said_(worker_ended{number, gone.reason + to_string(end) + (end.started ? "" : remedy)});
  host_.slow.run([last = gone] {}); // the workplace's end removes files
}

} // namespace crema::net
