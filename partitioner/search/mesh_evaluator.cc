#include "partitioner/search/mesh_evaluator.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "partitioner/plan/layout.h"
#include "partitioner/search/cut_chain.h"

namespace mlc::partition {
namespace {

// A symbolic batch is cut in these parts at least: its size is not known.
constexpr int64_t kSymbolicBatchUnits = 64;

void addSharding(Plan& plan, int group, const FunctionSharding& sharding) {
  auto found = std::find(plan.shardings.begin(), plan.shardings.end(), sharding);
  plan.shardingOf[group][sharding.function] = static_cast<int>(found - plan.shardings.begin());
  if (found == plan.shardings.end()) plan.shardings.push_back(sharding);
}

void collectCallees(const BlockGraph& graph, const Function& function, const std::vector<int>& ops,
                    std::vector<bool>& isCalled) {
  for (int op : ops) {
    const int callee = function.ops[op].callee;
    if (callee < 0 || isCalled[callee]) continue;
    isCalled[callee] = true;
    collectCallees(graph, graph.functions[callee], wholeFunction(graph.functions[callee]).ops,
                   isCalled);
  }
}

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f GB", bytes / 1e9);
  return text;
}

}  // namespace

MeshEvaluator::MeshEvaluator(const BlockGraph& graph, const DeviceModel& model,
                             const SearchOptions& options)
    : graph_(graph),
      model_(model),
      options_(options),
      batchCut_(findBatchCut(graph)),
      planner_(graph, model, batchCut_) {}

std::vector<int64_t> MeshEvaluator::sharesOf(const Mesh& mesh,
                                             const std::vector<int>& devices) const {
  std::vector<int64_t> shares(mesh.dp, 0);
  shares[0] = 1;
  if (mesh.dp == 1 || !batchCut_.ok()) return shares;
  std::vector<double> speeds(mesh.dp, 0);
  const int perReplica = mesh.pp * mesh.tp;
  for (int i = 0; i < mesh.dp * perReplica; ++i)
    speeds[i / perReplica] += model_.devices[devices[i]].peak(DType::kF32);
  int64_t units = batchCut_->size;
  if (!batchCut_->symbol.empty()) units = std::max(units, kSymbolicBatchUnits);
  return proportionalShares(units, speeds);
}

std::vector<int64_t> MeshEvaluator::piecesOf(const std::vector<int64_t>& dpShares) const {
  const int64_t size = batchCut_.ok() ? batchCut_->size : 1;
  const int64_t total = std::accumulate(dpShares.begin(), dpShares.end(), int64_t{0});
  std::vector<int64_t> pieces;
  int64_t before = 0;
  for (int64_t share : dpShares) {
    pieces.push_back(size * (before + share) / total - size * before / total);
    before += share;
  }
  return pieces;
}

bool MeshEvaluator::canCutBatch(const std::vector<int64_t>& pieces, int microbatches) const {
  if (microbatches == 1) return true;
  if (!batchCut_.ok()) return false;
  // A symbolic batch has any size at run time, so who asks for microbatches gets them.
  if (!batchCut_->symbol.empty() && options_.microbatches == microbatches) return true;
  return std::all_of(pieces.begin(), pieces.end(),
                     [&](int64_t piece) { return piece % microbatches == 0; });
}

std::vector<int> MeshEvaluator::cutStages(const Mesh& mesh, const StageChain& chain,
                                          const std::vector<std::vector<int>>& groups,
                                          const std::vector<const GroupPlan*>& plans,
                                          const std::vector<int64_t>& dpShares) const {
  const int count = static_cast<int>(chain.ops.size());
  // Per group: sums over the chain of seconds, and of the weights of each rank.
  std::vector<std::vector<double>> seconds(groups.size(), std::vector<double>(count + 1));
  std::vector<std::vector<std::vector<double>>> weights(groups.size());
  for (size_t g = 0; g < groups.size(); ++g) {
    weights[g].assign(mesh.tp, std::vector<double>(count + 1));
    for (int i = 0; i < count; ++i) {
      seconds[g][i + 1] = seconds[g][i] + plans[g]->opSeconds[chain.ops[i]];
      for (int t = 0; t < mesh.tp; ++t)
        weights[g][t][i + 1] = weights[g][t][i] + plans[g]->weightBytes[chain.ops[i]][t];
    }
  }
  const int firstComputed = graph_.functions[0].firstComputed;
  return cutChain(count, mesh.pp, [&](int stage, int begin, int end) {
    if (firstComputed >= 0 && end < count && chain.ops[end] > firstComputed)
      return static_cast<double>(INFINITY);
    double slowest = 0;
    for (int d = 0; d < mesh.dp; ++d) {
      const int g = d * mesh.pp + stage;
      if (dpShares[d] == 0) continue;
      for (int t = 0; t < mesh.tp; ++t) {
        const double capacity = model_.devices[groups[g][t]].memoryBytes;
        if (capacity > 0 && weights[g][t][end] - weights[g][t][begin] > capacity)
          return static_cast<double>(INFINITY);
      }
      double own = seconds[g][end] - seconds[g][begin];
      if (stage > 0 && begin > 0) {
        own += sendSeconds(model_.link(groups[g - 1][0], groups[g][0]),
                           chain.crossingBytes[begin] * plans[g]->options.scale);
      }
      slowest = std::max(slowest, own);
    }
    return slowest;
  });
}

bool MeshEvaluator::fitMemory(Plan& plan, const StageChain& chain, const std::vector<int>& cuts,
                              const std::vector<const GroupPlan*>& plans,
                              const std::vector<FunctionSharding>& mains) {
  double shortage = 0;
  std::string message;
  for (int g = 0; g < plan.dp * plan.pp; ++g) {
    const int stage = g % plan.pp;
    const Range range =
        stageRange(graph_.functions[0], chain, cuts[stage], cuts[stage + 1], stage + 1 == plan.pp);
    const double arena = planner_.arenaBytes(range.ops) * plans[g]->options.scale;
    const std::vector<double> weights =
        planner_.weightBytes(*plans[g], mains[g], range.ops, plan.tp);
    for (int t = 0; t < plan.tp; ++t) {
      const double bytes = plan.dpShares[g / plan.pp] == 0 ? 0 : weights[t] + arena;
      plan.memoryBytes.push_back(bytes);
      const Device& device = model_.devices[plan.devices[g * plan.tp + t]];
      if (device.memoryBytes == 0 || bytes - device.memoryBytes <= shortage) continue;
      shortage = bytes - device.memoryBytes;
      message = "device '" + device.name + "' needs " + gigabytes(bytes) + " (weights " +
                gigabytes(weights[t]) + ") and has " + gigabytes(device.memoryBytes) +
                " with dp=" + std::to_string(plan.dp) + " pp=" + std::to_string(plan.pp) +
                " tp=" + std::to_string(plan.tp) + "; add " + gigabytes(shortage) +
                " to it, or more devices";
    }
  }
  if (shortage > 0 && (smallestShortage_ < 0 || shortage < smallestShortage_)) {
    smallestShortage_ = shortage;
    shortage_ = message;
  }
  return shortage == 0;
}

double MeshEvaluator::outputSeconds(const std::vector<int>& devices, int from, double scale) const {
  if (model_.devices[from].host == model_.devices[devices[0]].host) return 0;
  const Function& main = graph_.functions[0];
  double bytes = 0;
  for (const int output : main.outputs) {
    if (!main.tensors[output].isState) bytes += main.tensors[output].bytes;
  }
  return bytes == 0 ? 0 : sendSeconds(model_.link(devices[0], from), bytes * scale);
}

std::optional<Plan> MeshEvaluator::evaluate(const Mesh& mesh, const std::vector<int>& devices,
                                            int microbatches) {
  Plan plan;
  plan.dp = mesh.dp;
  plan.pp = mesh.pp;
  plan.tp = mesh.tp;
  plan.devices = devices;
  plan.microbatches = microbatches;
  for (int id : devices) plan.deviceNames.push_back(model_.devices[id].name);
  plan.dpShares = sharesOf(mesh, devices);
  const std::vector<int64_t> pieces = piecesOf(plan.dpShares);
  if (!canCutBatch(pieces, microbatches)) return std::nullopt;

  const Function& main = graph_.functions[0];
  std::vector<std::vector<int>> groups;
  std::vector<const GroupPlan*> plans;
  for (int g = 0; g < mesh.dp * mesh.pp; ++g) {
    groups.emplace_back(devices.begin() + g * mesh.tp, devices.begin() + (g + 1) * mesh.tp);
    const int64_t piece = pieces[g / mesh.pp];
    const double scale = static_cast<double>((piece + microbatches - 1) / microbatches) /
                         (batchCut_.ok() ? batchCut_->size : 1);
    plans.push_back(&planner_.plan(groups.back(), scale > 0 ? scale : 1, options_.tp > 1));
  }
  const StageChain chain = makeStageChain(main, graph_, model_, mesh.pp);
  plan.rematerializedOps = chain.rematerializedOps;
  const std::vector<int> cuts = cutStages(mesh, chain, groups, plans, plan.dpShares);
  if (cuts.empty()) {
    if (shortage_.empty())
      shortage_ = "the weights do not fit with pp=" + std::to_string(mesh.pp) +
                  " tp=" + std::to_string(mesh.tp);
    return std::nullopt;
  }
  for (int s = 0; s < mesh.pp; ++s)
    plan.stages.emplace_back(chain.ops.begin() + cuts[s], chain.ops.begin() + cuts[s + 1]);

  plan.shardingOf.assign(groups.size(), std::vector<int>(graph_.functions.size(), -1));
  std::vector<FunctionSharding> mains;
  for (int d = 0; d < mesh.dp; ++d) {
    double total = 0, slowest = 0;
    for (int s = 0; s < mesh.pp; ++s) {
      const int g = d * mesh.pp + s;
      const Range range = stageRange(main, chain, cuts[s], cuts[s + 1], s + 1 == mesh.pp);
      mains.push_back(planner_.shardStage(groups[g], *plans[g], range));
      addSharding(plan, g, mains.back());
      std::vector<bool> isCalled(graph_.functions.size());
      collectCallees(graph_, main, range.ops, isCalled);
      for (size_t f = 1; f < isCalled.size(); ++f) {
        if (isCalled[f]) addSharding(plan, g, plans[g]->functions[f]);
      }
      double seconds = mains.back().seconds;
      if (s > 0 && cuts[s] > 0 && cuts[s] < cuts.back()) {
        seconds += sendSeconds(model_.link(groups[g - 1][0], groups[g][0]),
                               chain.crossingBytes[cuts[s]] * plans[g]->options.scale);
      }
      total += seconds;
      slowest = std::max(slowest, seconds);
    }
    if (pieces[d] == 0) continue;
    const auto rounds = static_cast<double>(std::min<int64_t>(microbatches, pieces[d]));
    const GroupPlan& last = *plans[(d + 1) * mesh.pp - 1];
    const double outputs =
        outputSeconds(devices, groups[(d + 1) * mesh.pp - 1][0], last.options.scale);
    slowest = std::max(slowest, outputs);
    plan.predictedSeconds =
        std::max(plan.predictedSeconds, total + (rounds - 1) * slowest + outputs);
  }
  if (!fitMemory(plan, chain, cuts, plans, mains)) return std::nullopt;
  return plan;
}

}  // namespace mlc::partition
