#include "compiler/partition/apply_plan.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "compiler/dialect/dist/dist_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "compiler/partition/rank_emitter.h"
#include "compiler/partition/stage_edges.h"
#include "llvm/Support/raw_ostream.h"
#include "partitioner/plan/batch_cut.h"

namespace mlc::partition {
namespace {

using mlir::func::FuncOp;
using package::ProgramInput;
using package::ProgramOutput;
using package::TensorSpec;

Status doesNotFit(const std::string& what) {
  return invalidError("the plan does not fit the model: " + what);
}

// Every op of main is in one stage, in order, or rematerialized.
Status checkStages(const Function& main, const Plan& plan) {
  std::vector<int> all = plan.rematerializedOps;
  int last = -1;
  for (const std::vector<int>& stage : plan.stages) {
    for (int op : stage) {
      if (op <= last) return doesNotFit("stages out of order");
      last = op;
      all.push_back(op);
    }
  }
  for (const std::vector<int>& stage : plan.stages) {
    if (main.firstComputed >= 0 && !stage.empty() && stage.front() > main.firstComputed)
      return doesNotFit("a stage begins behind '" + main.ops[main.firstComputed].name +
                        "', which computes sizes");
  }
  std::sort(all.begin(), all.end());
  std::vector<int> expected(main.ops.size());
  std::iota(expected.begin(), expected.end(), 0);
  return all == expected ? okStatus()
                         : doesNotFit("its stages have " + std::to_string(all.size()) +
                                      " ops, the model " + std::to_string(main.ops.size()));
}

Status checkShardings(const BlockGraph& graph, const Plan& plan) {
  for (const FunctionSharding& sharding : plan.shardings) {
    if (sharding.function < 0 || sharding.function >= static_cast<int>(graph.functions.size()))
      return doesNotFit("number of functions");
    if (sharding.ops.size() != graph.functions[sharding.function].ops.size())
      return doesNotFit("number of ops");
  }
  for (const std::vector<int>& functions : plan.shardingOf) {
    if (functions.size() != graph.functions.size()) return doesNotFit("number of functions");
    for (size_t i = 0; i < functions.size(); ++i) {
      const int sharding = functions[i];
      if (sharding < 0 ? i == 0 : plan.shardings[sharding].function != static_cast<int>(i))
        return doesNotFit("shardings");
      // Of main's calls the stage may have none.
      for (const Op& op : graph.functions[i].ops) {
        if (i > 0 && sharding >= 0 && op.callee >= 0 && functions[op.callee] < 0)
          return doesNotFit("no sharding of a block");
      }
    }
  }
  return okStatus();
}

TensorSpec specOf(std::string name, mlir::Type type) {
  TensorSpec spec{std::move(name), graph::dtypeOf(type), {}};
  for (const DimExpr& dim : graph::shapeOf(type)) spec.dims.push_back(dim.str());
  spec.holds = graph::heldTypeText(type);
  return spec;
}

std::string nameOr(llvm::StringRef name, const std::string& otherwise, size_t index) {
  return name.empty() ? otherwise + std::to_string(index) : name.str();
}

std::string textOf(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, mlir::OpPrintingFlags().enableDebugInfo(true));
  return text;
}

class PlanApplier {
 public:
  PlanApplier(mlir::ModuleOp module, const ModelGraph& model, const Plan& plan)
      : module_(module), model_(model), plan_(plan) {}

  StatusOr<RankPrograms> run() {
    module_.getContext()->loadDialect<dist::DistDialect>();
    MLC_RETURN_IF_ERROR(checkStages(main(), plan_));
    MLC_RETURN_IF_ERROR(checkShardings(model_.graph, plan_));
    MLC_RETURN_IF_ERROR(findCut());
    describeModel();
    const std::vector<StageEdges> edges = findStageEdges(main(), plan_);
    for (int rank = 0; rank < plan_.ranks(); ++rank) {
      const int group = rank / plan_.tp, stage = group % plan_.pp, replica = group / plan_.pp;
      const StageEdges& own = edges[stage];
      if (plan_.dpShares[replica] == 0 || own.outputs.empty()) {
        programs_.programOfRank.push_back(-1);
        continue;
      }
      MLC_RETURN_IF_ERROR(addRank(group, replica, rank % plan_.tp, own));
    }
    return std::move(programs_);
  }

 private:
  const Function& main() const { return model_.graph.functions[0]; }
  bool isCut() const { return cut_.has_value(); }

  Status findCut() {
    const bool isOneReplica = std::count_if(plan_.dpShares.begin(), plan_.dpShares.end(),
                                            [](int64_t share) { return share > 0; }) == 1;
    if (isOneReplica && plan_.microbatches == 1) return okStatus();
    MLC_ASSIGN_OR_RETURN(cut_, findBatchCut(model_.graph));
    if (!cut_->symbol.empty()) return okStatus();
    const int64_t total = std::accumulate(plan_.dpShares.begin(), plan_.dpShares.end(), int64_t{0});
    for (int64_t share : plan_.dpShares) {
      if (cut_->size * share % (total * plan_.microbatches) != 0) {
        return doesNotFit("its shares and microbatches do not divide the batch of " +
                          std::to_string(cut_->size));
      }
    }
    return okStatus();
  }

  void describeModel() {
    FuncOp function = model_.functions[0];
    for (size_t i = 0; i < main().inputs.size(); ++i) {
      const std::string name = nameOr(attr::argumentName(function, i), "input", i);
      programs_.inputs.push_back(specOf(name, function.getArgumentTypes()[i]));
    }
    for (size_t i = 0; i < main().outputs.size(); ++i) {
      const std::string name = nameOr(attr::resultName(function, i), "output", i);
      programs_.outputs.push_back(specOf(name, function.getResultTypes()[i]));
    }
  }

  std::vector<package::Split> splitsOf(int tensor) const {
    if (!isCut() || cut_->dimOf[0][tensor] < 0) return {};
    return {{cut_->dimOf[0][tensor], "dp", plan_.dpShares}};
  }

  Status addRank(int group, int replica, int tpRank, const StageEdges& edges) {
    RankSetting setting;
    setting.tpRank = tpRank;
    setting.tpSize = plan_.tp;
    for (int sharding : plan_.shardingOf[group])
      setting.shardings.push_back(sharding < 0 ? nullptr : &plan_.shardings[sharding]);
    if (isCut() && cut_->symbol.empty()) {
      const int64_t total =
          std::accumulate(plan_.dpShares.begin(), plan_.dpShares.end(), int64_t{0});
      setting.batchCut = &*cut_;
      setting.localBatch = cut_->size * plan_.dpShares[replica] / (total * plan_.microbatches);
    }
    MLC_ASSIGN_OR_RETURN(mlir::OwningOpRef<mlir::ModuleOp> module,
                         RankEmitter(model_, setting).emit(edges));
    // Equal text is an equal program: what enters and leaves follows from the stage.
    const std::string key = std::to_string(group % plan_.pp) + "\n" + textOf(*module);
    auto [known, isNew] = known_.try_emplace(key, static_cast<int>(programs_.programs.size()));
    programs_.programOfRank.push_back(known->second);
    if (isNew) addProgram(std::move(module), edges);
    return okStatus();
  }

  void addProgram(mlir::OwningOpRef<mlir::ModuleOp> module, const StageEdges& edges) {
    RankProgram program;
    auto function = module->lookupSymbol<FuncOp>("main");
    for (size_t i = 0; i < edges.inputs.size(); ++i) {
      const StageInput& edge = edges.inputs[i];
      ProgramInput input;
      const bool isModel = edge.argument >= 0;
      const std::string name =
          isModel ? programs_.inputs[edge.argument].name : main().tensors[edge.tensor].name;
      input.kind = isModel ? ProgramInput::Kind::kModelInput : ProgramInput::Kind::kReceive;
      input.spec = specOf(name, function.getArgumentTypes()[i]);
      input.index = isModel ? edge.argument : 0;
      if (isModel) input.splits = splitsOf(edge.tensor);
      input.from_stage = isModel ? 0 : edge.fromStage;
      input.channel = edge.channel;
      program.inputs.push_back(std::move(input));
    }
    for (size_t i = 0; i < edges.outputs.size(); ++i) {
      const StageOutput& edge = edges.outputs[i];
      ProgramOutput output;
      const bool isModel = edge.output >= 0;
      const std::string name =
          isModel ? programs_.outputs[edge.output].name : main().tensors[edge.tensor].name;
      output.kind = isModel ? ProgramOutput::Kind::kModelOutput : ProgramOutput::Kind::kSend;
      output.spec = specOf(name, function.getResultTypes()[i]);
      output.index = isModel ? edge.output : 0;
      if (isModel) output.splits = splitsOf(edge.tensor);
      output.to_stage = isModel ? 0 : edge.toStage;
      output.channel = edge.channel;
      program.outputs.push_back(std::move(output));
    }
    program.module = std::move(module);
    programs_.programs.push_back(std::move(program));
  }

  mlir::ModuleOp module_;
  const ModelGraph& model_;
  const Plan& plan_;
  std::optional<BatchCut> cut_;
  std::map<std::string, int> known_;
  RankPrograms programs_;
};

}  // namespace

StatusOr<RankPrograms> applyPlan(mlir::ModuleOp module, const ModelGraph& graph, const Plan& plan) {
  return PlanApplier(module, graph, plan).run();
}

}  // namespace mlc::partition
