#include "dataflow/io/text_sink.hpp"

#include "dataflow/error.hpp"
#include "dataflow/io/paths.hpp"
#include "tests/dataflow/io/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fcntl.h>
#include <thread>
#include <vector>

namespace crema::internal {

namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using testing::temporary_directory;

std::vector<std::string> names(const std::string& directory) {
  std::vector<std::string> result;
  for (const auto& entry : std::filesystem::directory_iterator{directory})
    result.push_back(entry.path().filename());
  std::sort(result.begin(), result.end());
  return result;
}

void write_part(text_output& output, int partition, int attempt, std::string_view line) {
  auto part = output.open_part(partition, attempt);
  part->write(line);
  output.commit_part(std::move(part));
}

template <class Call>
error error_of(Call call) {
  try {
    call();
  } catch (const error& e) {
    return e;
  }
  ADD_FAILURE() << "no error";
  return {errc::internal, ""};
}

} // namespace

TEST(TextOutput, IsADirectoryOfPartsWithSuccess) {
  temporary_directory dir;
  text_output output{dir / "out"};
  write_part(output, 1, 0, "b");
  write_part(output, 0, 0, "a");
  output.commit(2);
  EXPECT_THAT(names(dir.path()), ElementsAre("out"));
  EXPECT_THAT(names(dir / "out"), ElementsAre("_SUCCESS", "part-00000", "part-00001"));
  EXPECT_EQ(dir.content(dir / "out/part-00000"), "a\n");
  EXPECT_EQ(dir.content(dir / "out/part-00001"), "b\n");
  EXPECT_EQ(dir.content(dir / "out/_SUCCESS"), "");
}

TEST(TextOutput, OfNoPartitionsIsSuccessAlone) {
  temporary_directory dir;
  text_output output{dir / "out"};
  output.commit(0);
  EXPECT_THAT(names(dir / "out"), ElementsAre("_SUCCESS"));
}

TEST(TextOutput, NamesPartsByFiveDigitsOrMore) {
  temporary_directory dir;
  text_output output{dir / "out"};
  write_part(output, 99'999, 0, "");
  write_part(output, 100'000, 0, "");
  output.commit(0);
  EXPECT_THAT(names(dir / "out"), ElementsAre("_SUCCESS", "part-100000", "part-99999"));
}

TEST(TextOutput, ShowsNothingAtTheTargetBeforeTheCommit) {
  temporary_directory dir;
  text_output output{dir / "out"};
  write_part(output, 0, 0, "a");
  ASSERT_EQ(names(dir.path()).size(), 1U);
  EXPECT_THAT(names(dir.path())[0], StartsWith("_temporary-out-"));
  EXPECT_THROW(resolve_inputs(dir / "*"), error) << "a pattern must not find what is not committed";
  output.commit(1);
  EXPECT_EQ(resolve_inputs(dir / "*").size(), 1U);
}

TEST(TextOutput, PutsALaterAttemptInThePlaceOfALostOne) {
  temporary_directory dir;
  text_output output{dir / "out"};
  auto first = output.open_part(0, 0);
  auto second = output.open_part(0, 1);
  first->write("first");
  second->write("second");
  output.commit_part(std::move(first));
  output.commit_part(std::move(second));
  output.commit(1);
  EXPECT_THAT(names(dir / "out"), ElementsAre("_SUCCESS", "part-00000"));
  EXPECT_EQ(dir.content(dir / "out/part-00000"), "second\n");
}

TEST(TextOutput, PublishesNothingOfAnAttemptWithoutCommit) {
  temporary_directory dir;
  text_output output{dir / "out"};
  auto running = output.open_part(0, 0);
  running->write(std::string(1 << 20, 'x'));
  output.open_part(0, 1)->write("dropped");
  write_part(output, 0, 2, "a");
  output.commit(1);
  EXPECT_THAT(names(dir / "out"), ElementsAre("_SUCCESS", "part-00000"));
  EXPECT_EQ(error_of([&] { output.commit_part(std::move(running)); }).code(), errc::cancelled);
  EXPECT_EQ(error_of([&] { output.open_part(0, 3); }).code(), errc::cancelled);
  EXPECT_EQ(error_of([&] { output.commit(1); }).code(), errc::cancelled);
  EXPECT_THAT(names(dir / "out"), ElementsAre("_SUCCESS", "part-00000"));
}

TEST(TextOutput, IsNotPublishedWhileAPartIsMissing) {
  temporary_directory dir;
  text_output output{dir / "out"};
  write_part(output, 0, 0, "a");
  write_part(output, 2, 0, "c");
  const auto e = error_of([&] { output.commit(3); });
  EXPECT_EQ(e.code(), errc::internal);
  EXPECT_THAT(e.text(), HasSubstr("partition 1"));
  EXPECT_FALSE(std::filesystem::exists(dir / "out"));
  write_part(output, 1, 0, "b");
  output.commit(3);
  EXPECT_EQ(names(dir / "out").size(), 4U);
}

TEST(TextOutput, NeverTouchesAnExistingTarget) {
  temporary_directory dir;
  dir.file("file", "x");
  dir.file("full/x");
  std::filesystem::create_directory(dir / "empty");
  std::filesystem::create_symlink(dir / "gone", dir / "link");
  const auto before = names(dir.path());
  for (const char* target : {"file", "full", "empty", "empty/", "link"}) {
    const auto e = error_of([&] { text_output output{dir / target}; });
    EXPECT_EQ(e.code(), errc::already_exists) << target;
    EXPECT_THAT(e.text(), HasSubstr(dir.path())) << target;
  }
  EXPECT_EQ(names(dir.path()), before);
}

TEST(TextOutput, LosesToATargetThatAppearsMeanwhile) {
  temporary_directory dir;
  for (const char* target : {"file", "empty", "full"}) {
    text_output output{dir / target};
    write_part(output, 0, 0, "a");
    if (target == std::string_view{"empty"})
      std::filesystem::create_directory(dir / target);
    else
      dir.file(target == std::string_view{"full"} ? "full/other" : "file", "theirs");
    EXPECT_EQ(error_of([&] { output.commit(1); }).code(), errc::already_exists) << target;
  }
  EXPECT_THAT(names(dir.path()), ElementsAre("empty", "file", "full"));
  EXPECT_THAT(names(dir / "empty"), IsEmpty());
  EXPECT_THAT(names(dir / "full"), ElementsAre("other"));
  EXPECT_EQ(dir.content(dir / "file"), "theirs");
}

TEST(TextOutput, RemovesEverythingWhenItIsAborted) {
  temporary_directory dir;
  {
    text_output output{dir / "a/b/out"};
    auto running = output.open_part(1, 0);
    write_part(output, 0, 0, "a");
    output.abort();
    EXPECT_THAT(names(dir.path()), IsEmpty());
    EXPECT_EQ(error_of([&] { output.open_part(2, 0); }).code(), errc::cancelled);
    output.abort();
  }
  EXPECT_THAT(names(dir.path()), IsEmpty());
}

TEST(TextOutput, RemovesEverythingWhenItIsDestroyed) {
  temporary_directory dir;
  dir.file("kept/x");
  {
    text_output output{dir / "kept/b/out"};
    write_part(output, 0, 0, "a");
  }
  EXPECT_THAT(names(dir.path()), ElementsAre("kept"));
  EXPECT_THAT(names(dir / "kept"), ElementsAre("x"));
}

TEST(TextOutput, MakesTheParentsOfItsTarget) {
  temporary_directory dir;
  {
    text_output output{"file://" + (dir / "a%20b/c/out/")};
    EXPECT_EQ(output.path(), dir / "a b/c/out");
    output.commit(0);
  }
  EXPECT_THAT(names(dir / "a b/c"), ElementsAre("out"));
}

TEST(TextOutput, MayBeRelative) {
  temporary_directory dir;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  text_output output{"out"};
  output.commit(0);
  std::filesystem::current_path(before);
  EXPECT_THAT(names(dir.path()), ElementsAre("out"));
}

TEST(TextOutput, FailsWhereItCannotBeMade) {
  temporary_directory dir;
  dir.file("file");
  const auto e = error_of([&] { text_output output{dir / "file/out"}; });
  EXPECT_EQ(e.code(), errc::io_failure);
  EXPECT_THAT(e.text(), HasSubstr("Not a directory"));
  EXPECT_EQ(error_of([] { text_output output{"s3://bucket/out"}; }).code(), errc::unsupported);
}

TEST(TextOutput, HasOneWholePartOfRacingAttempts) {
  temporary_directory dir;
  constexpr int partitions = 50;
  text_output output{dir / "out"};
  constexpr int attempts = 4;
  std::vector<std::thread> threads;
  threads.reserve(attempts);
  for (int attempt = 0; attempt < attempts; ++attempt)
    threads.emplace_back([&, attempt] {
      for (int partition = 0; partition < partitions; ++partition)
        write_part(output, partition, attempt, std::to_string(partition));
    });
  for (auto& thread : threads)
    thread.join();
  output.commit(partitions);
  EXPECT_EQ(names(dir / "out").size(), partitions + 1U);
  EXPECT_EQ(dir.content(dir / "out/part-00049"), "49\n");
}

TEST(TextOutput, HasOneWinnerAmongOutputsWithTheSameTarget) {
  temporary_directory dir;
  text_output one{dir / "out"};
  text_output two{dir / "out"};
  write_part(one, 0, 0, "one");
  write_part(two, 0, 0, "two");
  two.commit(1);
  EXPECT_EQ(error_of([&] { one.commit(1); }).code(), errc::already_exists);
  one.abort();
  EXPECT_THAT(names(dir.path()), ElementsAre("out"));
  EXPECT_EQ(dir.content(dir / "out/part-00000"), "two\n");
}

TEST(PartWriter, WritesLinesOfAllSizesAroundItsBuffer) {
  temporary_directory dir;
  text_output output{dir / "out"};
  auto part = output.open_part(0, 0);
  std::string expected;
  constexpr std::size_t buffer = std::size_t{1} << 18;
  for (const std::size_t size : {std::size_t{0}, buffer - 3, std::size_t{0}, std::size_t{0}, buffer - 1, buffer,
                                 buffer + 1, 3 * buffer, std::size_t{7}, buffer - 2, buffer - 8, std::size_t{1}}) {
    const std::string line(size, static_cast<char>('a' + size % 26));
    part->write(line);
    expected += line + "\n";
    ASSERT_EQ(part->bytes(), expected.size());
  }
  part->write(std::string_view{"\0\r\xFF", 3});
  expected += std::string{"\0\r\xFF\n", 4};
  output.commit_part(std::move(part));
  output.commit(1);
  EXPECT_TRUE(dir.content(dir / "out/part-00000") == expected);
}

TEST(PartWriter, TellsPathNeedAndFreeSpaceOfAFullDisk) {
  const int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  temporary_directory dir;
  const auto path = dir.file("part");
  part_writer part{fd, path, 0};
  part.write("fits the buffer");
  const auto e = error_of([&] { part.write(std::string(1 << 20, 'x')); });
  EXPECT_EQ(e.code(), errc::disk_full);
  EXPECT_THAT(e.text(), AllOf(HasSubstr("'" + path + "'"), HasSubstr("needed are at least 16 bytes more"),
                              ContainsRegex("free are [1-9][0-9]* bytes")));
}

} // namespace crema::internal
