#include "dataflow/added_files.hpp"

#include "net/client.hpp"
#include "net/cluster/own_executable.hpp"
#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/engines.hpp"
#include "tests/loopback_cluster.hpp"
#include "tests/system/child_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <vector>

// Files that a program adds for its tasks, wherever these run.

namespace crema {

namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::temporary_directory;

std::string content_of(const std::string& name) {
  return temporary_directory::content(file(name));
}

/// What all tasks find under a name.
std::vector<std::string> found_as(const context& ctx, const std::string& name) {
  return ctx.range(0, 8, 1, 8)
    .map(capture(name, [](const std::string& of, long) { return content_of(of); }))
    .distinct()
    .collect();
}

std::string failure(errc expected, const std::function<void()>& call) {
  try {
    call();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), expected) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

class AddedFiles : public testing::on_every_engine {
protected:
  temporary_directory here;
};

INSTANTIATE_TEST_SUITE_P(Engines, AddedFiles, testing::engine_shapes(), testing::engine_name);

std::size_t entries_of(const std::string& directory) {
  const std::filesystem::directory_iterator list{directory};
  return static_cast<std::size_t>(std::distance(begin(list), end(list)));
}

} // namespace

TEST_P(AddedFiles, AreOpenedByNameInEveryTask) {
  ctx.add_file(here.file("words/dict.txt", "uno dos tres"));
  ctx.add_file(here.file("nothing", ""));
  ctx.add_file(here.file("large", std::string(3'000'000, 'x')));
  EXPECT_THAT(found_as(ctx, "dict.txt"), ElementsAre("uno dos tres"));
  EXPECT_THAT(found_as(ctx, "nothing"), ElementsAre(""));
  EXPECT_THAT(
    ctx.range(0, 8, 1, 8).map([](long) { return std::filesystem::file_size(file("large")); }).distinct().collect(),
    ElementsAre(3'000'000U));
}

TEST_P(AddedFiles, StayWhatTheyWere) {
  const auto path = here.file("dict.txt", "uno");
  ctx.add_file(path);
  ctx.add_file(path);
  here.file("dict.txt", "dos");
  EXPECT_THAT(failure(errc::already_exists, [&] { ctx.add_file(path); }), HasSubstr("dict.txt"));
  std::filesystem::remove(path);
  EXPECT_THAT(found_as(ctx, "dict.txt"), ElementsAre("uno"));
}

TEST_P(AddedFiles, AreMissedWithTheNamesThatThereAre) {
  ctx.add_file(here.file("only_this", "."));
  const auto text = failure(errc::not_found, [&] { found_as(ctx, "dict.txt"); });
  EXPECT_THAT(text, AllOf(HasSubstr("\"dict.txt\""), HasSubstr("only_this"), HasSubstr("add_file")));
}

TEST(FilesToAdd, AreFilesWithANameOfTheirOwn) {
  const temporary_directory here;
  config settings;
  settings.spill_directory = here.path();
  context ctx{settings};
  EXPECT_THAT(failure(errc::not_found, [&] { ctx.add_file(here / "none"); }), HasSubstr("none"));
  EXPECT_THAT(failure(errc::invalid_argument, [&] { ctx.add_file(here.path()); }), HasSubstr("a directory"));
  EXPECT_THAT(failure(errc::invalid_argument, [&] { ctx.add_file("/dev/null"); }), HasSubstr("no regular file"));
  EXPECT_THAT(failure(errc::invalid_argument, [] { file("dict.txt"); }), HasSubstr("outside of a task"));
  EXPECT_THAT(failure(errc::not_found, [&] { found_as(ctx, "../dict.txt"); }), HasSubstr("not among the files"));
  ctx.add_file(here.file("a/dict.txt", "uno"));
  ctx.close();
  EXPECT_THAT(failure(errc::context_closed, [&] { ctx.add_file(here / "a/dict.txt"); }), HasSubstr("closed"));
}

TEST(FilesToAdd, AreGoneWithTheirContext) {
  const temporary_directory here;
  const temporary_directory spill;
  config settings;
  settings.spill_directory = spill.path();
  {
    context ctx{settings};
    ctx.add_file(here.file("dict.txt", "uno"));
    EXPECT_EQ(entries_of(spill.path()), 1U);
  }
  EXPECT_EQ(entries_of(spill.path()), 0U);
}

TEST(FilesToAdd, AreThereForCallsOnEngines) {
  const temporary_directory here;
  config settings;
  settings.master = "processes[2]";
  client c{settings};
  c.add_file(here.file("dict.txt", "uno"));
  EXPECT_THAT(c.all().apply([] { return content_of("dict.txt"); }).get(), ElementsAre("uno", "uno"));
}

namespace {

class FilesOnNodes : public ::testing::Test {
protected:
  FilesOnNodes() {
    ::setenv("CREMA_PROFILE", "mars", 1);
    mars.emplace();
  }
  ~FilesOnNodes() override { ::unsetenv("CREMA_PROFILE"); }

  temporary_directory here;
  std::optional<testing::loopback_cluster> mars;
};

} // namespace

TEST_F(FilesOnNodes, AreKeptByContentAndComeToThoseThatJoinLater) {
  mars->add_node("a");
  {
    context ctx{mars->settings(1)};
    ctx.add_file(here.file("dict.txt", "uno"));
    ctx.add_file(here.file("copy.txt", "uno"));
    EXPECT_EQ(entries_of(mars->work() + "/executables"), 2U); // the executable, and both files
    mars->add_node("b");
    const auto all_nodes = [&] {
      const auto places =
        ctx.range(0, 8, 1, 8).map([](long) { return std::filesystem::path{file("copy.txt")}.string(); }).collect();
      return std::set<std::string>(places.begin(), places.end()).size() == 2;
    };
    EXPECT_TRUE(comes_true(all_nodes));
    EXPECT_THAT(found_as(ctx, "copy.txt"), ElementsAre("uno"));
  }
  EXPECT_TRUE(comes_true([&] { return entries_of(mars->work() + "/drivers") == 0; }));
}

TEST_F(FilesOnNodes, AreRefusedWhereThereIsNoRoom) {
  const net::node_options options{.name = "small",
                                  .memory = std::uint64_t{64} << 20,
                                  .work_directory = mars->work(),
                                  .max_executables = net::this_executable().id.size + 1000};
  net::io_loop loop;
  const net::node small{loop, net::profile::open("mars"), options, {}};
  context ctx{mars->settings(1)};
  const auto text = failure(errc::io_failure, [&] { ctx.add_file(here.file("large", std::string(2000, 'x'))); });
  EXPECT_THAT(text,
              AllOf(HasSubstr("'large' cannot be brought"), HasSubstr("node small"), HasSubstr("max_executables")));
  ctx.add_file(here.file("dict.txt", "uno"));
  EXPECT_THAT(found_as(ctx, "dict.txt"), ElementsAre("uno"));
  EXPECT_THAT(failure(errc::not_found, [&] { found_as(ctx, "large"); }), HasSubstr("dict.txt"));
}

} // namespace crema
