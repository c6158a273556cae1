#include "compiler/partition/simulate_ranks.h"

#include <barrier>
#include <cstring>
#include <map>
#include <numeric>
#include <thread>

#include "compiler/dialect/dist/dist_dialect.h"
#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/evaluate/evaluator.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "partitioner/plan/layout.h"

namespace mlc::partition {
namespace {

using Tensors = std::vector<HostTensor>;

// Bytes of what is within one index of the dim.
size_t innerBytes(const HostTensor& tensor, int dim) {
  size_t bytes = elementBytes(tensor.dtype());
  for (size_t i = dim + 1; i < tensor.shape().size(); ++i) bytes *= tensor.shape()[i];
  return bytes;
}

int64_t outerCount(const HostTensor& tensor, int dim) {
  return std::accumulate(tensor.shape().begin(), tensor.shape().begin() + dim, int64_t{1},
                         std::multiplies<>());
}

HostTensor pieceOf(const HostTensor& whole, int dim, int64_t offset, int64_t size) {
  std::vector<int64_t> shape = whole.shape();
  shape[dim] = size;
  HostTensor piece = HostTensor::uninitialized(whole.dtype(), shape);
  const size_t inner = innerBytes(whole, dim), row = inner * whole.shape()[dim];
  for (int64_t i = 0; i < outerCount(whole, dim); ++i) {
    if (size > 0)
      std::memcpy(piece.data<char>() + i * inner * size,
                  whole.data<char>() + i * row + offset * inner, inner * size);
  }
  return piece;
}

HostTensor joined(const Tensors& pieces, int dim) {
  std::vector<int64_t> shape = pieces[0].shape();
  shape[dim] = 0;
  for (const HostTensor& piece : pieces) shape[dim] += piece.shape()[dim];
  HostTensor whole = HostTensor::uninitialized(pieces[0].dtype(), shape);
  const size_t inner = innerBytes(whole, dim), row = inner * shape[dim];
  size_t offset = 0;
  for (const HostTensor& piece : pieces) {
    const size_t bytes = inner * piece.shape()[dim];
    for (int64_t i = 0; bytes > 0 && i < outerCount(whole, dim); ++i) {
      std::memcpy(whole.data<char>() + i * row + offset, piece.data<char>() + i * bytes, bytes);
    }
    offset += bytes;
  }
  return whole;
}

template <typename T>
T combine(T a, T b, graph::ReduceKind kind) {
  switch (kind) {
    case graph::ReduceKind::max:
      return std::max(a, b);
    case graph::ReduceKind::min:
      return std::min(a, b);
    default:
      return a + b;
  }
}

HostTensor reduced(const Tensors& parts, graph::ReduceKind kind) {
  HostTensor result =
      pieceOf(parts[0].reshaped({1, parts[0].numElements()}), 0, 0, 1).reshaped(parts[0].shape());
  for (size_t part = 1; part < parts.size(); ++part) {
    for (int64_t i = 0; i < result.numElements(); ++i) {
      if (isFloat(result.dtype())) {
        storeFloat(result, i, combine(loadFloat(result, i), loadFloat(parts[part], i), kind));
      } else {
        storeInteger(result, i, combine(loadInteger(result, i), loadInteger(parts[part], i), kind));
      }
    }
  }
  return result;
}

// The tp ranks of one stage: each gives a tensor and sees everyone's.
class Exchange {
 public:
  explicit Exchange(int ranks) : given_(ranks), barrier_(ranks) {}

  Tensors all(int rank, HostTensor tensor) {
    given_[rank] = std::move(tensor);
    barrier_.arrive_and_wait();
    Tensors seen = given_;
    barrier_.arrive_and_wait();
    return seen;
  }
  // After an error the others must not wait for this rank.
  void leave() { barrier_.arrive_and_drop(); }

 private:
  Tensors given_;
  std::barrier<> barrier_;
};

llvm::LogicalResult evaluateCollective(mlir::Operation* op, const HostTensor& input, int rank,
                                       Exchange& exchange, HostTensor& result) {
  const Tensors parts = exchange.all(rank, input);
  if (auto reduce = llvm::dyn_cast<dist::AllReduceOp>(op)) {
    result = reduced(parts, reduce.getKind());
  } else if (auto gather = llvm::dyn_cast<dist::AllGatherOp>(op)) {
    for (size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].shape()[gather.getDim()] != gather.getSizes()[i])
        return op->emitError("rank gives another size than stated");
    }
    result = joined(parts, static_cast<int>(gather.getDim()));
  } else if (auto scatter = llvm::dyn_cast<dist::ReduceScatterOp>(op)) {
    const int64_t offset =
        std::accumulate(scatter.getSizes().begin(), scatter.getSizes().begin() + rank, int64_t{0});
    result = pieceOf(reduced(parts, scatter.getKind()), static_cast<int>(scatter.getDim()), offset,
                     scatter.getSizes()[rank]);
  } else {
    return op->emitError("is not known");
  }
  return mlir::success();
}

// What the loader does: cuts the weights.
void cutWeights(mlir::ModuleOp module, const graph::WeightTable& weights, int tpRank) {
  module.walk([&](graph::WeightOp op) {
    const dist::CutAttr cut = dist::cutOf(op);
    if (!cut) return;
    const std::vector<int64_t>& shape = weights.find(op.getName().str())->shape;
    const std::vector<int64_t> sizes = pieceSizes(shape[cut.getDim()], cut.getShares().vec());
    mlir::OpBuilder builder(op->getContext());
    builder.setInsertionPointAfter(op);
    mlir::Type local = op.getType();
    op.getResult().setType(mlir::RankedTensorType::get(shape, mlir::getElementTypeOrSelf(local)));
    llvm::SmallVector<DimExpr> starts(shape.size(), DimExpr(0));
    starts[cut.getDim()] = std::accumulate(sizes.begin(), sizes.begin() + tpRank, int64_t{0});
    llvm::SmallVector<int64_t> steps(starts.size(), 1);
    auto slice = graph::SliceOp::create(builder, op.getLoc(), local, op.getResult(),
                                        graph::dimsAttr(op->getContext(), starts),
                                        builder.getDenseI64ArrayAttr(steps));
    op.getResult().replaceAllUsesExcept(slice.getResult(), slice);
  });
}

bool isSame(const HostTensor& a, const HostTensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

class Simulation {
 public:
  Simulation(const RankPrograms& programs, const Plan& plan, const Tensors& inputs,
             const graph::WeightTable* weights)
      : programs_(programs),
        plan_(plan),
        inputs_(inputs),
        weights_(weights),
        outputs_(programs.outputs.size()) {}

  StatusOr<Tensors> run() {
    for (int replica = 0; replica < plan_.dp; ++replica) {
      if (plan_.dpShares[replica] == 0) continue;
      for (int microbatch = 0; microbatch < plan_.microbatches; ++microbatch) {
        messages_.clear();
        for (int stage = 0; stage < plan_.pp; ++stage)
          MLC_RETURN_IF_ERROR(runStage(replica, microbatch, stage));
      }
    }
    Tensors results;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (outputs_[i].empty()) return invalidError("output " + std::to_string(i) + " is not made");
      results.push_back(outputs_[i].size() == 1 ? outputs_[i][0]
                                                : joined(outputs_[i], splitDim_[i]));
    }
    return results;
  }

 private:
  HostTensor localInput(const package::ProgramInput& input, int replica, int microbatch) const {
    const HostTensor& whole = inputs_[input.index];
    if (input.splits.empty()) return whole;
    const package::Split& split = input.splits[0];
    const int64_t units = std::accumulate(split.shares.begin(), split.shares.end(), int64_t{0}),
                  size = whole.shape()[split.dim];
    const int64_t before =
        std::accumulate(split.shares.begin(), split.shares.begin() + replica, int64_t{0});
    const int64_t begin = size * before / units,
                  own = size * (before + split.shares[replica]) / units - begin;
    const int64_t first = own * microbatch / plan_.microbatches,
                  last = own * (microbatch + 1) / plan_.microbatches;
    return pieceOf(whole, split.dim, begin + first, last - first);
  }

  Status runStage(int replica, int microbatch, int stage) {
    const int first = (replica * plan_.pp + stage) * plan_.tp;
    if (programs_.programOfRank[first] < 0) return okStatus();
    Exchange exchange(plan_.tp);
    std::vector<Tensors> results(plan_.tp);
    std::vector<char> isDone(plan_.tp, 0);
    std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
    for (int t = 0; t < plan_.tp; ++t) {
      const RankProgram& program = programs_.programs[programs_.programOfRank[first + t]];
      modules.push_back(mlir::OwningOpRef<mlir::ModuleOp>(
          mlir::cast<mlir::ModuleOp>(program.module.get()->clone())));
      if (weights_) cutWeights(*modules.back(), *weights_, t);
    }
    std::vector<std::thread> ranks;
    for (int t = 0; t < plan_.tp; ++t) {
      ranks.emplace_back([&, t] {
        const RankProgram& program = programs_.programs[programs_.programOfRank[first + t]];
        isDone[t] =
            runRank(*modules[t], program, replica, microbatch, stage, t, exchange, results[t]);
        exchange.leave();
      });
    }
    for (std::thread& rank : ranks) rank.join();
    for (int t = 0; t < plan_.tp; ++t) {
      if (!isDone[t]) return invalidError("rank " + std::to_string(first + t) + " failed");
      MLC_RETURN_IF_ERROR(deliver(programs_.programs[programs_.programOfRank[first + t]], stage, t,
                                  results[t], results[0]));
    }
    return okStatus();
  }

  bool runRank(mlir::ModuleOp module, const RankProgram& program, int replica, int microbatch,
               int stage, int t, Exchange& exchange, Tensors& results) {
    Tensors inputs;
    for (const package::ProgramInput& input : program.inputs) {
      if (input.kind == package::ProgramInput::Kind::kModelInput) {
        inputs.push_back(localInput(input, replica, microbatch));
      } else {
        auto found = messages_.find({input.from_stage, stage, input.channel, t});
        if (found == messages_.end()) return false;
        inputs.push_back(found->second);
      }
    }
    graph::EvaluationContext context;
    context.weights = weights_;
    context.symbols[package::kTpRankSymbol] = t;
    auto collective = [&](mlir::Operation* op, llvm::ArrayRef<HostTensor> operands,
                          llvm::SmallVectorImpl<HostTensor>& values) {
      return evaluateCollective(op, operands[0], t, exchange, values.emplace_back());
    };
    auto made = graph::evaluateFunction(module.lookupSymbol<mlir::func::FuncOp>("main"), inputs,
                                        context, collective);
    if (mlir::failed(made)) return false;
    results.assign(made->begin(), made->end());
    return true;
  }

  Status deliver(const RankProgram& program, int stage, int t, const Tensors& results,
                 const Tensors& firstRanks) {
    for (size_t i = 0; i < results.size(); ++i) {
      const package::ProgramOutput& output = program.outputs[i];
      if (!isSame(results[i], firstRanks[i]))
        return invalidError("tp ranks differ in '" + output.spec.name + "'");
      if (output.kind == package::ProgramOutput::Kind::kSend) {
        messages_[{stage, output.to_stage, output.channel, t}] = results[i];
      } else if (t == 0) {
        outputs_[output.index].push_back(results[i]);
        if (!output.splits.empty()) splitDim_[output.index] = output.splits[0].dim;
      }
    }
    return okStatus();
  }

  const RankPrograms& programs_;
  const Plan& plan_;
  const Tensors& inputs_;
  const graph::WeightTable* weights_;
  std::map<std::array<int, 4>, HostTensor> messages_;  // from stage, to stage, channel, tp rank
  std::vector<Tensors> outputs_;                       // per output, its pieces in order
  std::map<size_t, int> splitDim_;
};

}  // namespace

StatusOr<std::vector<HostTensor>> simulateRanks(const RankPrograms& programs, const Plan& plan,
                                                const std::vector<HostTensor>& inputs,
                                                const graph::WeightTable* weights) {
  return Simulation(programs, plan, inputs, weights).run();
}

}  // namespace mlc::partition
