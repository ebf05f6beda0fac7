#include "apps/examples/program/program.hpp"

#include "dataflow/error.hpp"
#include "net/init.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <new>
#include <optional>
#include <unistd.h>

namespace crema::examples {

namespace {

/// A file that is opened while a standard descriptor is closed would get its number, and what is printed.
void occupy_standard_descriptors() {
  for (int fd = 0; fd != 3; ++fd)
    if (::fcntl(fd, F_GETFD) < 0)
      ::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY); // takes the lowest free number; using it still fails
}

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// Whole numbers; CLI11 itself takes those that are too long for the nearest that fits.
CLI::Validator whole_number(std::int64_t least, std::int64_t most) {
  auto check = [least, most](const std::string& text) -> std::string {
    std::int64_t number = 0;
    const auto end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, number);
    if (stop != end || problem == std::errc::invalid_argument)
      return text + " is not a whole number";
    if (problem == std::errc{} ? number < least : text[0] == '-')
      return text + " is less than " + std::to_string(least);
    return problem != std::errc{} || number > most ? text + " is more than " + std::to_string(most) : "";
  };
  return {std::move(check), ""};
}

} // namespace

std::string comma_list(const std::vector<std::string>& uris) {
  std::string list;
  for (const auto& uri : uris)
    list += (list.empty() ? "" : ",") + uri;
  return list;
}

struct program::parser : CLI::App {
  using CLI::App::App;
};

program::program(std::string name, std::string description)
    : name_{std::move(name)}, parser_{std::make_unique<parser>(std::move(description), name_)} {
  parser_->footer(crema::init_help());
}

program::~program() = default;

void program::argument(const std::string& name, std::string& to, const std::string& help, bool required) {
  parser_->add_option(name, to, help)->required(required);
}

void program::arguments(const std::string& name, std::vector<std::string>& to, const std::string& help) {
  parser_->add_option(name, to, help)->required();
}

void program::flag(const std::string& name, bool& to, const std::string& help) {
  parser_->add_flag(name, to, help);
}

void program::option(const std::string& name, std::string& to, const std::string& help) {
  parser_->add_option(name, to, help);
}

void program::option(const std::string& name, std::int64_t& to, std::int64_t least, const std::string& help,
                     std::int64_t most) {
  parser_->add_option(name, to, help)->check(whole_number(least, most))->capture_default_str();
}

void program::option(const std::string& name, double& to, double least, double most, const std::string& help) {
  parser_->add_option(name, to, help)->check(CLI::Range(least, most))->capture_default_str();
}

void program::option(const std::string& name, std::vector<std::int64_t>& to, const std::vector<std::string>& names,
                     const std::string& help) {
  std::string all;
  for (const auto& one : names)
    all += (all.empty() ? "" : " ") + one;
  parser_->add_option(name, to, help)
    ->expected(static_cast<int>(names.size()))
    ->check(whole_number(0, std::numeric_limits<std::int64_t>::max()))
    ->type_name(all);
}

int program::fail(int status, const std::string& text) const {
  std::fprintf(stderr, "%s: %s\n", name_.c_str(), one_line(text).c_str());
  return status;
}

int program::run(int argc, char** argv, const body& work) {
  occupy_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN); // so that a reader that goes away is an error like any other
  output out{STDOUT_FILENO, "standard output"};
  std::optional<context> ctx;
  try {
    const auto settings = crema::init(argc, argv);
    parser_->parse(argc, argv);
    ctx.emplace(settings);
  } catch (const CLI::CallForHelp&) {
    return guarded(out, [&] { out.put(parser_->help()); });
  } catch (const CLI::ParseError& e) {
    return fail(2, e.what() + see_help());
  } catch (const crema::error& e) {
    return fail(2, e.what());
  }
  return guarded(out, [&] { work(*ctx, out); });
}

int program::guarded(output& out, const std::function<void()>& work) const {
  try {
    work();
    out.flush();
    return 0;
  } catch (const usage_error& e) {
    return fail(2, e.what() + see_help());
  } catch (const std::bad_alloc&) {
    return fail(1, "out of memory");
  } catch (const std::exception& e) {
    return fail(1, e.what());
  }
}

std::string program::see_help() const {
  return " (see " + name_ + " --help)";
}

} // namespace crema::examples
