#include "compiler/partition/stage_edges.h"

#include <algorithm>
#include <map>
#include <set>

#include "runtime/base/dim_expr.h"

namespace mlc::partition {
namespace {

std::set<std::string> symbolsOf(const Tensor& tensor) {
  std::set<std::string> symbols;
  for (const std::string& text : tensor.dimTexts) {
    auto expr = DimExpr::parse(text);
    if (expr.ok()) expr->collectSymbols(symbols);
  }
  return symbols;
}

void collectOpSymbols(const Function& main, int index, std::set<std::string>& symbols) {
  const Op& op = main.ops[index];
  for (const auto* tensors : {&op.operands, &op.results}) {
    for (int tensor : *tensors) symbols.merge(symbolsOf(main.tensors[tensor]));
  }
  for (const Factor& factor : op.factors) {
    auto expr = DimExpr::parse(factor.text);
    if (expr.ok()) expr->collectSymbols(symbols);
  }
}

class EdgeFinder {
 public:
  EdgeFinder(const Function& main, const Plan& plan)
      : main_(main),
        stages_(plan.pp),
        isRematerialized_(main.ops.size()),
        stageOf_(main.ops.size(), -1),
        needed_(plan.pp) {
    for (int op : plan.rematerializedOps) isRematerialized_[op] = true;
    for (int stage = 0; stage < plan.pp; ++stage) {
      for (int op : plan.stages[stage]) stageOf_[op] = stage;
    }
  }

  std::vector<StageEdges> run() {
    std::vector<std::set<int>> ops(stages_.size());
    for (size_t i = 0; i < main_.ops.size(); ++i) {
      if (stageOf_[i] >= 0) addOp(ops[stageOf_[i]], stageOf_[i], static_cast<int>(i));
    }
    // A model output that no op of a stage makes is for the last stage.
    std::vector<int> giverOf;
    for (int output : main_.outputs) {
      const int producer = main_.tensors[output].producer;
      const int giver = producer < 0 || stageOf_[producer] < 0
                            ? static_cast<int>(stages_.size()) - 1
                            : stageOf_[producer];
      giverOf.push_back(giver);
      if (producer < 0 || stageOf_[producer] < 0) need(ops[giver], giver, output);
    }
    for (size_t i = 0; i < giverOf.size(); ++i) {
      stages_[giverOf[i]].outputs.push_back({main_.outputs[i], static_cast<int>(i), -1, 0});
    }
    std::map<std::pair<int, int>, int> channels;
    for (size_t stage = 0; stage < stages_.size(); ++stage) {
      stages_[stage].ops.assign(ops[stage].begin(), ops[stage].end());
      for (size_t i = 0; i < main_.inputs.size(); ++i) {
        if (needed_[stage].contains(main_.inputs[i])) {
          stages_[stage].inputs.push_back({main_.inputs[i], static_cast<int>(i), -1, 0});
        }
      }
      for (int tensor : needed_[stage]) {
        const int producer = main_.tensors[tensor].producer;
        if (producer < 0) continue;
        const int from = stageOf_[producer];
        const int channel = channels[{from, static_cast<int>(stage)}]++;
        stages_[stage].inputs.push_back({tensor, -1, from, channel});
        stages_[from].outputs.push_back({tensor, -1, static_cast<int>(stage), channel});
      }
    }
    for (StageEdges& stage : stages_) bindSymbols(stage);
    return std::move(stages_);
  }

 private:
  void addOp(std::set<int>& ops, int stage, int op) {
    if (!ops.insert(op).second) return;
    for (int operand : main_.ops[op].operands) need(ops, stage, operand);
  }

  void need(std::set<int>& ops, int stage, int tensor) {
    const int producer = main_.tensors[tensor].producer;
    if (producer >= 0 && isRematerialized_[producer]) {
      addOp(ops, stage, producer);
    } else if (producer >= 0 ? stageOf_[producer] != stage : !main_.tensors[tensor].isWeight) {
      needed_[stage].insert(tensor);
    }
  }

  void bindSymbols(StageEdges& stage) {
    std::set<std::string> wanted, bound;
    for (int op : stage.ops) collectOpSymbols(main_, op, wanted);
    for (const StageOutput& output : stage.outputs)
      wanted.merge(symbolsOf(main_.tensors[output.tensor]));
    std::set<int> present;
    for (const StageInput& input : stage.inputs) {
      bound.insert(main_.tensors[input.tensor].dimTexts.begin(),
                   main_.tensors[input.tensor].dimTexts.end());
      present.insert(input.argument);
    }
    for (const std::string& symbol : wanted) {
      if (bound.contains(symbol)) continue;
      for (size_t i = 0; i < main_.inputs.size(); ++i) {
        const std::vector<std::string>& dims = main_.tensors[main_.inputs[i]].dimTexts;
        if (present.contains(static_cast<int>(i)) ||
            std::find(dims.begin(), dims.end(), symbol) == dims.end())
          continue;
        stage.inputs.insert(stage.inputs.begin(), {main_.inputs[i], static_cast<int>(i), -1, 0});
        bound.insert(dims.begin(), dims.end());
        present.insert(static_cast<int>(i));
        break;
      }
    }
  }

  const Function& main_;
  std::vector<StageEdges> stages_;
  std::vector<bool> isRematerialized_;
  std::vector<int> stageOf_;
  std::vector<std::set<int>> needed_;
};

}  // namespace

std::vector<StageEdges> findStageEdges(const Function& main, const Plan& plan) {
  return EdgeFinder(main, plan).run();
}

}  // namespace mlc::partition
