#include "tools/job/file_hashes.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/base/content_hash.h"
#include "runtime/base/parallel_for.h"
#include "runtime/base/staging.h"
#include "tools/job/cache_folder.h"
#include "tools/job/text_file.h"

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr char kKept[] = "/files.json";
constexpr int64_t kPieceBytes = int64_t{1} << 20;
constexpr int64_t kNanoseconds = 1'000'000'000;

class OpenFile {
 public:
  // A pipe is refused later, and not waited for.
  explicit OpenFile(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * kNanoseconds + time.tv_nsec;
}

// What tells a file and its content from others.
Json identityOf(const std::string& path, const struct stat& info) {
  return {{"path", path},
          {"device", static_cast<uint64_t>(info.st_dev)},
          {"inode", static_cast<uint64_t>(info.st_ino)},
          {"bytes", static_cast<int64_t>(info.st_size)},
          {"modified", nanoseconds(info.st_mtim)},
          {"changed", nanoseconds(info.st_ctim)}};
}

bool isLocalDisk(int descriptor) {
  constexpr int64_t kXfs = 0x58465342;
  struct statfs system;
  if (::fstatfs(descriptor, &system) != 0) return false;
  const auto type = static_cast<int64_t>(static_cast<uint32_t>(system.f_type));
  return type == EXT4_SUPER_MAGIC || type == kXfs ||
         type == static_cast<int64_t>(BTRFS_SUPER_MAGIC) ||
         type == static_cast<int64_t>(F2FS_SUPER_MAGIC);
}

// By both times: a clock that was wrong may have set either.
bool hasSettled(const struct stat& info, int64_t settledSeconds) {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  const int64_t last = std::max(nanoseconds(info.st_mtim), nanoseconds(info.st_ctim));
  return nanoseconds(now) - last >= settledSeconds * kNanoseconds;
}

// A list of identities, each with its hash; empty where there is none that can be believed.
Json readKept(const std::string& path) {
  Json kept = Json::array();
  if (!checkOwn(path).ok()) return kept;
  const StatusOr<std::string> text = readTextFile(path);
  if (!text.ok()) return kept;
  Json list = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return kept;
  for (Json& entry : list) {
    if (entry.is_object() && entry.contains("path") && entry["path"].is_string() &&
        entry.contains("hash") && entry["hash"].is_string()) {
      kept.push_back(std::move(entry));
    }
  }
  return kept;
}

bool isThere(const Json& entry) {
  const std::string path = entry["path"];
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return false;
  Json identity = identityOf(path, info);
  identity["hash"] = entry["hash"];
  return identity == entry;
}

// What two processes keep at the same time, one of them may lose. Nothing depends on it.
void keep(const std::string& path, const Json& identity, const std::string& hash) {
  Json kept = Json::array();
  for (Json& entry : readKept(path)) {
    if (entry["path"] != identity["path"] && isThere(entry)) kept.push_back(std::move(entry));
  }
  Json entry = identity;
  entry["hash"] = hash;
  kept.push_back(std::move(entry));
  const std::string text = kept.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  StatusOr<Staging> staging = Staging::file(path);
  if (!staging.ok()) return;
  const ssize_t written = ::write(staging->descriptor(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) return;
  if (::rename(staging->path().c_str(), path.c_str()) == 0) staging->release();
}

// 0, or why the bytes cannot be read; -1: the file ends before.
int hashPiece(int descriptor, int64_t offset, int64_t bytes, ContentDigest& digest) {
  ContentHash hash;
  char buffer[1 << 16];
  while (bytes > 0) {
    const auto wanted = static_cast<size_t>(std::min<int64_t>(bytes, sizeof buffer));
    const ssize_t got = ::pread(descriptor, buffer, wanted, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 ? errno : -1;
    hash.add({buffer, static_cast<size_t>(got)});
    offset += got;
    bytes -= got;
  }
  digest = hash.digest();
  return 0;
}

StatusOr<std::string> hashOfContent(const std::string& path, int descriptor, int64_t bytes) {
  const int64_t pieces = bytes / kPieceBytes + (bytes % kPieceBytes != 0);
  std::vector<ContentDigest> digests(static_cast<size_t>(pieces));
  std::atomic<int> failure{0};
  const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  parallelFor(threads, pieces, [&](int64_t i) {
    if (failure != 0) return;
    const int64_t offset = i * kPieceBytes;
    const int error = hashPiece(descriptor, offset, std::min(kPieceBytes, bytes - offset),
                                digests[static_cast<size_t>(i)]);
    if (error != 0) failure = error;
  });
  if (failure == -1) return invalidError(path + " was cut short while it was read");
  if (failure != 0) return invalidError("cannot read " + path + ": " + std::strerror(failure));
  const std::string_view all(reinterpret_cast<const char*>(digests.data()),
                             digests.size() * sizeof(ContentDigest));
  return ContentHash().field("bytes", std::to_string(bytes)).field("pieces", all).hex();
}

}  // namespace

StatusOr<std::string> FileHashes::hashOf(const std::string& path) {
  const OpenFile file(path);
  struct stat info, after;
  if (file.descriptor() < 0 || ::fstat(file.descriptor(), &info) != 0)
    return invalidError("cannot open " + path + ": " + std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return invalidError("cannot read " + path + ": not a regular file");
  std::error_code error;
  const std::string place = fs::canonical(path, error).string();
  const Json identity = identityOf(place, info);
  const bool canBeKept =
      !error && isLocalDisk(file.descriptor()) && hasSettled(info, settledSeconds_);
  for (const Json& entry : canBeKept ? readKept(folder_ + kKept) : Json::array()) {
    Json expected = identity;
    expected["hash"] = entry["hash"];
    if (entry == expected) return entry["hash"].get<std::string>();
  }
  MLC_ASSIGN_OR_RETURN(const std::string hash,
                       hashOfContent(path, file.descriptor(), info.st_size));
  readBytes_ += info.st_size;
  const bool isSame =
      ::fstat(file.descriptor(), &after) == 0 && identityOf(place, after) == identity;
  if (canBeKept && isSame) keep(folder_ + kKept, identity, hash);
  return hash;
}

}  // namespace mlc::tools
