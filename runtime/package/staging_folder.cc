#include "runtime/package/staging_folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "runtime/base/mapped_file.h"

namespace mlc::package {
namespace {

namespace fs = std::filesystem;

// Says why where a copy ends early, which std::filesystem's does not.
Status copyFile(const std::string& from, const std::string& to) {
  MLC_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> source, MappedFile::open(from));
  std::ofstream copy(to, std::ios::binary);
  copy.write(source->data(), static_cast<std::streamsize>(source->size()));
  copy.close();
  return copy ? okStatus() : invalidError(std::strerror(errno ? errno : EIO));
}

}  // namespace

StagingFolder::StagingFolder(std::string path, std::string finalPath)
    : path_(std::move(path)), finalPath_(std::move(finalPath)) {}

StagingFolder::StagingFolder(StagingFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), finalPath_(std::move(other.finalPath_)) {}

StagingFolder::~StagingFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

StatusOr<StagingFolder> StagingFolder::create(const std::string& finalPath) {
  if (fs::exists(finalPath) && !fs::exists(finalPath + "/manifest.json"))
    return usageError(finalPath + " exists and is not a package: choose another name");
  std::string path = finalPath + ".tmp." + std::to_string(::getpid());
  std::error_code error;
  fs::remove_all(path, error);
  fs::create_directories(path, error);
  if (error) return invalidError("cannot make " + path + ": " + error.message());
  return StagingFolder(std::move(path), finalPath);
}

Status StagingFolder::commit() {
  std::error_code error;
  fs::remove_all(finalPath_, error);
  if (!error) fs::rename(path_, finalPath_, error);
  if (error) return invalidError("cannot write " + finalPath_ + ": " + error.message());
  path_.clear();
  return okStatus();
}

Status copyPackage(const std::string& from, const std::string& to) {
  MLC_ASSIGN_OR_RETURN(StagingFolder folder, StagingFolder::create(to));
  // A package has no folders inside.
  for (const fs::directory_entry& file : fs::directory_iterator(from)) {
    const std::string name = file.path().filename().string();
    const Status status = copyFile(file.path().string(), folder.path() + "/" + name);
    if (!status.ok()) return status.withContext("cannot write " + to);
  }
  return folder.commit();
}

}  // namespace mlc::package
