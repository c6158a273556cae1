#include "runtime/base/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace mlc {
namespace {

namespace fs = std::filesystem;

class OutputFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "output_file_test";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  static std::string contentOf(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }
  fs::path folder_;
};

TEST_F(OutputFileTest, AppearsAsAWhole) {
  std::ofstream(at("x")) << "before";
  fs::permissions(at("x"), fs::perms::owner_read | fs::perms::owner_write);
  {
    StatusOr<OutputFile> file = OutputFile::open(at("x"));
    ASSERT_TRUE(file.ok() && file->write("after").ok());
    EXPECT_EQ(contentOf(at("x")), "before");
  }
  EXPECT_EQ(contentOf(at("x")), "before");
  ASSERT_TRUE(writeFile(at("x"), "after").ok());
  EXPECT_EQ(contentOf(at("x")), "after");
  EXPECT_EQ(fs::status(at("x")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(OutputFileTest, ANewFileHasTheModeThatUmaskLeaves) {
  const mode_t before = ::umask(027);
  const Status status = writeFile(at("x"), "x");
  ::umask(before);
  ASSERT_TRUE(status.ok());
  struct stat info;
  ASSERT_EQ(::stat(at("x").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
}

TEST_F(OutputFileTest, LinksStay) {
  fs::create_directory(at("real"));
  std::ofstream(at("real/x")) << "before";
  fs::create_symlink("real/x", at("link"));
  ASSERT_TRUE(writeFile(at("link"), "after").ok());
  EXPECT_TRUE(fs::is_symlink(at("link")));
  EXPECT_EQ(contentOf(at("real/x")), "after");
  fs::create_symlink("loop", at("loop"));
  EXPECT_FALSE(writeFile(at("loop"), "x").ok());
}

TEST_F(OutputFileTest, PipesAreWrittenInto) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = contentOf(at("pipe")); });
  EXPECT_TRUE(writeFile(at("pipe"), "through").ok());
  reader.join();
  EXPECT_EQ(got, "through");
  EXPECT_TRUE(fs::is_fifo(at("pipe")));
  EXPECT_TRUE(writeFile("/dev/null", "x").ok());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_FALSE(writeFile("/dev/full", "x").ok());
}

// Behind what is written already, and not over it.
TEST_F(OutputFileTest, OpenFilesAreWrittenInto) {
  const int descriptor = ::open(at("x").c_str(), O_CREAT | O_WRONLY, 0600);
  ASSERT_EQ(::write(descriptor, "one ", 4), 4);
  ASSERT_TRUE(writeFile("/dev/fd/" + std::to_string(descriptor), "two ").ok());
  fs::create_symlink("/proc/self/fd/" + std::to_string(descriptor), at("link"));
  ASSERT_TRUE(writeFile(at("link"), "three ").ok());
  ASSERT_EQ(::write(descriptor, "four", 4), 4);
  ::close(descriptor);
  EXPECT_EQ(contentOf(at("x")), "one two three four");
  EXPECT_FALSE(writeFile("/dev/fd/" + std::to_string(descriptor), "x").ok());
}

TEST_F(OutputFileTest, FoldersAreErrors) {
  fs::create_directory(at("folder"));
  EXPECT_FALSE(writeFile(at("folder"), "x").ok());
  EXPECT_FALSE(writeFile(at("absent/x"), "x").ok());
  EXPECT_FALSE(writeFile(at(std::string(300, 'x')), "x").ok());
  EXPECT_EQ(entries(), 1u);
}

}  // namespace
}  // namespace mlc
