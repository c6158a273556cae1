#include "partitioner/search/search.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "partitioner/cost/cost.h"
#include "partitioner/search/mesh_evaluator.h"

namespace mlc::partition {
namespace {

constexpr int kMicrobatchCounts[] = {1, 2, 4, 8, 16};

// All ranks up to this many are tried; beyond it all of them, powers of two, and one.
constexpr int kSmallCluster = 16;

std::vector<Mesh> candidateMeshes(const SearchOptions& options, int ranks, bool canCutBatch) {
  std::vector<Mesh> meshes;
  const bool isForced = options.dp > 0 || options.pp > 0 || options.tp > 0;
  auto fits = [](int forced, int size) { return forced == 0 || forced == size; };
  for (int total = 1; total <= ranks; ++total) {
    const bool isPower = (total & (total - 1)) == 0;
    if (!isForced && ranks > kSmallCluster && total != ranks && !isPower) continue;
    for (int dp = 1; dp <= total; ++dp) {
      if (total % dp != 0 || !fits(options.dp, dp)) continue;
      if (dp > 1 && options.dp == 0 && !canCutBatch) continue;
      for (int pp = 1; pp <= total / dp; ++pp) {
        if (total / dp % pp != 0 || !fits(options.pp, pp) || !fits(options.tp, total / dp / pp))
          continue;
        meshes.push_back({dp, pp, total / dp / pp});
      }
    }
  }
  return meshes;
}

// In the given order, and the fastest first.
std::vector<std::vector<int>> deviceOrders(const DeviceModel& model, const SearchOptions& options) {
  std::vector<int> given(model.devices.size());
  std::iota(given.begin(), given.end(), 0);
  std::vector<std::vector<int>> orders = {given};
  if (options.keepDeviceOrder) return orders;
  std::sort(given.begin(), given.end(), [&](int a, int b) {
    return std::pair(-model.devices[a].peak(DType::kF32), a) <
           std::pair(-model.devices[b].peak(DType::kF32), b);
  });
  if (given != orders[0]) orders.push_back(given);
  return orders;
}

std::string meshText(const Plan& plan) {
  return "dp=" + std::to_string(plan.dp) + " pp=" + std::to_string(plan.pp) +
         " tp=" + std::to_string(plan.tp);
}

std::string milliseconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f ms", seconds * 1e3);
  return text;
}

class Searcher {
 public:
  Searcher(const BlockGraph& graph, const DeviceModel& model, const SearchOptions& options,
           int ranks)
      : model_(model), options_(options), ranks_(ranks), evaluator_(graph, model, options) {}

  StatusOr<Plan> run() {
    const bool canCut = evaluator_.batchCut().ok();
    for (const Mesh& mesh : candidateMeshes(options_, ranks_, canCut)) {
      for (const std::vector<int>& order : deviceOrders(model_, options_)) {
        tryMesh(mesh, {order.begin(), order.begin() + mesh.dp * mesh.pp * mesh.tp});
      }
    }
    tryOneDevice();
    if (!best_) {
      if (options_.microbatches > 1 && evaluator_.shortage().empty()) {
        return usageError("the batch cannot be cut into " + std::to_string(options_.microbatches) +
                          " microbatches of equal size" +
                          (canCut ? "" : ": " + evaluator_.batchCut().status().message()));
      }
      return outOfMemoryError("the model does not fit: " + evaluator_.shortage());
    }
    best_->oneDeviceSeconds = oneDeviceSeconds_;
    explain(*best_);
    return std::move(*best_);
  }

 private:
  void tryMesh(const Mesh& mesh, const std::vector<int>& devices) {
    for (int microbatches : kMicrobatchCounts) {
      if (options_.microbatches > 0 && microbatches != kMicrobatchCounts[0]) break;
      if (options_.microbatches > 0) microbatches = options_.microbatches;
      // For stages to work at the same time, and for outputs to be sent meanwhile.
      const bool mayGain = mesh.pp > 1 || mesh.dp > 1;
      if (options_.microbatches == 0 && microbatches > 1 && !mayGain) break;
      auto plan = evaluator_.evaluate(mesh, devices, microbatches);
      if (!plan) continue;
      const int ranks = plan->ranks();
      if (ranks > 1 && (largestSeconds_ < 0 || ranks > largestRanks_ ||
                        (ranks == largestRanks_ && plan->predictedSeconds < largestSeconds_))) {
        largestRanks_ = ranks;
        largestSeconds_ = plan->predictedSeconds;
      }
      if (!best_ || plan->predictedSeconds < best_->predictedSeconds) best_ = std::move(plan);
    }
  }

  // The best single device that one rank may be on, as a candidate where no mesh is forced, and to
  // compare with in any case.
  void tryOneDevice() {
    const bool isFree = options_.dp == 0 && options_.pp == 0 && options_.tp == 0;
    const size_t devices = options_.keepDeviceOrder ? 1 : model_.devices.size();
    for (size_t i = 0; i < devices; ++i) {
      auto plan =
          evaluator_.evaluate({}, {static_cast<int>(i)}, std::max(1, options_.microbatches));
      if (!plan) continue;
      if (oneDeviceSeconds_ == 0 || plan->predictedSeconds < oneDeviceSeconds_)
        oneDeviceSeconds_ = plan->predictedSeconds;
      if (isFree && (!best_ || plan->predictedSeconds < best_->predictedSeconds))
        best_ = std::move(plan);
    }
  }

  void explain(Plan& plan) const {
    if (plan.ranks() < ranks_ && largestSeconds_ > 0 && largestRanks_ > plan.ranks()) {
      plan.notes.push_back(
          meshText(plan) + " on " + std::to_string(plan.ranks()) + " of " + std::to_string(ranks_) +
          " devices is faster (" + milliseconds(plan.predictedSeconds) + ") than " +
          std::to_string(largestRanks_) + " devices (" + milliseconds(largestSeconds_) + ")");
    }
    if (oneDeviceSeconds_ > 0 && plan.predictedSeconds > oneDeviceSeconds_) {
      plan.notes.push_back("one device would be faster: " + milliseconds(oneDeviceSeconds_) +
                           " instead of " + milliseconds(plan.predictedSeconds));
    }
    if (plan.dp > 1 && !evaluator_.batchCut().ok()) {
      plan.notes.push_back("replicas 1 to " + std::to_string(plan.dp - 1) +
                           " idle: " + evaluator_.batchCut().status().message());
    }
  }

  const DeviceModel& model_;
  const SearchOptions& options_;
  const int ranks_;
  MeshEvaluator evaluator_;
  std::optional<Plan> best_;
  double oneDeviceSeconds_ = 0;
  int largestRanks_ = 0;
  double largestSeconds_ = -1;
};

}  // namespace

StatusOr<Plan> search(const BlockGraph& graph, const DeviceModel& model,
                      const SearchOptions& options) {
  MLC_RETURN_IF_ERROR(verifyBlockGraph(graph));
  if (model.devices.empty()) return usageError("there are no devices to plan for");
  int ranks = static_cast<int>(model.devices.size());
  if (options.maxRanks > 0) ranks = std::min(ranks, options.maxRanks);
  const int64_t forced =
      int64_t{std::max(1, options.dp)} * std::max(1, options.pp) * std::max(1, options.tp);
  if (forced > ranks) {
    return usageError("the mesh needs " + std::to_string(forced) + " devices; there are " +
                      std::to_string(ranks));
  }
  return Searcher(graph, model, options, ranks).run();
}

}  // namespace mlc::partition
