#include "apps/examples/program/program.hpp"

#include "tests/dataflow/io/temporary_directory.hpp"
#include <crema/crema.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <functional>
#include <unistd.h>

namespace crema::examples {
namespace {

/// A program in a process of its own, because it changes signals and standard output.
class program_run : public ::testing::Test {
protected:
  /// Exits as `example ARGUMENTS…` does.
  [[noreturn]] void exit_as(std::vector<std::string> arguments, const program::body& work) {
    ::dup2(stdout_, STDOUT_FILENO);
    arguments.insert(arguments.begin(), "example");
    std::vector<char*> argv;
    for (auto& one : arguments)
      argv.push_back(one.data());
    argv.push_back(nullptr);
    program example{"example", "Does something."};
    example.argument("INPUT", input_, "what to read");
    example.option("--top", top_, 0, "how many");
    const int status = example.run(static_cast<int>(argv.size()) - 1, argv.data(), work);
    ::_exit(status);
  }

  void to_file() { stdout_ = ::open((directory_ / "out").c_str(), O_CREAT | O_WRONLY, 0600); }
  std::string printed() { return directory_.content(directory_ / "out"); }

  static void print_nothing(context&, output&) {}
  static void print_a_line(context&, output& out) { out.line("a", '\t', 1, ' ', 0.5); }

  testing::temporary_directory directory_;
  std::string input_;
  std::int64_t top_ = 20;
  int stdout_ = ::open("/dev/null", O_WRONLY);
};
using ProgramDeathTest = program_run;
using ::testing::ExitedWithCode;

TEST_F(ProgramDeathTest, GivesTheBodyItsArguments) {
  to_file();
  EXPECT_EXIT(exit_as({"--top", "3", "file", "--crema-memory=64MiB"},
                      [this](context& ctx, output& out) { out.line(input_, ' ', top_, ' ', ctx.memory_limit()); }),
              ExitedWithCode(0), "^$");
  EXPECT_EQ(printed(), "file 3 67108864\n");
}

TEST_F(ProgramDeathTest, PrintsLinesOfAllKinds) {
  to_file();
  EXPECT_EXIT(exit_as({"x"}, print_a_line), ExitedWithCode(0), "^$");
  EXPECT_EQ(printed(), "a\t1 0.5\n");
}

TEST_F(ProgramDeathTest, ShowsHelpOfItsOwnAndOfCrema) {
  to_file();
  EXPECT_EXIT(exit_as({"--help"}, print_nothing), ExitedWithCode(0), "^$");
  EXPECT_NE(printed().find("--top"), std::string::npos);
  EXPECT_NE(printed().find("--crema-memory"), std::string::npos);
}

TEST_F(ProgramDeathTest, AnswersBadArgumentsWithOneLineAndStatus2) {
  const std::vector<std::vector<std::string>> bad = {{},
                                                     {"a", "b"},
                                                     {"a", "--top"},
                                                     {"a", "--top", "x"},
                                                     {"a", "--top", "-1"},
                                                     {"a", "--top", "1.5"},
                                                     {"a", "--top", "99999999999999999999"},
                                                     {"a", "--topp", "1"},
                                                     {"a", "--crema-nonsense"},
                                                     {"a", "--crema-master=moon"},
                                                     {"a", "--crema-memory=lots"}};
  for (const auto& arguments : bad)
    EXPECT_EXIT(exit_as(arguments, print_a_line), ExitedWithCode(2), "^example: [^\n]+\n$");
}

TEST_F(ProgramDeathTest, AnswersArgumentsThatDoNotGoTogetherWithStatus2) {
  EXPECT_EXIT(exit_as({"a"}, [](context&, output&) { throw usage_error{"not both"}; }), ExitedWithCode(2),
              "^example: not both \\(see example --help\\)\n$");
}

TEST_F(ProgramDeathTest, AnswersFailuresWithOneLineAndStatus1) {
  EXPECT_EXIT(exit_as({"a"},
                      [](context&, output&) {
                        throw error{errc::not_found, "two\nlines"};
                      }),
              ExitedWithCode(1), "^example: not_found: two lines\n$");
  EXPECT_EXIT(exit_as({"a"}, [](context& ctx, output&) { ctx.text_file("/no/such/file").count(); }), ExitedWithCode(1),
              "^example: not_found: [^\n]+\n$");
}

TEST_F(ProgramDeathTest, FailsWhenStandardOutputIsFull) {
  stdout_ = ::open("/dev/full", O_WRONLY);
  EXPECT_EXIT(exit_as({"a"}, print_a_line), ExitedWithCode(1), "^example: disk_full: [^\n]+\n$");
}

TEST_F(ProgramDeathTest, FailsWhenTheReaderHasGoneAway) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  stdout_ = ends[1];
  EXPECT_EXIT(exit_as({"a"}, print_a_line), ExitedWithCode(1), "^example: io_failure: [^\n]*Broken pipe\n$");
}

TEST_F(ProgramDeathTest, FailsWhenStandardOutputIsClosedAndSpoilsNoFile) {
  const auto path = directory_ / "file";
  EXPECT_EXIT(
    {
      ::close(stdout_); // so that dup2 fails
      ::close(STDOUT_FILENO);
      exit_as({"a"}, [&](context&, output& out) {
        ::open(path.c_str(), O_CREAT | O_WRONLY, 0600);
        out.line("lost");
      });
    },
    ExitedWithCode(1), "^example: io_failure: [^\n]+\n$");
  EXPECT_EQ(directory_.content(path), "");
}

} // namespace
} // namespace crema::examples
