#include "runtime/base/output_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace mlc {
namespace {

namespace fs = std::filesystem;

// As many links as the kernel follows.
constexpr int kMostLinks = 40;

struct Destination {
  std::string path;  // where links lead
  bool into = false;
  mode_t mode = 0;
};

fs::path folderOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// errno's value where it fails. Links are followed one by one, since those of /proc lead to files
// that are open already, whatever they say.
int follow(const std::string& path, Destination& destination) {
  fs::path current = path;
  for (int links = 0; links <= kMostLinks; ++links) {
    destination.path = current.string();
    struct statfs system;
    if (::statfs(folderOf(current).c_str(), &system) != 0) return errno;
    destination.into = system.f_type == PROC_SUPER_MAGIC;
    if (destination.into) return 0;
    struct stat info;
    if (::lstat(current.c_str(), &info) != 0) {
      destination.mode = maskedMode(0666);
      return errno == ENOENT ? 0 : errno;
    }
    if (S_ISLNK(info.st_mode)) {
      std::error_code error;
      const fs::path next = fs::read_symlink(current, error);
      if (error) return error.value();
      current = folderOf(current) / next;
      continue;
    }
    if (S_ISDIR(info.st_mode)) return EISDIR;
    destination.into = !S_ISREG(info.st_mode);
    destination.mode = info.st_mode & 07777;
    return ::access(current.c_str(), W_OK) == 0 ? 0 : errno;
  }
  return ELOOP;
}

// Opened anew, a file that is open already would be written from its beginning on.
int openInto(const std::string& path) {
  const fs::path file(path);
  const std::string name = file.filename().string();
  std::error_code error;
  int number = -1;
  const auto [end, invalid] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (invalid == std::errc() && end == name.data() + name.size() &&
      fs::equivalent(folderOf(file), "/proc/self/fd", error)) {
    return ::fcntl(number, F_DUPFD_CLOEXEC, 0);
  }
  return ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
}

}  // namespace

StatusOr<OutputFile> OutputFile::open(const std::string& path) {
  OutputFile file(path);
  Destination destination;
  if (const int error = follow(path, destination)) return file.failure(error);
  if (destination.into) {
    file.descriptor_ = openInto(destination.path);
    if (file.descriptor_ < 0) return file.failure(errno);
    return file;
  }
  file.target_ = destination.path;
  file.mode_ = destination.mode;
  MLC_ASSIGN_OR_RETURN(Staging staging, Staging::file(file.target_));
  file.staging_.emplace(std::move(staging));
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      mode_(other.mode_),
      staging_(std::move(other.staging_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status OutputFile::failure(int error) const {
  return invalidError("cannot write " + path_ + ": " + std::strerror(error));
}

Status OutputFile::write(std::string_view bytes) {
  const int descriptor = staging_ ? staging_->descriptor() : descriptor_;
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure(errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return okStatus();
}

Status OutputFile::finish() {
  if (!staging_) return ::close(std::exchange(descriptor_, -1)) == 0 ? okStatus() : failure(errno);
  if (Status status = staging_->setMode(mode_); !status.ok())
    return status.withContext("cannot write " + path_);
  if (::rename(staging_->path().c_str(), target_.c_str()) != 0) return failure(errno);
  staging_->release();
  return okStatus();
}

Status writeFile(const std::string& path, std::string_view bytes) {
  MLC_ASSIGN_OR_RETURN(OutputFile file, OutputFile::open(path));
  MLC_RETURN_IF_ERROR(file.write(bytes));
  return file.finish();
}

}  // namespace mlc
