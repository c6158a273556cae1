#include "tools/job/file_hashes.h"

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;

class FileHashesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        testing::TempDir() + "/" + testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_ + "/kept");
    fs::permissions(folder_ + "/kept", fs::perms::owner_all);
    write(std::string(kBytes, 'a'));
  }

  void write(const std::string& bytes) { std::ofstream(file(), std::ios::binary) << bytes; }
  std::string file() const { return folder_ + "/file"; }

  // Where hashes are kept.
  bool isOnDisk() const {
    struct statfs system;
    if (::statfs(folder_.c_str(), &system) != 0) return false;
    return system.f_type == EXT4_SUPER_MAGIC || system.f_type == 0x58465342 /* XFS */ ||
           system.f_type == BTRFS_SUPER_MAGIC;
  }

  // The hash, and how many bytes were read for it.
  std::pair<std::string, int64_t> hash(int64_t settledSeconds = 0) {
    FileHashes hashes(folder_ + "/kept", settledSeconds);
    const StatusOr<std::string> hash = hashes.hashOf(file());
    EXPECT_TRUE(hash.ok()) << hash.status().message();
    return {hash.ok() ? *hash : "", hashes.readBytes()};
  }

  static constexpr int64_t kBytes = 3'000'000;
  std::string folder_;
};

TEST_F(FileHashesTest, EveryByteCounts) {
  const std::string whole = hash().first;
  EXPECT_EQ(whole.size(), 64u);
  for (const size_t at : {size_t{0}, size_t{1} << 20, size_t{kBytes} - 1}) {
    std::string bytes(kBytes, 'a');
    bytes[at] = 'b';
    write(bytes);
    EXPECT_NE(hash().first, whole) << at;
  }
  write(std::string(kBytes, 'a') + '\0');
  EXPECT_NE(hash().first, whole);
  write(std::string(kBytes, 'a'));
  EXPECT_EQ(hash().first, whole);
}

TEST_F(FileHashesTest, AFileThatIsTheSameIsReadOnce) {
  if (!isOnDisk()) GTEST_SKIP() << "of files of this file system no hashes are kept";
  const auto first = hash();
  EXPECT_EQ(first.second, kBytes);
  EXPECT_EQ(hash(), std::pair(first.first, int64_t{0}));
  // By another name too.
  fs::create_symlink(file(), folder_ + "/link");
  FileHashes hashes(folder_ + "/kept", 0);
  EXPECT_EQ(*hashes.hashOf(folder_ + "/link"), first.first);
  EXPECT_EQ(hashes.readBytes(), 0);
}

TEST_F(FileHashesTest, AChangeIsSeenWhateverTheTimeOfModificationSays) {
  const std::string first = hash().first;
  const auto time = fs::last_write_time(file());
  // Longer than a tick of the kernel's clock.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  write(std::string(kBytes, 'b'));
  fs::last_write_time(file(), time);
  const auto second = hash();
  EXPECT_EQ(second.second, kBytes);
  EXPECT_NE(second.first, first);
  // Another file in its place.
  std::ofstream(folder_ + "/other", std::ios::binary) << std::string(kBytes, 'c');
  fs::rename(folder_ + "/other", file());
  EXPECT_EQ(hash().second, kBytes);
}

TEST_F(FileHashesTest, AFileThatHasJustChangedIsReadAgain) {
  EXPECT_EQ(hash(60).second, kBytes);
  EXPECT_EQ(hash(60).second, kBytes);
  // Kept by somebody who was less careful.
  EXPECT_EQ(hash(0).second, kBytes);
  EXPECT_EQ(hash(60).second, kBytes);
}

TEST_F(FileHashesTest, OfMemoryFileSystemsNothingIsKept) {
  const std::string path = "/dev/shm/mlc_file_hashes_test_" + std::to_string(::getpid());
  std::ofstream(path, std::ios::binary) << std::string(kBytes, 'a');
  if (!fs::exists(path)) GTEST_SKIP() << "there is no /dev/shm to write to";
  for (int i = 0; i < 2; ++i) {
    FileHashes hashes(folder_ + "/kept", 0);
    EXPECT_EQ(*hashes.hashOf(path), hash().first);
    EXPECT_EQ(hashes.readBytes(), kBytes);
  }
  fs::remove(path);
}

TEST_F(FileHashesTest, WhatOthersMayHaveWrittenIsNotBelieved) {
  if (!isOnDisk()) GTEST_SKIP() << "of files of this file system no hashes are kept";
  const std::string first = hash().first, kept = folder_ + "/kept/files.json";
  struct stat info;
  ASSERT_EQ(::stat(kept.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(hash().second, 0);
  fs::permissions(kept, fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(hash(), std::pair(first, kBytes));
  for (const char* text : {"", "{}", "[1, {}, {\"path\": 3, \"hash\": \"\"}]"}) {
    std::ofstream(kept, std::ios::trunc) << text;
    EXPECT_EQ(hash(), std::pair(first, kBytes)) << text;
  }
}

TEST_F(FileHashesTest, WhatIsNoFileIsRefused) {
  ASSERT_EQ(::mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  for (const std::string& path : {folder_, folder_ + "/pipe", folder_ + "/absent"}) {
    const Status status = FileHashes(folder_ + "/kept").hashOf(path).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_NE(status.message().find(path), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace mlc::tools
