#include "partitioner/search/group_planner.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "partitioner/plan/layout.h"
#include "partitioner/search/op_choice.h"

namespace mlc::partition {
namespace {

double peakLiveBytes(const Function& function, const std::vector<int>& ops,
                     const std::vector<double>& calleeArena) {
  std::vector<int> lastUse(function.tensors.size(), -1);
  for (size_t i = 0; i < ops.size(); ++i) {
    for (int operand : function.ops[ops[i]].operands) lastUse[operand] = static_cast<int>(i);
  }
  for (int output : function.outputs) lastUse[output] = static_cast<int>(ops.size());
  double live = 0, peak = 0;
  std::vector<std::vector<int>> dying(ops.size());
  for (size_t tensor = 0; tensor < lastUse.size(); ++tensor) {
    if (lastUse[tensor] >= 0 && lastUse[tensor] < static_cast<int>(ops.size()) &&
        function.tensors[tensor].producer >= 0) {
      dying[lastUse[tensor]].push_back(static_cast<int>(tensor));
    }
  }
  std::vector<bool> isLive(function.tensors.size());
  for (size_t i = 0; i < ops.size(); ++i) {
    const Op& op = function.ops[ops[i]];
    for (int result : op.results) {
      live += function.tensors[result].bytes;
      isLive[result] = true;
    }
    peak = std::max(peak, live + (op.callee >= 0 ? calleeArena[op.callee] : 0));
    for (int tensor : dying[i]) {
      if (isLive[tensor]) live -= function.tensors[tensor].bytes;
    }
  }
  return peak;
}

// The part of a tensor's bytes that a rank has in this layout.
double part(const Layout& layout, int rank) {
  if (layout.kind != Layout::Kind::kSplit) return 1;
  const int64_t units = std::accumulate(layout.shares.begin(), layout.shares.end(), int64_t{0});
  return static_cast<double>(layout.shares[rank]) / static_cast<double>(units);
}

}  // namespace

GroupPlanner::GroupPlanner(const BlockGraph& graph, const DeviceModel& model,
                           const StatusOr<BatchCut>& batchCut)
    : graph_(graph), model_(model), functionArena_(graph.functions.size()) {
  // The batch is for dp and microbatches.
  for (size_t i = 0; i < graph.functions.size(); ++i) {
    classes_.emplace_back(graph.functions[i],
                          batchCut.ok() ? batchCut->factorOf[i] : std::vector<int>());
  }
  for (int i = static_cast<int>(graph.functions.size()) - 1; i > 0; --i) {
    functionArena_[i] =
        peakLiveBytes(graph.functions[i], wholeFunction(graph.functions[i]).ops, functionArena_);
  }
}

std::string GroupPlanner::signature(const std::vector<int>& devices) const {
  std::string text;
  std::vector<std::string> hosts;
  for (int id : devices) {
    const Device& device = model_.devices[id];
    auto host = std::find(hosts.begin(), hosts.end(), device.host);
    text += std::to_string(host - hosts.begin()) + ":";
    if (host == hosts.end()) hosts.push_back(device.host);
    for (const auto& [type, peak] : device.peakFlops)
      text += std::to_string(static_cast<int>(type)) + "=" + std::to_string(peak) + ",";
    text += std::to_string(device.memoryBandwidth) + "," +
            std::to_string(device.launchSeconds * 1e9) + ";";
    if (!model_.links.empty()) text += "#" + std::to_string(id);
  }
  return text;
}

const GroupPlan& GroupPlanner::plan(const std::vector<int>& devices, double scale, bool mustSplit) {
  const std::string key = signature(devices) + "|" + std::to_string(scale) + (mustSplit ? "!" : "");
  auto [found, isNew] = plans_.try_emplace(key);
  GroupPlan& plan = found->second;
  if (!isNew) return plan;
  const GroupCost group(model_, devices);
  const int count = static_cast<int>(graph_.functions.size());
  plan.options.scale = scale;
  plan.options.mustSplit = mustSplit;
  plan.options.callSeconds.resize(count);
  plan.functions.resize(count);
  for (int i = count - 1; i >= 0; --i) {
    const Function& function = graph_.functions[i];
    plan.functions[i] =
        shardFunction(function, classes_[i], wholeFunction(function), group, plan.options);
    plan.functions[i].function = i;
    plan.options.callSeconds[i] = plan.functions[i].seconds;
  }
  const Function& main = graph_.functions[0];
  for (size_t i = 0; i < main.ops.size(); ++i) {
    const int op = static_cast<int>(i);
    plan.opSeconds.push_back(
        makeChoice(main, op, plan.functions[0].ops[i], group, plan.options).seconds);
    plan.weightBytes.push_back(weightBytes(plan, plan.functions[0], {op}, group.size()));
  }
  return plan;
}

FunctionSharding GroupPlanner::shardStage(const std::vector<int>& devices, const GroupPlan& group,
                                          const Range& range) const {
  return shardFunction(graph_.functions[0], classes_[0], range, GroupCost(model_, devices),
                       group.options);
}

std::vector<double> GroupPlanner::weightBytes(const GroupPlan& group,
                                              const FunctionSharding& sharding,
                                              const std::vector<int>& ops, int tp) const {
  const Function& main = graph_.functions[0];
  std::vector<double> bytes(tp);
  std::set<std::pair<int, int>> counted;  // tensor, split dim
  auto add = [&](int tensor, const Layout& layout) {
    if (!main.tensors[tensor].isWeight || !counted.insert({tensor, layout.dim}).second) return;
    for (int rank = 0; rank < tp; ++rank)
      bytes[rank] += main.tensors[tensor].bytes * part(layout, rank);
  };
  // Where a block's argument is used first says how its weight is cut.
  auto layoutInCallee = [&](int function, int input) {
    const Function& callee = graph_.functions[function];
    for (size_t i = 0; i < callee.ops.size(); ++i) {
      const Op& op = callee.ops[i];
      for (size_t operand = 0; operand < op.operands.size(); ++operand) {
        if (op.operands[operand] != input || op.callee >= 0) continue;
        return operandLayout(op, group.functions[function].ops[i], static_cast<int>(operand));
      }
    }
    return Layout::replicated();
  };
  for (int index : ops) {
    const Op& op = main.ops[index];
    for (size_t i = 0; i < op.operands.size(); ++i) {
      if (!main.tensors[op.operands[i]].isWeight) continue;
      add(op.operands[i], op.callee >= 0
                              ? layoutInCallee(op.callee, graph_.functions[op.callee].inputs[i])
                              : operandLayout(op, sharding.ops[index], static_cast<int>(i)));
    }
  }
  return bytes;
}

double GroupPlanner::arenaBytes(const std::vector<int>& ops) const {
  return peakLiveBytes(graph_.functions[0], ops, functionArena_);
}

}  // namespace mlc::partition
