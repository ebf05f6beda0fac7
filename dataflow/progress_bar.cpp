#include "dataflow/progress_bar.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>

namespace crema::internal {

namespace {

// -- the text -------------------------------------------------------------------------------------------------------

constexpr int widest_bar = 40;
constexpr int narrowest_bar = 6; // with its brackets

int columns(std::string_view text) {
  return static_cast<int>(text.size());
}

std::string bar(double share, int width) {
  const auto inner = width - 2;
  const auto full = std::clamp(static_cast<int>(share * inner), 0, inner);
  auto text = '[' + std::string(static_cast<std::size_t>(full), '=');
  if (full != inner)
    text += '>' + std::string(static_cast<std::size_t>(inner - full - 1), ' ');
  return text + ']';
}

/// Three digits at least where there are so many: 950, 1.2k, 12k, 1.2M.
std::string short_number(double value) {
  static constexpr std::array<const char*, 6> units{"", "k", "M", "G", "T", "P"};
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f}{}", value, unit != 0 && value < 9.95 ? 1 : 0, units[unit]);
}

std::string rate(const stage_line& line) {
  const auto seconds = std::chrono::duration<double>{line.running}.count();
  if (line.rows == 0 || seconds <= 0)
    return {};
  return short_number(static_cast<double>(line.rows) / seconds) + " rows/s";
}

std::string time_left(const stage_line& line) {
  if (line.done == 0 || line.done >= line.tasks)
    return {};
  const auto each = std::chrono::duration<double>{line.running}.count() / line.done;
  const auto left = std::min(each * (line.tasks - line.done), 359'999.0); // 99:59:59
  const auto seconds = static_cast<int>(std::lround(left));
  if (seconds < 3600)
    return fmt::format("{:02}:{:02} left", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02} left", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts)
    if (!part.empty())
      (text += text.empty() ? "" : " ") += part;
  return text;
}

} // namespace

std::string to_text(const stage_line& line, int width) {
  const auto head = fmt::format("stage {}/{}", line.number, line.stages);
  const auto count = fmt::format("{}/{}", line.done, line.tasks);
  const auto speed = rate(line);
  const auto left = time_left(line);
  const auto share = line.tasks == 0 ? 1.0 : static_cast<double>(line.done) / line.tasks;
  for (const auto& tail : {joined({count, speed, left}), joined({count, left})}) {
    const auto room = width - columns(joined({head, line.title, tail})) - 1;
    if (room >= narrowest_bar)
      return joined({head, line.title, bar(share, std::min(room, widest_bar)), tail});
  }
  for (const auto& text :
       {joined({head, line.title, count, left}), joined({head, line.title, count}), joined({head, count})})
    if (columns(text) <= width)
      return text;
  return columns(count) <= width ? count : std::string{};
}

// -- the terminal ---------------------------------------------------------------------------------------------------

namespace {

/// Who writes on the terminal. Two bars would overwrite one another.
std::atomic<const progress_bar*> owner = nullptr;

bool is_rewritable(int terminal) {
  const char* type = std::getenv("TERM");
  return ::isatty(terminal) == 1 && type != nullptr && *type != '\0' && std::string_view{type} != "dumb";
}

/// Whether writing would neither stop this process nor disturb another's screen. A terminal that does not control this
/// process has no such opinion.
bool is_in_foreground(int terminal) {
  const auto group = ::tcgetpgrp(terminal);
  return group < 0 || group == ::getpgrp();
}

int width_of(int terminal) {
  winsize size{};
  return ::ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void write_all(int terminal, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(terminal, text.data(), text.size());
    if (written < 0 && errno != EINTR)
      return;
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(0, written)));
  }
}

/// Moves the cursor to where the first of `lines` lines begins and clears everything from there on.
std::string cleared(int lines) {
  const auto up = lines > 1 ? fmt::format("\x1b[{}A", lines - 1) : std::string{};
  return lines == 0 ? std::string{} : '\r' + up + "\x1b[J";
}

} // namespace

progress_bar::progress_bar(bool wanted, int terminal)
    : terminal_{terminal}, wanted_{wanted && is_rewritable(terminal)} {}

progress_bar::~progress_bar() {
  if (lines_ != 0)
    write_all(terminal_, cleared(lines_));
  const progress_bar* self = this;
  owner.compare_exchange_strong(self, nullptr);
}

bool progress_bar::take_terminal() {
  const progress_bar* nobody = nullptr;
  return owner.compare_exchange_strong(nobody, this) || nobody == this;
}

std::vector<stage_line> progress_bar::running(const std::vector<stage_progress>& stages,
                                              std::chrono::nanoseconds elapsed) {
  std::vector<stage_line> lines;
  for (std::size_t i = 0; i != stages.size(); ++i) {
    const auto& stage = stages[i];
    if (!stage.started || stage.done == stage.tasks)
      continue;
    // What runs already when the bar begins to look has run from the job's beginning. Where tasks are undone again it
    // is the stage of a further plan of the job.
    auto& seen = seen_.try_emplace(stage.id, sight{first_ ? std::chrono::nanoseconds{0} : elapsed, 0}).first->second;
    if (stage.done < seen.done)
      seen.began = elapsed;
    seen.done = stage.done;
    lines.push_back({static_cast<int>(i) + 1, static_cast<int>(stages.size()), stage.title, stage.done, stage.tasks,
                     stage.rows, elapsed - seen.began});
  }
  first_ = false;
  return lines;
}

void progress_bar::show(const std::vector<stage_progress>& stages, std::chrono::nanoseconds elapsed) {
  if (!wanted_ || !is_in_foreground(terminal_) || !take_terminal())
    return;
  auto lines = running(stages, elapsed);
  if (lines.size() > most_lines)
    lines.resize(most_lines);
  // The last column stays empty: a terminal may begin a new line after it.
  const auto width = width_of(terminal_) - 1;
  auto text = cleared(lines_);
  for (std::size_t i = 0; i != lines.size(); ++i)
    (text += i == 0 ? "" : "\n") += to_text(lines[i], width);
  write_all(terminal_, text);
  lines_ = static_cast<int>(lines.size());
}

} // namespace crema::internal
