// One rank's part of a job. Ranks that are threads of a process share the package and its weights.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "collectives/communicator.h"
#include "runtime/package/weight_store.h"
#include "tools/options/options.h"
#include "tools/run/report.h"

namespace mlc::tools {

// The package as it is open in this process.
class OpenPackage {
 public:
  // Opens it at the first call, if it is signed by a key of that file where one is named. Safe to
  // call from several threads. `areWeightsChecked`: those of this process's ranks, already.
  Status open(const std::string& path, const std::string& trustFile, bool areWeightsChecked);
  const std::shared_ptr<const package::Package>& package() const { return package_; }
  const std::shared_ptr<package::WeightStore>& store() const { return store_; }

 private:
  std::mutex mutex_;
  std::optional<Status> opened_;
  std::shared_ptr<const package::Package> package_;
  std::shared_ptr<package::WeightStore> store_;
};

// Called by all ranks of the job: compiles or finds the package, runs it, and gives the report on
// rank 0.
StatusOr<RunReport> runRank(collectives::Communicator& world, const RunOptions& options,
                            OpenPackage& open);

}  // namespace mlc::tools
