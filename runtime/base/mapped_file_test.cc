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
  const std::string path = testing::TempDir() + "/summed";
  std::ofstream(path) << "abc";
  EXPECT_EQ(*checksumOfFile(path), checksumOf("abc", 3));
  EXPECT_NE(checksumOf("abc", 3), checksumOf("abd", 3));
  EXPECT_EQ(*checksumOfFileRange(path, 1, 2), checksumOf("bc", 2));
  EXPECT_FALSE(checksumOfFileRange(path, 1, 3).ok());
}

TEST(Checksum, OfAFileLargerThanThePieces) {
  const std::string path = testing::TempDir() + "/large";
  std::string bytes(3'000'001, 'x');
  for (size_t i = 0; i < bytes.size(); i += 7) bytes[i] = static_cast<char>(i);
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(*checksumOfFile(path), checksumOf(bytes.data(), bytes.size()));
}

}  // namespace
}  // namespace mlc
