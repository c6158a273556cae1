#include "compiler/conversion/plan_memory/plan_memory.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "compiler/dialect/dist/dist_dialect.h"
#include "compiler/dialect/graph/computed_symbols.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"

namespace mlc::conversion {
namespace {

using mlir::Operation;
using mlir::Value;

constexpr int64_t kAlignment = 64;

DimExpr aligned(const DimExpr& bytes) { return ceilDiv(bytes, kAlignment) * kAlignment; }

// A buffer that is wanted from op number `first` to op number `last`.
struct Request {
  Value value;  // or
  Operation* scratchOf = nullptr;
  DimExpr bytes;
  int first = 0, last = 0;
  int segment = -1;  // -1: the frame
};

struct Slot {
  DimExpr bytes;
  int freeAfter = -1;
};

class Planner {
 public:
  Planner(mlir::func::FuncOp function, const std::function<DimExpr(Operation*)>& scratchBytes)
      : function_(function),
        scratchBytes_(scratchBytes),
        definitions_(graph::symbolDefinitions(function)),
        computed_(graph::computedSymbols(function)) {}

  FramePlan run() {
    number();
    placeArguments();
    placeStates();
    placeResults();
    collectRequests();
    assignSlots();
    return std::move(plan_);
  }

 private:
  // Numbers ops in program order; an op with regions ends after its nested ops.
  void number() {
    int next = 0;
    std::function<void(mlir::Block&)> visit = [&](mlir::Block& block) {
      for (Operation& op : block) {
        begin_[&op] = next++;
        for (mlir::Region& region : op.getRegions()) {
          for (mlir::Block& nested : region) visit(nested);
        }
        end_[&op] = next++;
      }
    };
    for (mlir::Block& block : function_.getBody()) visit(block);
  }

  void placeArguments() {
    for (mlir::BlockArgument argument : function_.getArguments()) {
      plan_.places[argument] = {Place::Kind::kArgument, static_cast<int>(argument.getArgNumber()),
                                0};
    }
  }

  void placeStates() {
    int next = 0;
    function_.walk([&](graph::StateOp op) {
      plan_.places[op.getResult()] = {Place::Kind::kState, next++, 0};
    });
  }

  // What is made by this function's own ops goes straight to the result buffer; each value to one.
  void placeResults() {
    mlir::Block& body = function_.getBody().front();
    for (auto [i, operand] : llvm::enumerate(body.getTerminator()->getOperands())) {
      Value storage = storageOf(operand);
      Operation* producer = storage.getDefiningOp();
      if (!producer || producer->getBlock() != &body || producer->hasTrait<graph::StoredLeaf>() ||
          graph::hasSymbolOf(storage.getType(), computed_) || isOwn(storage)) {
        continue;
      }
      plan_.places.try_emplace(storage, Place{Place::Kind::kResult, static_cast<int>(i), 0});
    }
  }

  // The segment of a size: that of the symbol which is known last; -1: all are known at entry.
  int segmentOf(const DimExpr& bytes) {
    std::set<std::string> symbols;
    bytes.collectSymbols(symbols);
    const graph::SymbolDefinition* last = nullptr;
    auto when = [&](const graph::SymbolDefinition& definition) {
      return definition.inBody ? begin_.lookup(definition.op) : end_.lookup(definition.op);
    };
    for (const std::string& symbol : symbols) {
      auto it = definitions_.find(symbol);
      if (it == definitions_.end()) continue;
      if (!last || when(it->second) > when(*last)) last = &it->second;
    }
    if (!last) return -1;
    for (auto [i, segment] : llvm::enumerate(plan_.segments)) {
      if (segment.definedBy == last->op && segment.inBody == last->inBody)
        return static_cast<int>(i);
    }
    plan_.segments.push_back({last->op, last->inBody, 0});
    return static_cast<int>(plan_.segments.size()) - 1;
  }

  // Whether an if or loop changes the size of this result of it.
  bool isOwn(Value value) {
    Operation* op = value.getDefiningOp();
    if (!mlir::isa_and_nonnull<graph::IfOp, graph::LoopOp>(op)) return false;
    std::set<std::string> symbols;
    for (const auto& [symbol, definition] : definitions_) {
      if (definition.op == op) symbols.insert(symbol);
    }
    if (graph::hasSymbolOf(value.getType(), symbols)) return true;
    auto loop = mlir::dyn_cast<graph::LoopOp>(op);
    const unsigned number = mlir::cast<mlir::OpResult>(value).getResultNumber();
    return loop && number < loop.getCarried().size() &&
           graph::hasSymbolOf(loop.getBody().getArgument(number + 2).getType(), symbols);
  }

  // The last op number at which a storage is needed, over all values that share it.
  void extend(Value value, Request& request) {
    for (Operation* user : value.getUsers()) {
      Operation* inBlock = request.value.getParentBlock()->findAncestorOpInBlock(*user);
      request.last = std::max(request.last, end_.lookup(inBlock ? inBlock : user));
    }
  }

  void request(Value value, int first, int last) {
    if (storageOf(value) != value || plan_.places.contains(value)) return;
    if (isOwn(value)) {
      own_.push_back(value);
      return;
    }
    Request request;
    request.value = value;
    request.bytes = aligned(tensorBytes(value.getType()));
    request.segment = segmentOf(request.bytes);
    request.first = first;
    request.last = last;
    requests_.push_back(request);
  }

  void collectRequests() {
    function_.walk<mlir::WalkOrder::PreOrder>([&](Operation* op) {
      if (op == function_.getOperation() || mlir::isa<graph::WeightOp>(op)) return;
      const int begin = begin_.lookup(op), end = end_.lookup(op);
      for (Value result : op->getResults()) request(result, begin, end);
      if (auto loop = mlir::dyn_cast<graph::LoopOp>(op)) {
        for (Value argument : loop.getBody().getArguments()) request(argument, begin, end);
      }
      DimExpr scratch = scratchBytes_(op);
      if (!(scratch == DimExpr(0))) {
        Request request;
        request.scratchOf = op;
        request.bytes = aligned(scratch);
        request.segment = segmentOf(request.bytes);
        request.first = begin;
        request.last = end;
        requests_.push_back(request);
      }
    });
    llvm::DenseMap<Value, size_t> byValue;
    for (auto [i, request] : llvm::enumerate(requests_)) {
      if (request.value) byValue[request.value] = i;
    }
    auto extendStorage = [&](Value value) {
      auto it = byValue.find(storageOf(value));
      if (it != byValue.end()) extend(value, requests_[it->second]);
    };
    function_.walk([&](Operation* op) {
      for (Value result : op->getResults()) extendStorage(result);
      for (mlir::Region& region : op->getRegions()) {
        for (Value argument : region.getArguments()) extendStorage(argument);
      }
    });
  }

  void assignSlots() {
    std::stable_sort(requests_.begin(), requests_.end(),
                     [](const Request& a, const Request& b) { return a.first < b.first; });
    plan_.bytes = assignSlotsOf(-1);
    for (int i = 0; i < static_cast<int>(plan_.segments.size()); ++i)
      plan_.segments[i].bytes = assignSlotsOf(i);
    auto next = static_cast<int>(plan_.segments.size());
    for (Value value : own_) plan_.places[value] = {Place::Kind::kOwn, next++, 0, 0};
  }

  // Takes the free slot that fits best, grows a free one of constant size, or adds one. Returns the
  // bytes of all.
  DimExpr assignSlotsOf(int segment) {
    std::vector<Slot> slots;
    llvm::SmallVector<std::pair<const Request*, int>> assigned;
    for (const Request& request : requests_) {
      if (request.segment != segment) continue;
      const int slot = chooseSlot(slots, request);
      slots[slot].freeAfter = request.last;
      assigned.push_back({&request, slot});
    }
    std::vector<DimExpr> offsets;
    DimExpr bytes = 0;
    for (const Slot& slot : slots) {
      offsets.push_back(bytes);
      bytes = bytes + slot.bytes;
    }
    const auto kind = segment < 0 ? Place::Kind::kArena : Place::Kind::kSegment;
    for (auto [request, slot] : assigned) {
      Place place{kind, slots_ + slot, offsets[slot], segment};
      if (request->value) {
        plan_.places[request->value] = place;
      } else {
        plan_.scratch[request->scratchOf] = place;
      }
    }
    slots_ += static_cast<int>(slots.size());
    return bytes;
  }

  static int chooseSlot(std::vector<Slot>& slots, const Request& request) {
    const std::optional<int64_t> wanted = request.bytes.constant();
    int fitting = -1, growing = -1;
    for (int i = 0; i < static_cast<int>(slots.size()); ++i) {
      if (slots[i].freeAfter >= request.first) continue;
      if (slots[i].bytes == request.bytes) return i;
      const std::optional<int64_t> have = slots[i].bytes.constant();
      if (!wanted || !have) continue;
      if (*have >= *wanted) {
        if (fitting < 0 || *have < *slots[fitting].bytes.constant()) fitting = i;
      } else if (growing < 0 || *have > *slots[growing].bytes.constant()) {
        growing = i;
      }
    }
    if (fitting >= 0) return fitting;
    if (growing >= 0) {
      slots[growing].bytes = request.bytes;
      return growing;
    }
    slots.push_back({request.bytes, -1});
    return static_cast<int>(slots.size()) - 1;
  }

  mlir::func::FuncOp function_;
  const std::function<DimExpr(Operation*)>& scratchBytes_;
  llvm::DenseMap<Operation*, int> begin_, end_;
  const std::map<std::string, graph::SymbolDefinition> definitions_;
  const std::set<std::string> computed_;  // their names
  std::vector<Request> requests_;
  std::vector<Value> own_;
  int slots_ = 0;
  FramePlan plan_;
};

// Carried value i of a loop: block argument i + 2, result i.
std::optional<Value> carriedResult(mlir::BlockArgument argument) {
  auto loop = mlir::dyn_cast<graph::LoopOp>(argument.getOwner()->getParentOp());
  if (!loop || argument.getArgNumber() < 2) return std::nullopt;
  return loop.getResult(argument.getArgNumber() - 2);
}

// In place where the operand is an intermediate that nothing else reads, under any of its names.
bool reducesInPlace(dist::AllReduceOp op) {
  Value operand = op.getInput();
  while (auto reshape = operand.getDefiningOp<graph::ReshapeOp>()) {
    if (!operand.hasOneUse()) return false;
    operand = reshape.getInput();
  }
  Operation* producer = operand.getDefiningOp();
  return producer && producer->getBlock() == op->getBlock() && operand.hasOneUse() &&
         !mlir::isa<graph::WeightOp, graph::AppendOp>(producer);
}

}  // namespace

Value storageOf(Value value) {
  while (true) {
    if (auto argument = mlir::dyn_cast<mlir::BlockArgument>(value)) {
      std::optional<Value> carried = carriedResult(argument);
      if (!carried) return value;
      value = *carried;
      continue;
    }
    Operation* op = value.getDefiningOp();
    if (auto reshape = mlir::dyn_cast<graph::ReshapeOp>(op)) {
      value = reshape.getInput();
    } else if (auto append = mlir::dyn_cast<graph::AppendOp>(op)) {
      value = append.getState();
    } else if (auto reduce = mlir::dyn_cast<dist::AllReduceOp>(op);
               reduce && reducesInPlace(reduce)) {
      value = reduce.getInput();
    } else {
      return value;
    }
  }
}

DimExpr tensorBytes(mlir::Type type) {
  return graph::bytesOf(graph::shapeOf(type), graph::dtypeOf(type));
}

FramePlan planMemory(mlir::func::FuncOp function,
                     const std::function<DimExpr(Operation*)>& scratchBytes) {
  return Planner(function, scratchBytes).run();
}

}  // namespace mlc::conversion
