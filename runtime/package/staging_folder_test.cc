#include "runtime/package/staging_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "runtime/package/manifest.h"

namespace mlc::package {
namespace {

namespace fs = std::filesystem;

class StagingFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "staging_folder_test";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  static std::string contentOf(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // Fills a folder with a package of one file.
  static void fill(const std::string& path, const std::string& content,
                   const std::string& listed = "plan.json") {
    Manifest manifest;
    manifest.producer = "mlc 1";
    manifest.files = {{listed, static_cast<int64_t>(content.size()), "aa"}};
    fs::create_directories(path);
    std::ofstream(path + "/plan.json") << content;
    std::ofstream(path + "/manifest.json") << printManifest(manifest);
  }

  // Makes a package under that name by way of a temporary one.
  Status make(const std::string& name, const std::string& content) {
    StatusOr<StagingFolder> staging = StagingFolder::create(at(name));
    MLC_RETURN_IF_ERROR(staging.status());
    fill(staging->path(), content);
    return staging->commit();
  }

  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  fs::path folder_;
};

TEST_F(StagingFolderTest, MakesAndReplacesPackages) {
  ASSERT_TRUE(make("p", "one").ok());
  ASSERT_TRUE(make("p", "two").ok());
  EXPECT_EQ(contentOf(at("p/plan.json")), "two");
  ASSERT_TRUE(make("above/p", "three").ok());
  fs::create_symlink("above/p", at("link"));
  ASSERT_TRUE(make("link", "four").ok());
  EXPECT_EQ(contentOf(at("above/p/plan.json")), "four");
  EXPECT_TRUE(fs::is_symlink(at("link")));
  EXPECT_EQ(entries(), 3u);
}

TEST_F(StagingFolderTest, ReplacesNothingElse) {
  fs::create_directories(at("app/source"));
  std::ofstream(at("app/manifest.json")) << R"({"name": "an application"})";
  std::ofstream(at("app/source/main.js")) << "precious";
  fs::create_directories(at("empty"));
  std::ofstream(at("file")) << "precious";
  for (const char* name : {"app", "empty", "file"})
    EXPECT_EQ(make(name, "new").code(), StatusCode::kUsage) << name;
  EXPECT_EQ(contentOf(at("app/source/main.js")), "precious");
  EXPECT_EQ(contentOf(at("file")), "precious");
  EXPECT_EQ(entries(), 3u);
}

TEST_F(StagingFolderTest, KeepsWhatLiesInAPackageBesides) {
  fill(at("p"), "one");
  std::ofstream(at("p/notes.txt")) << "precious";
  const Status status = make("p", "two");
  EXPECT_EQ(status.code(), StatusCode::kUsage);
  EXPECT_NE(status.message().find("notes.txt"), std::string::npos);
  fs::remove(at("p/notes.txt"));
  // Nor a folder, or a link, in a file's place.
  fs::remove(at("p/plan.json"));
  fs::create_directories(at("p/plan.json/deep"));
  EXPECT_EQ(make("p", "two").code(), StatusCode::kUsage);
  EXPECT_TRUE(fs::exists(at("p/plan.json/deep")));
}

// It came while the package was made.
TEST_F(StagingFolderTest, KeepsWhatCameMeanwhile) {
  StatusOr<StagingFolder> staging = StagingFolder::create(at("p"));
  ASSERT_TRUE(staging.ok());
  fill(staging->path(), "new");
  fs::create_directories(at("p"));
  std::ofstream(at("p/notes.txt")) << "precious";
  EXPECT_EQ(staging->commit().code(), StatusCode::kUsage);
  EXPECT_EQ(contentOf(at("p/notes.txt")), "precious");
}

TEST_F(StagingFolderTest, RemovesNothingOutsideOfThePackage) {
  std::ofstream(at("outside")) << "precious";
  fill(at("p"), "one");
  fill(at("p"), "one", "../outside");
  EXPECT_EQ(make("p", "two").code(), StatusCode::kUsage);  // plan.json is not listed
  fs::remove(at("p/plan.json"));
  ASSERT_TRUE(make("p", "two").ok());
  EXPECT_EQ(contentOf(at("outside")), "precious");
  EXPECT_EQ(contentOf(at("p/plan.json")), "two");
}

}  // namespace
}  // namespace mlc::package
