#include "runtime/base/staging.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

namespace mlc {
namespace {

namespace fs = std::filesystem;

constexpr char kMark[] = ".mlc-";
constexpr size_t kRandom = 6;
// Of `path`'s own name, so that the whole is no longer than names may be.
constexpr size_t kMostOfName = 200;
// Where a file system has no locks, the owner of what is older is dead.
constexpr time_t kOldSeconds = 24 * 60 * 60;
constexpr int kMostAttempts = 100;

std::string prefixOf(const std::string& name) { return "." + name.substr(0, kMostOfName) + kMark; }

bool isStagingName(const std::string& file, const std::string& name) {
  if (file.size() <= kRandom) return false;
  const std::string prefix = file.substr(0, file.size() - kRandom);
  return std::all_of(file.end() - kRandom, file.end(),
                     [](unsigned char c) { return std::isalnum(c); }) &&
         (name.empty() ? prefix.starts_with('.') && prefix.ends_with(kMark)
                       : prefix == prefixOf(name));
}

// Whether the owner of what is open is dead; then it is locked, for whoever removes it.
bool isAbandoned(int descriptor) {
  struct stat info;
  if (::fstat(descriptor, &info) != 0 || info.st_uid != ::geteuid()) return false;
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return true;
  return errno != EWOULDBLOCK && ::time(nullptr) - info.st_mtime > kOldSeconds;
}

// `make` fills the template's X; -1 with errno where it fails.
template <typename Make>
StatusOr<std::pair<std::string, int>> stage(const std::string& path, Make make) {
  const fs::path target(path);
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  collectStaging(folder.string(), target.filename().string());
  for (int attempts = 1;; ++attempts) {
    std::string name = (folder / (prefixOf(target.filename().string()) + "XXXXXX")).string();
    const int descriptor = make(name);
    const int error = errno;
    std::error_code unknown;
    // Who collects may have come between, too. In some folders, as /proc, nothing can be made.
    const bool isGone = error == ENOENT && fs::is_directory(folder, unknown);
    if (descriptor < 0 && isGone && attempts < kMostAttempts) continue;
    if (descriptor < 0) return invalidError("cannot write " + path + ": " + std::strerror(error));
    // Who collects may have come between: then it is gone.
    struct stat info;
    ::flock(descriptor, LOCK_EX);
    if (::fstat(descriptor, &info) == 0 && info.st_nlink > 0) return std::pair(name, descriptor);
    ::close(descriptor);
  }
}

}  // namespace

StatusOr<Staging> Staging::file(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(
      auto made, stage(path, [](std::string& name) { return ::mkostemp(name.data(), O_CLOEXEC); }));
  return Staging(std::move(made.first), made.second);
}

StatusOr<Staging> Staging::folder(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(auto made, stage(path, [](std::string& name) {
                         if (!::mkdtemp(name.data())) return -1;
                         return ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                       }));
  return Staging(std::move(made.first), made.second);
}

Staging::Staging(Staging&& other) noexcept
    : path_(std::exchange(other.path_, {})), descriptor_(std::exchange(other.descriptor_, -1)) {}

Staging::~Staging() {
  // Removing needs a descriptor, which may be the last one.
  if (descriptor_ >= 0) ::close(descriptor_);
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Status Staging::setMode(mode_t mode) {
  if (::fchmod(descriptor_, mode) == 0) return okStatus();
  return invalidError(std::string("cannot set its mode: ") + std::strerror(errno));
}

void collectStaging(const std::string& folder, const std::string& name) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!isStagingName(at->path().filename().string(), name)) continue;
    const int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int descriptor = ::open(at->path().c_str(), O_RDWR | flags);
    if (descriptor < 0 && errno == EISDIR) descriptor = ::open(at->path().c_str(), flags);
    if (descriptor < 0) continue;
    std::error_code ignored;
    if (isAbandoned(descriptor)) fs::remove_all(at->path(), ignored);
    ::close(descriptor);
  }
}

mode_t maskedMode(mode_t mode) {
  // umask() itself would have to change it, under other threads' feet.
  std::ifstream status("/proc/self/status");
  mode_t mask = 022;
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("Umask:")) continue;
    const size_t digits = line.find_first_of("01234567");
    if (digits != std::string::npos)
      std::from_chars(line.data() + digits, line.data() + line.size(), mask, 8);
  }
  return mode & ~mask;
}

}  // namespace mlc
