// LSTM, GRU and RNN: for each direction one contraction of all steps' inputs, and a loop over the
// steps for the rest.
#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/ops/contraction.h"
#include "compiler/import/onnx/ops/movement.h"
#include "compiler/import/onnx/ops/recurrent_activations.h"
#include "compiler/import/onnx/ops/step_loop.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

using Values = llvm::SmallVector<Value, 2>;

// Inputs that all three have. The other initial states follow kHidden.
enum Input : size_t { kX, kW, kR, kBias, kLengths, kHidden, kCell, kPeepholes };

class Recurrence;

// One direction's parameters, in the type of the computation.
struct Direction {
  bool isReverse = false;
  Value w;
  Values r;                        // its rows in the cell's parts
  Value inputBias, recurrentBias;  // null where there are none
  Values peepholes;                // of gates 0 to 2, or none
  llvm::ArrayRef<RecurrentActivation> activations;
};

// What the three operators differ in.
struct Cell {
  int64_t gates;
  size_t states;  // that are carried
  std::vector<std::string> activations;
  std::vector<int64_t> parts;  // gates whose products with a state are taken together
  // What is added to all steps' inputs, and what the step adds.
  std::pair<Value, Value> (*biases)(const Recurrence&, Value bias);
  // The states behind a step: `input` is what the step's input gives to each gate.
  Values (*step)(const Recurrence&, const Direction&, llvm::ArrayRef<Value> input,
                 llvm::ArrayRef<Value> before);
};

// A node on its way into the graph.
class Recurrence {
 public:
  Recurrence(Node& node, Cell cell) : node_(node), e_(node.emitter), cell_(std::move(cell)) {
    readAttributes();
    checkShapes();
    lengths_ = stepsOfSequences();
  }

  void import() {
    std::vector<Value> hidden;  // of all steps
    std::vector<Values> last(cell_.states);
    for (size_t d = 0; d < reverse_.size(); ++d) {
      const Direction direction = directionOf(d);
      Value inputs = inputsOf(direction);
      StepLoop loop(e_, steps_, initialStates(d));
      run(direction, inputs, loop);
      if (node_.wants(0)) hidden.push_back(loop.stacked(0, reverse_[d]));
      for (size_t i = 0; i < cell_.states; ++i) last[i].push_back(loop.last(i));
    }
    if (node_.wants(0)) {
      Value y = alongNewDim(hidden, 1);  // [steps, directions, batch, hidden]
      set(0, isBatchFirst_ ? e_.transpose(y, {2, 0, 1, 3}) : y);
    }
    for (size_t i = 0; i < cell_.states; ++i)
      if (node_.wants(1 + i)) set(1 + i, alongNewDim(last[i], isBatchFirst_ ? 1 : 0));
  }

  // What the cells' formulas are made of.
  const Node& node() const { return node_; }
  Value add(Value a, Value b) const { return e_.binary<graph::AddOp>(a, b); }
  Value multiply(Value a, Value b) const { return e_.binary<graph::MulOp>(a, b); }
  Value oneMinus(Value x) const { return e_.binary<graph::SubOp>(e_.scalarLike(1, x), x); }
  // What a state gives to the gates of which `r` has the rows.
  Value recur(Value state, Value r) const { return contract(node_, state, r, "bh", "gh", "bg"); }
  // A gate's part of a value's last dim.
  Value gate(Value value, int64_t gate) const {
    const auto axis = static_cast<int64_t>(graph::shapeOf(value).size()) - 1;
    return sliceAxis(e_, value, axis, hidden_ * gate, hidden_);
  }
  // Some gates' rows of a parameter.
  Value rows(Value value, int64_t first, int64_t count = 1) const {
    return sliceAxis(e_, value, 0, hidden_ * first, hidden_ * count);
  }
  Value concatenated(llvm::ArrayRef<Value> parts, int64_t axis) const {
    return parts.size() == 1 ? parts[0] : e_.emit<graph::ConcatOp>(mlir::ValueRange(parts), axis);
  }
  // A direction's activation of what the node's clip leaves of x.
  Value activate(const Direction& direction, size_t activation, Value x) const {
    if (node_.hasAttribute("clip")) {
      const double limit = node_.number("clip", 0);
      x = e_.binary<graph::MinOp>(e_.binary<graph::MaxOp>(x, e_.scalarLike(-limit, x)),
                                  e_.scalarLike(limit, x));
    }
    return direction.activations[activation](e_, x);
  }

 private:
  void readAttributes() {
    const std::string direction = node_.text("direction", "forward");
    if (direction == "forward") {
      reverse_ = {false};
    } else if (direction == "reverse") {
      reverse_ = {true};
    } else if (direction == "bidirectional") {
      reverse_ = {false, true};
    } else {
      node_.invalid("direction is '" + direction + "'");
    }
    const int64_t layout = node_.integer("layout", 0);
    if (layout != 0 && layout != 1) node_.invalid("layout is " + std::to_string(layout));
    isBatchFirst_ = layout == 1;
    if (!(node_.number("clip", 1) > 0)) node_.invalid("clip must be positive");
    activations_ = recurrentActivations(node_, cell_.activations, reverse_.size());
    type_ = node_.dtype(kX) == DType::kF64 ? DType::kF64 : DType::kF32;
  }

  void checkShapes() {
    for (size_t input : {kX, kR}) checkRank(input, 3);
    const graph::Shape x = node_.shape(kX);
    steps_ = x[isBatchFirst_ ? 1 : 0];
    batch_ = x[isBatchFirst_ ? 0 : 1];
    hidden_ = node_.shape(kR)[2];
    if (node_.hasAttribute("hidden_size"))
      hidden_ = e_.equal(hidden_, node_.integer("hidden_size", 0), "hidden_size");
    const DimExpr directions = static_cast<int64_t>(reverse_.size());
    const DimExpr rows = hidden_ * cell_.gates;
    checkShape(kW, {directions, rows, x[2]});
    checkShape(kR, {directions, rows, hidden_});
    checkShape(kBias, {directions, rows * 2});
    checkShape(kLengths, {batch_});
    for (size_t i = 0; i < cell_.states; ++i) {
      checkShape(kHidden + i, isBatchFirst_ ? graph::Shape{batch_, directions, hidden_}
                                            : graph::Shape{directions, batch_, hidden_});
    }
    checkShape(kPeepholes, {directions, hidden_ * 3});
  }

  void checkRank(size_t input, size_t rank) {
    if (node_.shape(input).size() != rank) {
      node_.invalid("its input " + std::to_string(input) + " must have rank " +
                    std::to_string(rank));
    }
  }

  void checkShape(size_t input, const graph::Shape& shape) {
    if (!node_.has(input)) return;
    checkRank(input, shape.size());
    for (size_t i = 0; i < shape.size(); ++i) {
      e_.equal(node_.shape(input)[i], shape[i],
               "dim " + std::to_string(i) + " of its input " + std::to_string(input));
    }
  }

  // [batch, 1], of i64; null where every sequence has all steps.
  Value stepsOfSequences() {
    if (!node_.has(kLengths)) return {};
    const std::optional<Elements>& known = node_.input(kLengths).elements;
    if (known && llvm::all_of(*known, [&](const DimExpr& count) { return count == steps_; }))
      return {};
    Value lengths = e_.cast(node_.value(kLengths), DType::kI64);
    Value isBad =
        e_.binary<graph::OrOp>(compare(lengths, graph::Predicate::lt, sizeValue(e_, 0)),
                               compare(lengths, graph::Predicate::gt, sizeValue(e_, steps_)));
    Value bad = e_.emit<graph::ReduceOp>(e_.cast(isBad, DType::kI64), graph::ReduceKind::sum,
                                         llvm::ArrayRef<int64_t>{0}, false);
    failIf(e_, compare(bad, graph::Predicate::gt, sizeValue(e_, 0)),
           "sequence_lens must be from 0 to the number of steps, " + steps_.str());
    return e_.reshape(lengths, {batch_, DimExpr(1)});
  }

  Value compare(Value a, graph::Predicate predicate, Value b) const {
    return e_.binary<graph::CompareOp>(a, b, predicate);
  }

  // A direction's part of an input; null where the node does not have the input.
  Value partOf(size_t input, size_t direction, int64_t axis = 0) const {
    if (!node_.has(input)) return {};
    Value part = takeIndex(e_, node_.value(input), axis, static_cast<int64_t>(direction));
    return e_.cast(part, type_);
  }

  Direction directionOf(size_t d) const {
    Direction direction;
    direction.isReverse = reverse_[d];
    direction.w = partOf(kW, d);
    int64_t first = 0;
    for (int64_t count : cell_.parts) {
      direction.r.push_back(rows(partOf(kR, d), first, count));
      first += count;
    }
    if (node_.has(kBias)) {
      std::tie(direction.inputBias, direction.recurrentBias) =
          cell_.biases(*this, partOf(kBias, d));
    }
    for (int64_t gate = 0; node_.has(kPeepholes) && gate < 3; ++gate)
      direction.peepholes.push_back(rows(partOf(kPeepholes, d), gate));
    const size_t count = cell_.activations.size();
    direction.activations = llvm::ArrayRef(activations_).slice(d * count, count);
    return direction;
  }

  Values initialStates(size_t d) const {
    Values states;
    for (size_t i = 0; i < cell_.states; ++i) {
      Value given = partOf(kHidden + i, d, isBatchFirst_ ? 1 : 0);
      states.push_back(given ? given : e_.broadcast(e_.scalar(0, type_), {batch_, hidden_}));
    }
    return states;
  }

  // What all steps' inputs give to the gates: [steps, batch, gates * hidden].
  Value inputsOf(const Direction& direction) const {
    Value inputs = contract(node_, e_.cast(node_.value(kX), type_), direction.w,
                            isBatchFirst_ ? "bti" : "tbi", "gi", "tbg");
    return direction.inputBias ? add(inputs, direction.inputBias) : inputs;
  }

  // Carries the states, stacks the hidden ones where they are wanted.
  void run(const Direction& direction, Value inputs, StepLoop& loop) const {
    Value index = loop.index(direction.isReverse);
    Values input;
    for (int64_t i = 0; i < cell_.gates; ++i)
      input.push_back(e_.emit<graph::GatherOp>(gate(inputs, i), index, int64_t{0}));
    Values after = cell_.step(*this, direction, input, loop.carried());
    Value hidden = after[0];
    if (lengths_) {
      // Behind its end a sequence keeps its states and gives zeros.
      Value isWithin = compare(index, graph::Predicate::lt, lengths_);
      hidden = e_.emit<graph::SelectOp>(isWithin, hidden, e_.scalarLike(0, hidden));
      for (auto [value, before] : llvm::zip(after, loop.carried()))
        value = e_.emit<graph::SelectOp>(isWithin, value, before);
    }
    loop.end(after, node_.wants(0) ? llvm::ArrayRef<Value>(hidden) : llvm::ArrayRef<Value>());
  }

  // One value of each direction, along a new dim.
  Value alongNewDim(llvm::ArrayRef<Value> values, int64_t axis) const {
    Values parts;
    for (Value value : values) {
      graph::Shape shape = graph::shapeOf(value);
      shape.insert(shape.begin() + axis, DimExpr(1));
      parts.push_back(e_.reshape(value, shape));
    }
    return concatenated(parts, axis);
  }

  void set(size_t output, Value value) { node_.set(output, e_.cast(value, node_.dtype(kX))); }

  Node& node_;
  Emitter& e_;
  const Cell cell_;
  std::vector<bool> reverse_;  // of each direction
  bool isBatchFirst_ = false;
  std::vector<RecurrentActivation> activations_;
  DType type_ = DType::kF32;  // of the computation
  DimExpr steps_ = 0, batch_ = 0, hidden_ = 0;
  Value lengths_;
};

// Both biases of a cell that only adds them.
template <int64_t gates>
std::pair<Value, Value> sumOfBiases(const Recurrence& cell, Value bias) {
  return {cell.add(cell.rows(bias, 0, gates), cell.rows(bias, gates, gates)), {}};
}

// Gates: input, output, forget, cell. Peepholes: input, output, forget.
Values lstmStep(const Recurrence& cell, const Direction& direction, llvm::ArrayRef<Value> input,
                llvm::ArrayRef<Value> before) {
  enum Gate { kInput, kOutput, kForget, kNew };
  Value recurrent = cell.recur(before[0], direction.r[0]);
  auto sum = [&](Gate gate) { return cell.add(input[gate], cell.gate(recurrent, gate)); };
  auto gate = [&](Gate gate, Value seen) {
    Value all = sum(gate);
    if (!direction.peepholes.empty())
      all = cell.add(all, cell.multiply(direction.peepholes[gate], seen));
    return cell.activate(direction, 0, all);
  };
  Value in = gate(kInput, before[1]);
  Value forget =
      cell.node().integer("input_forget", 0) != 0 ? cell.oneMinus(in) : gate(kForget, before[1]);
  Value fresh = cell.activate(direction, 1, sum(kNew));
  Value state = cell.add(cell.multiply(forget, before[1]), cell.multiply(in, fresh));
  Value hidden = cell.multiply(gate(kOutput, state), cell.activate(direction, 2, state));
  return {hidden, state};
}

// Gates: update, reset, hidden.
Values gruHidden(const Recurrence& cell, Value update, Value fresh, Value before) {
  return {cell.add(cell.multiply(cell.oneMinus(update), fresh), cell.multiply(update, before))};
}

Values gruStep(const Recurrence& cell, const Direction& direction, llvm::ArrayRef<Value> input,
               llvm::ArrayRef<Value> before) {
  Value recurrent = cell.recur(before[0], direction.r[0]);
  auto gate = [&](int64_t gate) {
    return cell.activate(direction, 0, cell.add(input[gate], cell.gate(recurrent, gate)));
  };
  Value update = gate(0);
  Value kept = cell.recur(cell.multiply(gate(1), before[0]), direction.r[1]);
  Value fresh = cell.activate(direction, 1, cell.add(input[2], kept));
  return gruHidden(cell, update, fresh, before[0]);
}

// linear_before_reset: the reset gate is applied behind the product, and to its bias.
Values linearGruStep(const Recurrence& cell, const Direction& direction,
                     llvm::ArrayRef<Value> input, llvm::ArrayRef<Value> before) {
  Value recurrent = cell.recur(before[0], direction.r[0]);
  auto gate = [&](int64_t gate) {
    return cell.activate(direction, 0, cell.add(input[gate], cell.gate(recurrent, gate)));
  };
  Value kept = cell.gate(recurrent, 2);
  if (direction.recurrentBias) kept = cell.add(kept, direction.recurrentBias);
  Value fresh = cell.activate(direction, 1, cell.add(input[2], cell.multiply(gate(1), kept)));
  return gruHidden(cell, gate(0), fresh, before[0]);
}

std::pair<Value, Value> linearGruBiases(const Recurrence& cell, Value bias) {
  Value added = cell.add(cell.rows(bias, 0, 2), cell.rows(bias, 3, 2));
  return {cell.concatenated({added, cell.rows(bias, 2)}, 0), cell.rows(bias, 5)};
}

Values rnnStep(const Recurrence& cell, const Direction& direction, llvm::ArrayRef<Value> input,
               llvm::ArrayRef<Value> before) {
  Value sum = cell.add(input[0], cell.recur(before[0], direction.r[0]));
  return {cell.activate(direction, 0, sum)};
}

void lstm(Node& node) {
  Recurrence(node, {4, 2, {"Sigmoid", "Tanh", "Tanh"}, {4}, sumOfBiases<4>, lstmStep}).import();
}

void gru(Node& node) {
  if (node.integer("linear_before_reset", 0) != 0) {
    Recurrence(node, {3, 1, {"Sigmoid", "Tanh"}, {3}, linearGruBiases, linearGruStep}).import();
  } else {
    Recurrence(node, {3, 1, {"Sigmoid", "Tanh"}, {2, 1}, sumOfBiases<3>, gruStep}).import();
  }
}

void rnn(Node& node) { Recurrence(node, {1, 1, {"Tanh"}, {1}, sumOfBiases<1>, rnnStep}).import(); }

}  // namespace

std::vector<OpEntry> recurrentOps() {
  constexpr int kLast = kLastOpset;
  return {
      {"GRU", 7, kLast, 3, 6,
       "activation_alpha activation_beta activations clip direction hidden_size layout "
       "linear_before_reset",
       gru},
      {"LSTM", 7, kLast, 3, 8,
       "activation_alpha activation_beta activations clip direction hidden_size input_forget "
       "layout",
       lstm},
      {"RNN", 7, kLast, 3, 6,
       "activation_alpha activation_beta activations clip direction hidden_size layout", rnn},
  };
}

}  // namespace mlc::onnx_import
