// The packages in the cache: $MLC_CACHE/packages/KEY holds package.mlcpkg and entry.json, which
// binds the key to the package's content.
//
// Processes share it without a daemon: an entry appears by a rename, is locked (entry.json, flock)
// as long as somebody uses it, and its time of use is that file's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::tools {

// An entry that is not removed while this lives. Movable.
class HeldPackage {
 public:
  HeldPackage(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  HeldPackage(HeldPackage&& other) noexcept;
  HeldPackage& operator=(HeldPackage&& other) noexcept;
  ~HeldPackage();

  const std::string& path() const { return path_; }  // of the package

 private:
  std::string path_;
  int lock_;
};

struct StoredPackage {
  std::string key, model;
  int64_t bytes = 0;
  int64_t lastUse = 0;  // nanoseconds since 1970
};

// When the weights of a package that is found are held against their hashes; everything else always
// is at once.
enum class WeightCheck {
  kWhenRead,   // by the ranks, each what it reads
  kWhenFound,  // all of them
};

struct ClearedPackages {
  int removed = 0, inUse = 0;
  int64_t bytes = 0;
};

class PackageStore {
 public:
  // Fails where the cache is not its user's own (cache_folder.h).
  static StatusOr<PackageStore> open(WeightCheck check = WeightCheck::kWhenRead);

  // The package of that key, whose bytes are what they were when it was put there, but for weights
  // that are checked later. What is there and is not so counts as absent; an entry that is not the
  // user's own is an error.
  StatusOr<std::optional<HeldPackage>> find(const std::string& key) const;

  // Has it made under the path that `make` is given, in place of what is there. If somebody else
  // has made it meanwhile, that one is given.
  StatusOr<HeldPackage> add(const std::string& key, const std::string& model,
                            const std::function<Status(const std::string&)>& make) const;

  // Removes a package if its weights are not what they were when it was put there. Whether it did.
  bool removeDamaged(HeldPackage package) const;

  // The one that was used last in front.
  std::vector<StoredPackage> list() const;

  // Removes those that were used the longest ago until no more bytes are left than that, but none
  // that is in use.
  ClearedPackages shrink(int64_t mostBytes) const;

  const std::string& folder() const { return folder_; }

 private:
  PackageStore(std::string folder, WeightCheck check) : folder_(std::move(folder)), check_(check) {}
  bool remove(const std::string& key) const;

  std::string folder_;
  WeightCheck check_;
};

}  // namespace mlc::tools
