#include "tools/run/manage_cache.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <iostream>

#include "tools/job/package_store.h"
#include "tools/job/report_output.h"

namespace mlc::tools {
namespace {

std::string listText(const PackageStore& store, uint64_t limit) {
  std::string text;
  int64_t total = 0;
  for (const StoredPackage& package : store.list()) {
    text += fmt::format(
        "{}  {:>12}  {:%Y-%m-%d %H:%M}  {}\n", package.key.substr(0, 12), megabytes(package.bytes),
        fmt::localtime(static_cast<time_t>(package.lastUse / 1'000'000'000)), package.model);
    total += package.bytes;
  }
  return text + fmt::format("{} of at most {} in {}\n", megabytes(total),
                            megabytes(static_cast<int64_t>(limit)), store.folder());
}

std::string clear(const PackageStore& store) {
  const ClearedPackages cleared = store.shrink(-1);
  std::string text = fmt::format("removed {} packages, {}, from {}\n", cleared.removed,
                                 megabytes(cleared.bytes), store.folder());
  if (cleared.inUse) text += fmt::format("{} are in use, and stay\n", cleared.inUse);
  return text;
}

}  // namespace

int manageCache(const RunOptions& options) {
  const StatusOr<PackageStore> store = PackageStore::open();
  if (!store.ok()) {
    std::cerr << "mlc-run: " << store.status().message() << std::endl;
    return static_cast<int>(store.status().code());
  }
  std::cout << (options.cacheAction == "list" ? listText(*store, options.package.cacheLimit)
                                              : clear(*store))
            << std::flush;
  return 0;
}

}  // namespace mlc::tools
