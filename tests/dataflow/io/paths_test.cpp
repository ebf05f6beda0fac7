#include "dataflow/io/paths.hpp"

#include "dataflow/error.hpp"
#include "tests/dataflow/io/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <sys/stat.h>
#include <unistd.h>

namespace crema::internal {

namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct inputs : ::testing::Test {
  testing::temporary_directory dir;

  // The paths that `uris`, with @ for the directory, names; without the directory.
  std::vector<std::string> resolve(std::string_view uris) const {
    std::vector<std::string> result;
    for (const auto& file : resolve_inputs(spelt(uris)))
      result.push_back(file.path.starts_with(dir.path() + "/") ? file.path.substr(dir.path().size() + 1) : file.path);
    return result;
  }

  error error_of(std::string_view uris) const {
    try {
      resolve_inputs(spelt(uris));
    } catch (const error& e) {
      return e;
    }
    ADD_FAILURE() << "no error for " << uris;
    return {errc::internal, ""};
  }

  std::string spelt(std::string_view uris) const {
    std::string result;
    for (const char c : uris)
      result += c == '@' ? dir.path() : std::string{c};
    return result;
  }
};

} // namespace

TEST_F(inputs, NameAFileWithItsSize) {
  dir.file("a.txt", "12345");
  const auto files = resolve_inputs(dir / "a.txt");
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].path, dir / "a.txt");
  EXPECT_EQ(files[0].size, 5U);
}

TEST_F(inputs, OfADirectoryAreItsVisibleFilesByTheirBytes) {
  for (const char* name : {"b.log", "a.log", "Z", "part-00000", "_SUCCESS", ".crc", "sub/x", "_dir/x", "\xC3\xA9"})
    dir.file(name);
  const std::vector<std::string> expected{"Z", "a.log", "b.log", "part-00000", "\xC3\xA9"};
  EXPECT_EQ(resolve("@"), expected);
  EXPECT_EQ(resolve("@/"), expected);
  EXPECT_THAT(resolve("@/sub"), ElementsAre("sub/x"));
}

TEST_F(inputs, OfADirectoryWithoutVisibleFilesAreNone) {
  dir.file("sub/_SUCCESS");
  EXPECT_THAT(resolve("@/sub"), IsEmpty());
  EXPECT_THAT(resolve("@"), IsEmpty());
  EXPECT_THAT(resolve("@/s*"), IsEmpty());
}

TEST_F(inputs, MayBeHiddenWhenNamed) {
  dir.file("_dir/.x");
  EXPECT_THAT(resolve("@/_dir/.x"), ElementsAre("_dir/.x"));
  EXPECT_THAT(resolve("@/_*/.*"), ElementsAre("_dir/.x"));
}

TEST_F(inputs, FollowTheOrderOfTheListAndRepeatWhatItRepeats) {
  dir.file("a");
  dir.file("b");
  EXPECT_THAT(resolve("@/b, @/a ,@/b"), ElementsAre("b", "a", "b"));
  EXPECT_THAT(resolve("@/*,@/a"), ElementsAre("a", "b", "a"));
}

TEST_F(inputs, OfOnePatternAreReadOnce) {
  dir.file("a1");
  dir.file("a2");
  EXPECT_THAT(resolve("@/{a*,*2,a1}"), ElementsAre("a1", "a2"));
}

TEST_F(inputs, MatchPatternsWithinOneComponent) {
  for (const char* name : {"sub/1.log", "sub/2.log", "sub/3.txt", "sub/n/2.log", "sub/_4.log", "sub/.5.log"})
    dir.file(name);
  EXPECT_THAT(resolve("@/sub/*.log"), ElementsAre("sub/1.log", "sub/2.log"));
  EXPECT_THAT(resolve("@/*/?.log"), ElementsAre("sub/1.log", "sub/2.log"));
  EXPECT_THAT(resolve("@/*/[!1].*"), ElementsAre("sub/2.log", "sub/3.txt"));
  EXPECT_THAT(resolve("@/s*/{1,3}.{log,txt}"), ElementsAre("sub/1.log", "sub/3.txt"));
  EXPECT_THAT(resolve("@/sub/{n/2,1}.log"), ElementsAre("sub/1.log", "sub/n/2.log"));
  EXPECT_THAT(resolve("@/*/*/2.log"), ElementsAre("sub/n/2.log"));
  EXPECT_THAT(resolve("@/sub/../sub/n/*"), ElementsAre("sub/../sub/n/2.log"));
}

TEST_F(inputs, OfADirectoryThatMatchesAreItsFiles) {
  for (const char* name : {"day=1/part-0", "day=1/_SUCCESS", "day=1/deep/x", "day=2/part-0", "other/part-0"})
    dir.file(name);
  EXPECT_THAT(resolve("@/day=*"), ElementsAre("day=1/part-0", "day=2/part-0"));
}

TEST_F(inputs, AreFoundAtEveryDepthByTwoStars) {
  for (const char* name : {"a.log", "x/b.log", "x/y/c.log", "x/y/c.txt", "_h/d.log", ".h/e.log", "x/_f.log"})
    dir.file(name);
  EXPECT_THAT(resolve("@/**/*.log"), ElementsAre("a.log", "x/b.log", "x/y/c.log"));
  EXPECT_THAT(resolve("@/**"), ElementsAre("a.log", "x/b.log", "x/y/c.log", "x/y/c.txt"));
  EXPECT_THAT(resolve("@/**/**/y/c.*"), ElementsAre("x/y/c.log", "x/y/c.txt"));
  EXPECT_THAT(resolve("@/x/**"), ElementsAre("x/b.log", "x/y/c.log", "x/y/c.txt"));
}

TEST_F(inputs, FollowSymlinksButNotInCircles) {
  dir.file("real/a.log", "123");
  std::filesystem::create_symlink(dir / "real/a.log", dir / "real/b.log");
  std::filesystem::create_directory_symlink(dir.path(), dir / "real/up");
  std::filesystem::create_directory_symlink(dir / "real", dir / "link");
  EXPECT_THAT(resolve("@/link"), ElementsAre("link/a.log", "link/b.log"));
  EXPECT_EQ(resolve_inputs(dir / "link/b.log")[0].size, 3U);
  EXPECT_THAT(resolve("@/**/*.log"), ElementsAre("real/a.log", "real/b.log"));
}

TEST_F(inputs, TakeABackslashAsAnEscape) {
  for (const char* name : {"a,b", "a*", "ab", "[1]", "{x,y}", "back\\slash"})
    dir.file(name);
  EXPECT_THAT(resolve(R"(@/a\,b)"), ElementsAre("a,b"));
  EXPECT_THAT(resolve(R"(@/a\*)"), ElementsAre("a*"));
  EXPECT_THAT(resolve(R"(@/\[1],@/\{x\,y})"), ElementsAre("[1]", "{x,y}"));
  EXPECT_THAT(resolve(R"(@/back\\slash)"), ElementsAre("back\\slash"));
}

TEST_F(inputs, AreGivenByFileUris) {
  for (const char* name : {"a b", "a*", "axb", "50%"})
    dir.file(name);
  EXPECT_THAT(resolve("file://@/a%20b"), ElementsAre("a b"));
  EXPECT_THAT(resolve("file:@/a b , FILE://localhost@/axb"), ElementsAre("a b", "axb"));
  EXPECT_THAT(resolve("file://@/a%2A"), ElementsAre("a*"));
  EXPECT_THAT(resolve("file://@/a*"), ElementsAre("a b", "a*", "axb"));
  EXPECT_THAT(resolve("file://@/50%25"), ElementsAre("50%"));
  EXPECT_THAT(resolve("@/50%"), ElementsAre("50%"));
  for (const char* bad : {"file://@/50%", "file://@/50%2", "file://@/%zz", "file://@/%00", "file://"})
    EXPECT_EQ(error_of(bad).code(), errc::invalid_argument) << bad;
}

TEST_F(inputs, MayBeRelative) {
  dir.file("sub/a");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  const auto plain = resolve("sub/a");
  const auto uri = resolve("file://sub/*");
  const auto pattern = resolve("*");
  const auto all = resolve("**");
  const auto here = resolve("./sub");
  const auto missing = error_of("nope");
  std::filesystem::current_path(before);
  EXPECT_THAT(plain, ElementsAre("sub/a"));
  EXPECT_THAT(uri, ElementsAre("sub/a"));
  EXPECT_THAT(pattern, ElementsAre("sub/a"));
  EXPECT_THAT(all, ElementsAre("sub/a"));
  EXPECT_THAT(here, ElementsAre("./sub/a"));
  EXPECT_THAT(missing.text(), HasSubstr("'nope' does not exist; the working directory is '/"));
}

TEST_F(inputs, ThatDoNotExistAreNamedWithTheNearestDirectory) {
  dir.file("a/file");
  const auto missing = error_of("@/a/b/c/d.txt");
  EXPECT_EQ(missing.code(), errc::not_found);
  EXPECT_EQ(missing.text(), spelt("'@/a/b/c/d.txt' does not exist; the nearest directory that exists is '@/a'"));
  const auto below_file = error_of("@/a/file/x");
  EXPECT_EQ(below_file.code(), errc::not_found);
  EXPECT_THAT(below_file.text(), HasSubstr(spelt("'@/a/file' is not a directory")));
  EXPECT_THAT(error_of("/no-such-directory/x").text(), HasSubstr("exists is '/'"));
  EXPECT_EQ(error_of("@/a/file,@/b").code(), errc::not_found);
}

TEST_F(inputs, PatternsWithoutAMatchAreErrors) {
  dir.file("a/file");
  const auto none = error_of("@/a/*.log");
  EXPECT_EQ(none.code(), errc::not_found);
  EXPECT_EQ(none.text(), spelt("no file matches '@/a/*.log'; the nearest directory that exists is '@/a'"));
  EXPECT_THAT(error_of("@/nope/*/x").text(), HasSubstr(spelt("exists is '@'")));
  EXPECT_EQ(error_of("@/a/{x,y}").code(), errc::not_found);
  EXPECT_EQ(error_of("@/**/x").code(), errc::not_found);
  EXPECT_THAT(resolve("@/a/{x,file}"), ElementsAre("a/file"));
}

TEST_F(inputs, OfTheNameOfAPatternAreHintedAt) {
  dir.file("a[1].txt");
  const auto e = error_of("@/a[1].txt");
  EXPECT_EQ(e.code(), errc::not_found);
  EXPECT_THAT(e.text(), HasSubstr("a file of exactly this name does: put a backslash"));
}

TEST_F(inputs, SymlinksToNowhereAreErrors) {
  std::filesystem::create_symlink(dir / "gone", dir / "link");
  for (const char* uri : {"@/link", "@", "@/*", "@/**"}) {
    const auto e = error_of(uri);
    EXPECT_EQ(e.code(), errc::not_found) << uri;
    EXPECT_THAT(e.text(), AllOf(HasSubstr(dir / "link"), HasSubstr("symlink to nowhere"))) << uri;
  }
}

TEST_F(inputs, OfUnknownSchemesAreRefused) {
  for (const char* uri : {"s3://bucket/x", "hdfs://@/x", "HTTP://host/x"})
    EXPECT_EQ(error_of(uri).code(), errc::unsupported) << uri;
  EXPECT_THAT(error_of("s3n://bucket/x").text(), AllOf(HasSubstr("s3n://"), HasSubstr("file://")));
  EXPECT_EQ(error_of("./s3://x").code(), errc::not_found);
}

TEST_F(inputs, ThatAreNoRegularFilesAreRefusedByName) {
  dir.file("sub/a");
  ASSERT_EQ(::mkfifo((dir / "sub/pipe").c_str(), 0600), 0);
  for (const char* uri : {"@/sub/pipe", "@/sub", "@/sub/*"}) {
    const auto e = error_of(uri);
    EXPECT_EQ(e.code(), errc::unsupported) << uri;
    EXPECT_THAT(e.text(), HasSubstr(spelt("'@/sub/pipe' is a FIFO"))) << uri;
  }
  EXPECT_EQ(error_of("/dev/null").code(), errc::unsupported);
}

TEST_F(inputs, ListsWithEmptyItemsAreRefused) {
  dir.file("a");
  for (const char* uris : {"", "  ", "@/a,", "@/a,,@/a"})
    EXPECT_EQ(error_of(uris).code(), errc::invalid_argument) << uris;
  EXPECT_EQ(error_of(std::string_view{"a\0b", 3}).code(), errc::invalid_argument);
}

TEST_F(inputs, ThatLoopAreFailuresWithTheSystemsText) {
  std::filesystem::create_symlink("loop", dir / "loop");
  const auto e = error_of("@/loop");
  EXPECT_EQ(e.code(), errc::io_failure);
  EXPECT_THAT(e.text(), HasSubstr(spelt("'@/loop': Too many levels of symbolic links")));
}

TEST_F(inputs, ThatMayNotBeReadAreFailuresWithTheSystemsText) {
  const auto file = dir.file("sub/a");
  dir.file("closed/b");
  ASSERT_EQ(::chmod(file.c_str(), 0), 0);
  ASSERT_EQ(::chmod((dir / "closed").c_str(), 0), 0);
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  // In a child without root's rights, to whom nothing is closed.
  EXPECT_EXIT(
    {
      if (::geteuid() == 0 && ::setuid(65534) != 0)
        ::_exit(2);
      for (const char* uri : {"@/sub/a", "@/sub", "@/closed", "@/closed/b", "@/**"}) {
        const auto e = error_of(uri);
        std::fprintf(stderr, "%s\n", e.what());
      }
      ::_exit(0);
    },
    ::testing::ExitedWithCode(0),
    AllOf(
      HasSubstr(
        spelt("io_failure: reading '@/sub/a': Permission denied\nio_failure: reading '@/sub/a': Permission denied\n")),
      HasSubstr(spelt(
        "io_failure: listing '@/closed': Permission denied\nio_failure: looking up '@/closed/b': Permission denied\n"
        "io_failure: listing '@/closed': Permission denied\n"))));
  ::chmod((dir / "closed").c_str(), 0755);
}

TEST(LocalPath, TakesAPlainPathAsItIsAndDecodesAUri) {
  EXPECT_EQ(local_path(R"(a\b*,{c})"), R"(a\b*,{c})");
  EXPECT_EQ(local_path("file:///a%20b%2A"), "/a b*");
  EXPECT_EQ(local_path("file:/a\\b"), "/a\\b");
  EXPECT_THROW(local_path("s3://x"), error);
  EXPECT_THROW(local_path(""), error);
}

} // namespace crema::internal
