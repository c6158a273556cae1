#include "runtime/base/staging.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

namespace mlc {
namespace {

namespace fs = std::filesystem;

class StagingTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "staging_test";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  std::string target(const std::string& name = "out") const { return (folder_ / name).string(); }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }
  fs::path folder_;
};

TEST_F(StagingTest, IsPrivateAndRemoved) {
  struct stat info;
  {
    StatusOr<Staging> folder = Staging::folder(target()), file = Staging::file(target());
    ASSERT_TRUE(folder.ok() && file.ok());
    ASSERT_EQ(::stat(folder->path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700u);
    ASSERT_EQ(::stat(file->path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u);
    std::ofstream(folder->path() + "/x") << "x";
  }
  EXPECT_EQ(entries(), 0u);
}

TEST_F(StagingTest, TwoForOnePathDoNotMeet) {
  StatusOr<Staging> first = Staging::folder(target()), second = Staging::folder(target());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->path(), second->path());
  EXPECT_TRUE(fs::exists(first->path()));
}

// A planted link of the name that one would guess is not followed.
TEST_F(StagingTest, NamesAreNotThoseOfTheProcess) {
  StatusOr<Staging> staging = Staging::file(target());
  ASSERT_TRUE(staging.ok());
  EXPECT_EQ(staging->path().find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(StagingTest, WhatAKilledProcessLeftIsCollected) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    StatusOr<Staging> folder = Staging::folder(target()), file = Staging::file(target());
    std::ofstream(folder->path() + "/x") << "x";
    (void)!::write(ready[1], "x", 1);
    ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  // Not while it lives.
  {
    ASSERT_TRUE(Staging::file(target()).ok());
  }
  EXPECT_EQ(entries(), 2u);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  {
    ASSERT_TRUE(Staging::file(target("other")).ok());
  }
  EXPECT_EQ(entries(), 2u);
  {
    ASSERT_TRUE(Staging::file(target()).ok());
  }
  EXPECT_EQ(entries(), 0u);
}

TEST_F(StagingTest, OtherFilesStay) {
  for (const char* name : {".out.mlc-", ".out.mlc-1234", ".out.mlc-12345 ", "out.mlc-123456",
                           ".out.tmp.123456", ".more.mlc-123456"}) {
    std::ofstream(target(name)) << name;
  }
  const size_t before = entries();
  {
    ASSERT_TRUE(Staging::file(target()).ok());
  }
  EXPECT_EQ(entries(), before);
}

TEST_F(StagingTest, FoldersInWhichNothingCanBeMade) {
  EXPECT_FALSE(Staging::folder("/proc/self/absent").ok());
  EXPECT_FALSE(Staging::file("/proc/self/absent").ok());
}

TEST_F(StagingTest, LongNames) {
  EXPECT_TRUE(Staging::file(target(std::string(255, 'x'))).ok());
  EXPECT_FALSE(Staging::file(target("absent/x")).ok());
}

}  // namespace
}  // namespace mlc
