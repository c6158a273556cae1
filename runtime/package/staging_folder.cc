#include "runtime/package/staging_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>
#include <vector>

#include "runtime/base/file_kind.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/output_file.h"
#include "runtime/package/manifest.h"
#include "runtime/package/signature.h"

namespace mlc::package {
namespace {

namespace fs = std::filesystem;

constexpr char kManifest[] = "manifest.json";
constexpr int64_t kCopyBytes = int64_t{8} << 20;

// Says why where a copy ends early, which std::filesystem's does not.
Status copyFile(const std::string& from, const std::string& to) {
  MLC_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> source, MappedFile::open(from));
  std::ofstream copy(to, std::ios::binary);
  const auto size = static_cast<int64_t>(source->size());
  // What is written does not stay in memory: weights may be large.
  for (int64_t at = 0; at < size && copy; at += kCopyBytes) {
    const int64_t bytes = std::min(kCopyBytes, size - at);
    copy.write(source->data() + at, static_cast<std::streamsize>(bytes));
    source->forget(source->data() + at, bytes);
  }
  copy.close();
  return copy ? okStatus() : invalidError(std::strerror(errno ? errno : EIO));
}

// What a package's folder may hold.
StatusOr<std::set<std::string>> filesOf(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(const auto manifest, MappedFile::open(path + "/" + kManifest));
  MLC_ASSIGN_OR_RETURN(const std::vector<std::string> listed,
                       filesOfAnyVersion({manifest->data(), manifest->size()}));
  std::set<std::string> files(listed.begin(), listed.end());
  files.insert({kManifest, kSignatureFile});
  return files;
}

// Of a folder that was found to be a package. What else lies in it by now stays, and is an error.
Status removePackage(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(const std::set<std::string> files, filesOf(path));
  std::error_code error;
  // Of those that are listed, what lies in the folder: a list may name any path.
  std::vector<std::string> found;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    if (files.contains(at->path().filename().string())) found.push_back(at->path().string());
  }
  for (const std::string& file : found) ::unlink(file.c_str());
  if (::rmdir(path.c_str()) == 0) return okStatus();
  return invalidError("cannot remove " + path + ": " + std::strerror(errno));
}

// Where links lead, since a folder cannot take a link's place.
std::string resolved(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? path : real.string();
}

}  // namespace

Status checkReplaceable(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(const FileKind kind, fileKind(path));
  if (kind == FileKind::kAbsent) return okStatus();
  const auto files = filesOf(path);
  if (kind != FileKind::kFolder || !files.ok()) {
    return usageError(path +
                      " exists and is not a package that mlc wrote: choose another name, or remove "
                      "it yourself");
  }
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::error_code unknown;
    if (!files->contains(name) || !fs::is_regular_file(at->symlink_status(unknown))) {
      return usageError(path + " holds '" + name +
                        "', which is no file of the package: choose another name, or remove it "
                        "yourself");
    }
  }
  return error ? invalidError("cannot read " + path + ": " + error.message()) : okStatus();
}

StatusOr<StagingFolder> StagingFolder::create(const std::string& finalPath) {
  const std::string path = resolved(finalPath);
  MLC_RETURN_IF_ERROR(checkReplaceable(path));
  std::error_code error;
  if (const fs::path above = fs::path(path).parent_path(); !above.empty())
    fs::create_directories(above, error);
  if (error) return invalidError("cannot write " + finalPath + ": " + error.message());
  MLC_ASSIGN_OR_RETURN(Staging staging, Staging::folder(path));
  return StagingFolder(std::move(staging), path);
}

Status StagingFolder::commit() {
  const auto failure = [&] {
    return invalidError("cannot write " + finalPath_ + ": " + std::strerror(errno));
  };
  MLC_RETURN_IF_ERROR(checkReplaceable(finalPath_));
  MLC_RETURN_IF_ERROR(staging_.setMode(maskedMode(0777)));
  const char *own = staging_.path().c_str(), *final = finalPath_.c_str();
  const auto exchange = [&] {
    return ::renameat2(AT_FDCWD, own, AT_FDCWD, final, RENAME_EXCHANGE) == 0;
  };
  if (exchange()) {
    const std::string old = staging_.path();
    // Something may have come at the last moment.
    if (!checkReplaceable(old).ok() && exchange()) return checkReplaceable(finalPath_);
    staging_.release();
    return removePackage(old);
  }
  // Not every file system can exchange.
  if (errno == EINVAL || errno == ENOSYS) {
    MLC_RETURN_IF_ERROR(removePackage(finalPath_));
  } else if (errno != ENOENT) {
    return failure();
  }
  if (::rename(own, final) != 0) return failure();
  staging_.release();
  return okStatus();
}

Status copyPackage(const std::string& from, const std::string& to, const std::string& signingKey) {
  MLC_ASSIGN_OR_RETURN(StagingFolder folder, StagingFolder::create(to));
  // A package has no folders inside.
  std::error_code error;
  for (fs::directory_iterator at(from, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const Status status = copyFile(at->path().string(), folder.path() + "/" + name);
    if (!status.ok()) return status.withContext("cannot write " + to);
  }
  if (error) return invalidError("cannot read " + from + ": " + error.message());
  if (!signingKey.empty()) {
    MLC_ASSIGN_OR_RETURN(const auto manifest, MappedFile::open(folder.path() + "/" + kManifest));
    MLC_ASSIGN_OR_RETURN(const std::string signature,
                         signatureOf({manifest->data(), manifest->size()}, signingKey));
    MLC_RETURN_IF_ERROR(writeFile(folder.path() + "/" + kSignatureFile, signature));
  }
  return folder.commit();
}

}  // namespace mlc::package
