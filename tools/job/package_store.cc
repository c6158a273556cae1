#include "tools/job/package_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "runtime/base/content_hash.h"
#include "runtime/base/output_file.h"
#include "runtime/base/staging.h"
#include "runtime/package/package.h"
#include "runtime/package/weight_files.h"
#include "tools/job/cache_folder.h"
#include "tools/job/text_file.h"

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr char kEntry[] = "/entry.json";
constexpr char kPackage[] = "/package.mlcpkg";

bool isKey(const std::string& name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Of an entry's folder; -1 if there is none, or it is being removed.
int lockShared(const std::string& entry) {
  const int descriptor = ::open((entry + kEntry).c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return -1;
  struct stat info;
  const bool busy = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (!busy && ::fstat(descriptor, &info) == 0 && info.st_nlink > 0) return descriptor;
  ::close(descriptor);
  return -1;
}

// The manifest holds the hashes of all other files, which opening the package holds against them.
StatusOr<std::string> contentOf(const std::string& entry) {
  return contentHashOfFile(entry + kPackage + "/manifest.json");
}

bool hasItsWeights(const std::shared_ptr<const package::Package>& package) {
  const auto threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return package::WeightFiles(package, threads).check(piecesOf(package->manifest())).ok();
}

bool isWhole(const std::string& entry, const std::string& key, WeightCheck check) {
  const StatusOr<std::string> text = readTextFile(entry + kEntry), content = contentOf(entry);
  if (!text.ok() || !content.ok()) return false;
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("key", Json()) != key ||
      json.value("content", Json()) != *content) {
    return false;
  }
  const auto package = package::Package::open(entry + kPackage);
  return package.ok() && (check == WeightCheck::kWhenRead || hasItsWeights(*package));
}

int64_t bytesIn(const fs::path& folder) {
  int64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    const auto size = at->is_regular_file(gone) ? at->file_size(gone) : 0;
    if (!gone) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

}  // namespace

HeldPackage::HeldPackage(HeldPackage&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

HeldPackage& HeldPackage::operator=(HeldPackage&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

HeldPackage::~HeldPackage() {
  if (lock_ >= 0) ::close(lock_);
}

StatusOr<PackageStore> PackageStore::open(WeightCheck check) {
  MLC_ASSIGN_OR_RETURN(std::string folder, cacheFolder("packages"));
  collectStaging(folder, "");
  return PackageStore(std::move(folder), check);
}

StatusOr<std::optional<HeldPackage>> PackageStore::find(const std::string& key) const {
  const std::string entry = folder_ + "/" + key;
  const int lock = lockShared(entry);
  if (lock < 0) return std::optional<HeldPackage>();
  HeldPackage held(entry + kPackage, lock);
  MLC_RETURN_IF_ERROR(checkOwn(entry));
  if (!isWhole(entry, key, check_)) return std::optional<HeldPackage>();
  ::futimens(lock, nullptr);
  return std::optional<HeldPackage>(std::move(held));
}

StatusOr<HeldPackage> PackageStore::add(
    const std::string& key, const std::string& model,
    const std::function<Status(const std::string&)>& make) const {
  const std::string entry = folder_ + "/" + key;
  MLC_ASSIGN_OR_RETURN(Staging staging, Staging::folder(entry));
  MLC_RETURN_IF_ERROR(make(staging.path() + kPackage));
  MLC_ASSIGN_OR_RETURN(const std::string content, contentOf(staging.path()));
  const Json json = {{"key", key}, {"content", content}, {"model", model}};
  MLC_RETURN_IF_ERROR(writeFile(staging.path() + kEntry,
                                json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
  HeldPackage held(entry + kPackage, lockShared(staging.path()));
  while (::rename(staging.path().c_str(), entry.c_str()) != 0) {
    if (errno != ENOTEMPTY && errno != EEXIST)
      return invalidError("cannot write " + entry + ": " + std::strerror(errno));
    MLC_ASSIGN_OR_RETURN(std::optional<HeldPackage> other, find(key));
    if (other) return *std::move(other);
    // Not whole: what it was is of no use to anybody.
    MLC_ASSIGN_OR_RETURN(Staging bad, Staging::folder(entry));
    if (::rename(entry.c_str(), (bad.path() + "/bad").c_str()) != 0 && errno != ENOENT)
      return invalidError("cannot write " + entry + ": " + std::strerror(errno));
  }
  staging.release();
  return held;
}

std::vector<StoredPackage> PackageStore::list() const {
  std::vector<StoredPackage> packages;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    StoredPackage package;
    package.key = at->path().filename().string();
    struct stat info;
    if (!isKey(package.key) || ::stat((at->path().string() + kEntry).c_str(), &info) != 0) continue;
    package.lastUse = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
    package.bytes = bytesIn(at->path());
    if (const StatusOr<std::string> text = readTextFile(at->path().string() + kEntry); text.ok()) {
      const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
      if (json.is_object() && json.contains("model") && json["model"].is_string())
        package.model = json["model"];
    }
    packages.push_back(std::move(package));
  }
  std::sort(packages.begin(), packages.end(), [](const StoredPackage& a, const StoredPackage& b) {
    return a.lastUse != b.lastUse ? a.lastUse > b.lastUse : a.key < b.key;
  });
  return packages;
}

bool PackageStore::remove(const std::string& key) const {
  const std::string entry = folder_ + "/" + key;
  const int lock = ::open((entry + kEntry).c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (lock < 0) return false;
  bool removed = false;
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) {
    // Nobody finds a part of it.
    if (StatusOr<Staging> away = Staging::folder(entry); away.ok())
      removed = ::rename(entry.c_str(), (away->path() + "/removed").c_str()) == 0;
  }
  ::close(lock);
  return removed;
}

bool PackageStore::removeDamaged(HeldPackage package) const {
  const fs::path entry = fs::path(package.path()).parent_path();
  const auto opened = package::Package::open(package.path());
  if (opened.ok() && hasItsWeights(*opened)) return false;
  // Else this use of it would keep it there.
  {
    const HeldPackage released = std::move(package);
  }
  return remove(entry.filename().string());
}

ClearedPackages PackageStore::shrink(int64_t mostBytes) const {
  std::vector<StoredPackage> packages = list();
  int64_t total = 0;
  for (const StoredPackage& package : packages) total += package.bytes;
  ClearedPackages cleared;
  for (; !packages.empty() && total > mostBytes; packages.pop_back()) {
    if (!remove(packages.back().key)) {
      ++cleared.inUse;
      continue;
    }
    ++cleared.removed;
    cleared.bytes += packages.back().bytes;
    total -= packages.back().bytes;
  }
  return cleared;
}

}  // namespace mlc::tools
