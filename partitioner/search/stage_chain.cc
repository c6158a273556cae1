#include "partitioner/search/stage_chain.h"

#include <algorithm>
#include <set>

#include "partitioner/cost/cost.h"

namespace mlc::partition {
namespace {

// So many that no cut is worth it.
constexpr double kNeverSent = 1e15;
// Rematerialized ops together stay below this part of the model's work each.
constexpr double kNegligible = 0.005;

std::pair<double, double> workOf(const Function& function, const BlockGraph& graph) {
  std::pair<double, double> total{0, 0};
  for (const Op& op : function.ops) {
    std::pair<double, double> own{op.operations, op.bytes};
    if (op.callee >= 0) own = workOf(graph.functions[op.callee], graph);
    total.first += own.first;
    total.second += own.second;
  }
  return total;
}

// Ops of inputs and weights only that are done sooner than their result is sent.
std::vector<int> findRematerializedOps(const Function& main, const BlockGraph& graph,
                                       const DeviceModel& model) {
  const auto [operations, bytes] = workOf(main, graph);
  double slowestSend = sendSeconds(model.sameHost, 0);
  std::vector<double> chainSeconds(main.tensors.size(), 0);
  std::vector<bool> isRematerialized(main.ops.size());
  std::vector<int> rematerialized;
  for (size_t i = 0; i < main.ops.size(); ++i) {
    const Op& op = main.ops[i];
    if (op.callee >= 0 || op.operations > kNegligible * operations ||
        op.bytes > kNegligible * bytes)
      continue;
    // What gives nothing has an effect, once; what has computed sizes stays beside them.
    if (op.results.empty()) continue;
    if (main.firstComputed >= 0 && static_cast<int>(i) >= main.firstComputed) break;
    double seconds = 0, resultBytes = 0;
    for (const Device& device : model.devices)
      seconds = std::max(seconds, opSeconds(op, device, 1, 1));
    bool isPure = true;
    for (int operand : op.operands) {
      const int producer = main.tensors[operand].producer;
      // What writes a state does so once.
      isPure =
          isPure && (producer < 0 || isRematerialized[producer]) && !main.tensors[operand].isState;
      seconds += chainSeconds[operand];
    }
    for (int result : op.results) resultBytes += main.tensors[result].bytes;
    if (!isPure || seconds > slowestSend + resultBytes / model.sameHost.bandwidth) continue;
    isRematerialized[i] = true;
    rematerialized.push_back(static_cast<int>(i));
    for (int result : op.results) chainSeconds[result] = seconds;
  }
  return rematerialized;
}

}  // namespace

StageChain makeStageChain(const Function& main, const BlockGraph& graph, const DeviceModel& model,
                          int stages) {
  StageChain chain;
  if (stages > 1) chain.rematerializedOps = findRematerializedOps(main, graph, model);
  std::vector<int> position(main.ops.size(), -1);
  for (size_t i = 0; i < main.ops.size(); ++i) {
    if (std::binary_search(chain.rematerializedOps.begin(), chain.rematerializedOps.end(),
                           static_cast<int>(i)))
      continue;
    position[i] = static_cast<int>(chain.ops.size());
    chain.ops.push_back(static_cast<int>(i));
  }
  std::vector<int> lastUse(main.tensors.size(), -1);
  for (int index : chain.ops) {
    for (int operand : main.ops[index].operands) lastUse[operand] = position[index];
  }
  std::vector<double> change(chain.ops.size() + 2);
  for (size_t tensor = 0; tensor < main.tensors.size(); ++tensor) {
    const int producer = main.tensors[tensor].producer;
    if (producer < 0 || position[producer] < 0 || lastUse[tensor] <= position[producer]) continue;
    const double bytes = main.tensors[tensor].isState ? kNeverSent : main.tensors[tensor].bytes;
    change[position[producer] + 1] += bytes;
    change[lastUse[tensor] + 1] -= bytes;
  }
  double crossing = 0;
  for (size_t i = 0; i <= chain.ops.size(); ++i)
    chain.crossingBytes.push_back(crossing += change[i]);
  return chain;
}

Range stageRange(const Function& main, const StageChain& chain, int begin, int end, bool isLast) {
  std::set<int> ops(chain.ops.begin() + begin, chain.ops.begin() + end);
  std::set<int> outputs;
  std::vector<int> needed;
  for (int op : ops)
    needed.insert(needed.end(), main.ops[op].operands.begin(), main.ops[op].operands.end());
  if (isLast) needed.insert(needed.end(), main.outputs.begin(), main.outputs.end());
  while (!needed.empty()) {
    const int producer = main.tensors[needed.back()].producer;
    needed.pop_back();
    if (producer < 0 || !std::binary_search(chain.rematerializedOps.begin(),
                                            chain.rematerializedOps.end(), producer))
      continue;
    if (ops.insert(producer).second) {
      needed.insert(needed.end(), main.ops[producer].operands.begin(),
                    main.ops[producer].operands.end());
    }
  }
  auto isRematerialized = [&](int op) {
    return std::binary_search(chain.rematerializedOps.begin(), chain.rematerializedOps.end(), op);
  };
  auto isGiven = [&](int tensor) {
    const int producer = main.tensors[tensor].producer;
    return producer >= 0 && ops.contains(producer) && !isRematerialized(producer);
  };
  for (int output : main.outputs) {
    const int producer = main.tensors[output].producer;
    if (isGiven(output) || (isLast && producer >= 0 && isRematerialized(producer)))
      outputs.insert(output);
  }
  for (int i = end; i < static_cast<int>(chain.ops.size()); ++i) {
    for (int operand : main.ops[chain.ops[i]].operands) {
      if (isGiven(operand)) outputs.insert(operand);
    }
  }
  return {{ops.begin(), ops.end()}, {outputs.begin(), outputs.end()}};
}

}  // namespace mlc::partition
