#pragma once

#include "apps/examples/program/output.hpp"
#include "dataflow/context.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace crema::examples {

/// Arguments that are each fine but do not go together: a body throws it before it computes anything.
class usage_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What text_file takes for several URIs.
std::string comma_list(const std::vector<std::string>& uris);

/// The command line of an example, and what all of them do around their work.
///
///     int main(int argc, char** argv) {
///       std::int64_t top = 20;
///       std::vector<std::string> uris;
///       program word_count{"word_count", "Counts the words of text files."};
///       word_count.arguments("URI", uris, "files, directories or globs");
///       word_count.option("--top", top, 0, "how many to print; 0 for all");
///       return word_count.run(argc, argv, [&](context& ctx, output& out) { … });
///     }
///
/// `run` takes the --crema- flags out of `argv`, reads the other arguments, calls the body with a context and standard
/// output, and returns the exit status: 0; 2 for arguments that are wrong; 1 for all that fails later, a full disk or a
/// reader of standard output that has gone away included. What is wrong is one line on stderr.
class program {
public:
  using body = std::function<void(context&, output&)>;

  program(std::string name, std::string description);
  program(const program&) = delete;
  program& operator=(const program&) = delete;
  ~program();

  // Each of these keeps a reference to `to` until run() returns. An argument or option that is not given leaves `to`
  // as it was.

  /// A positional argument.
  void argument(const std::string& name, std::string& to, const std::string& help, bool required = true);
  /// All positional arguments, one at least.
  void arguments(const std::string& name, std::vector<std::string>& to, const std::string& help);

  void flag(const std::string& name, bool& to, const std::string& help);
  void option(const std::string& name, std::string& to, const std::string& help);
  void option(const std::string& name, std::int64_t& to, std::int64_t least, const std::string& help,
              std::int64_t most = std::numeric_limits<std::int64_t>::max());
  void option(const std::string& name, double& to, double least, double most, const std::string& help);
  /// An option followed by as many whole numbers as `names` says: "VERTICES EDGES SEED".
  void option(const std::string& name, std::vector<std::int64_t>& to, const std::vector<std::string>& names,
              const std::string& help);

  int run(int argc, char** argv, const body& work);

private:
  struct parser;

  int guarded(output& out, const std::function<void()>& work) const;
  std::string see_help() const;
  int fail(int status, const std::string& text) const;

  std::string name_;
  std::unique_ptr<parser> parser_;
};

} // namespace crema::examples
