#include "runtime/base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "runtime/base/checksum.h"

namespace mlc {
namespace {

TEST(MappedFile, ShowsTheBytes) {
  const std::string path = testing::TempDir() + "/mapped";
  std::ofstream(path) << "hello";
  auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(std::string((*file)->data(), (*file)->size()), "hello");
}

TEST(MappedFile, MapsARangeAlone) {
  const std::string path = testing::TempDir() + "/range";
  std::string bytes(20'000, 'x');
  bytes.replace(5'000, 5, "hello");
  std::ofstream(path, std::ios::binary) << bytes;
  auto file = MappedFile::openRange(path, 5'000, 5);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(std::string((*file)->data(), (*file)->size()), "hello");
  EXPECT_TRUE((*file)->fetch((*file)->data(), 5));
  file = MappedFile::openRange(path, 20'000, 0);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ((*file)->size(), 0u);
  for (const auto& [offset, count] : {std::pair<int64_t, int64_t>{19'999, 2}, {20'001, 0}}) {
    const Status status = MappedFile::openRange(path, offset, count).status();
    EXPECT_NE(status.message().find(path + " is cut short"), std::string::npos);
  }
}

// Where touching it would end the process.
TEST(MappedFile, WhatCannotBeReadIsNotFetched) {
  const std::string path = testing::TempDir() + "/shrinks";
  std::ofstream(path, std::ios::binary) << std::string(20'000, 'x');
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE((*file)->fetch((*file)->data(), 20'000));
  ASSERT_EQ(::truncate(path.c_str(), 5'000), 0);
  EXPECT_TRUE((*file)->fetch((*file)->data(), 5'000));
  EXPECT_FALSE((*file)->fetch((*file)->data(), 20'000));
}

TEST(MappedFile, ErrorsNameTheFile) {
  const std::string absent = testing::TempDir() + "/absent";
  EXPECT_NE(MappedFile::open(absent).status().message().find(absent), std::string::npos);
  EXPECT_FALSE(MappedFile::open(testing::TempDir()).ok());
}

TEST(MappedFile, APipeIsRefusedAndNotWaitedFor) {
  const std::string path = testing::TempDir() + "/pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_NE(MappedFile::open(path).status().message().find("not a regular file"),
            std::string::npos);
  EXPECT_EQ(::unlink(path.c_str()), 0);
}

TEST(Checksum, IsXxh3) {
  // The reference value of XXH3-128 of no bytes.
  EXPECT_EQ(checksumOf("", 0), "99aa06d3014798d86001c324468d497f");
  EXPECT_NE(checksumOf("abc", 3), checksumOf("abd", 3));
}

}  // namespace
}  // namespace mlc
