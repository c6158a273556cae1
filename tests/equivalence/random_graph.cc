#include "tests/equivalence/random_graph.h"

#include <algorithm>

#include "tests/equivalence/motifs.h"

namespace mlc::equivalence {

graph::Shape shapeOf(Value x) { return graph::shapeOf(x); }

int64_t rankOf(Value x) { return mlir::cast<mlir::RankedTensorType>(x.getType()).getRank(); }

int64_t sizeOf(Value x, size_t dim) { return shapeOf(x)[dim].constant().value_or(0); }

int64_t elementsOf(const graph::Shape& shape, const SymbolValues& sizes) {
  return *graph::elementCount(shape).evaluate(sizes);
}

int64_t staticDim(Random& random, Value x) {
  std::vector<int64_t> dims;
  for (int64_t i = 0; i < rankOf(x); ++i) {
    if (sizeOf(x, static_cast<size_t>(i)) > 1) dims.push_back(i);
  }
  if (dims.empty()) return -1;
  // Mostly the features, which are the last.
  return random.oneIn(2) ? dims.back() : random.oneOfList(dims);
}

namespace {

constexpr int64_t kMostElements = 8000;

// Those of transformers and image networks come more often.
const std::vector<Motif>& motifs() {
  static const auto* all = new std::vector<Motif>{
      linear,     linear,        linear,        residualMlp, residualMlp,  gatedMlp,
      headwise,   similarity,    attention,     attention,   unary,        unary,
      activation, withWeight,    withWeight,    withValue,   withValue,    withValue,
      masked,     softmax,       norm,          norm,        reduce,       centered,
      transposed, splitDim,      mergeDims,     sliced,      concatenated, padded,
      gathered,   stretched,     convolution,   convolution, pooling,      branch,
      loop,       withPositions, withPositions, withSize,    withIndices,  pickedElements};
  return *all;
}

// Those that keep the type and never mix the batch.
const std::vector<Motif>& layers() {
  static const auto* all =
      new std::vector<Motif>{residualMlp, gatedMlp, attention, norm, activation, withWeight};
  return *all;
}

class Generator {
 public:
  Generator(mlir::MLIRContext& context, uint64_t seed) : w_(context, seed), data_(seed * 31 + 7) {}

  RandomGraph run() {
    addInputs();
    RandomGraph result;
    result.keepsBatchFirst = !random().oneIn(3);
    const int64_t steps = random().between(2, 9);
    for (int64_t i = 0; i < steps; ++i) {
      if (random().oneIn(7)) {
        addBlocks();
      } else {
        addMotif(result.keepsBatchFirst);
      }
    }
    w_.finish(chooseOutputs());
    result.module = w_.takeModule();
    result.weights = w_.takeWeights();
    result.inputs = {inputsFor(s_.sizes), inputsFor(otherSizes(*result.module))};
    return result;
  }

 private:
  Random& random() { return w_.random(); }

  DimExpr symbol(const std::string& name, int64_t most) {
    s_.sizes.try_emplace(name, random().between(1, most));
    return DimExpr::symbol(name);
  }

  Value input(const graph::Shape& shape, DType dtype) {
    inputs_.push_back(w_.input(shape, dtype));
    return inputs_.back();
  }

  std::vector<HostTensor> inputsFor(const SymbolValues& sizes) {
    std::vector<HostTensor> tensors;
    for (Value input : inputs_) {
      std::vector<int64_t> dims;
      for (const DimExpr& dim : shapeOf(input)) dims.push_back(*dim.evaluate(sizes));
      const DType dtype = graph::dtypeOf(input.getType());
      HostTensor tensor =
          dtype == DType::kF32 ? randomFloats(dims, 1.5, data_) : HostTensor::zeros(dtype, dims);
      for (int64_t i = 0; i < tensor.numElements(); ++i) {
        if (input == s_.mask) tensor.data<float>()[i] = data_.oneIn(3) ? 0 : 1;
        if (dtype == DType::kI64) tensor.data<int64_t>()[i] = data_.between(0, 2);
        if (dtype == DType::kBool) tensor.data<bool>()[i] = data_.oneIn(2);
      }
      tensors.push_back(std::move(tensor));
    }
    return tensors;
  }

  // Not larger: tables have rows for the positions that there are. The batch may be empty
  // where nothing is cut out of it.
  SymbolValues otherSizes(mlir::ModuleOp module) {
    bool isCut = false;
    module.walk([&](graph::SliceOp op) {
      for (const DimExpr& start : graph::exprsOf(op.getStarts()))
        isCut = isCut || start.str().find("batch") != std::string::npos;
    });
    SymbolValues sizes = s_.sizes;
    for (auto& [name, size] : sizes)
      size = name == "batch" && !isCut && data_.oneIn(4) ? 0 : data_.between(1, size);
    return sizes;
  }

  void addInputs() {
    const DimExpr batch =
        random().oneIn(4) ? DimExpr(random().oneOf<int64_t>({1, 2, 4, 6})) : symbol("batch", 6);
    const DimExpr seq = random().oneIn(3) ? DimExpr(random().between(2, 5)) : symbol("seq", 5);
    const int64_t width = random().oneOf<int64_t>({4, 5, 6, 7, 8, 10, 12, 15, 20});
    switch (random().between(0, 3)) {
      case 0: {
        const int64_t height = random().between(3, 6);
        s_.values.push_back(
            input({batch, random().oneOf<int64_t>({1, 3, 4, 6, 7}), height, random().between(3, 6)},
                  DType::kF32));
        break;
      }
      case 1:
        s_.values.push_back(input({batch, width}, DType::kF32));
        break;
      case 2:
        s_.values.push_back(input({batch, seq, width}, DType::kF32));
        break;
      default:
        s_.indices = input({batch, seq}, DType::kI64);
        s_.values.push_back(w_.make<graph::GatherOp>(
            w_.weight({random().between(3, 11), width}, 1.5), s_.indices, uint64_t{0}));
    }
    if (rankOf(s_.values[0]) == 3 && random().oneIn(2)) s_.mask = input({batch, seq}, DType::kF32);
    if (random().oneIn(3)) s_.condition = input({}, DType::kBool);
    if (random().oneIn(4)) s_.values.push_back(input({batch, random().between(2, 6)}, DType::kF32));
  }

  bool accept(Value made, bool keepsBatchFirst) {
    if (!made || rankOf(made) > 5 || elementsOf(shapeOf(made), s_.sizes) > kMostElements)
      return false;
    const graph::Shape first = shapeOf(s_.values[0]), shape = shapeOf(made);
    if (keepsBatchFirst && (shape.empty() || !(shape[0] == first[0]))) return false;
    s_.values.push_back(made);
    return true;
  }

  // The newest values are used most.
  Value chooseValue() {
    const auto count = static_cast<int64_t>(s_.values.size());
    const int64_t back = random().oneIn(2) ? 1 : random().between(1, std::min<int64_t>(4, count));
    return s_.values[static_cast<size_t>(count - back)];
  }

  void addMotif(bool keepsBatchFirst) {
    for (int attempt = 0; attempt < 5; ++attempt) {
      if (accept(random().oneOfList(motifs())(w_, s_, chooseValue()), keepsBatchFirst)) return;
    }
  }

  // The same layers a few times over, with weights of their own.
  void addBlocks() {
    Value x = chooseValue();
    const int64_t repeats = random().between(2, 3), length = random().between(1, 2);
    const Random start = random();
    for (int64_t i = 0; i < repeats; ++i) {
      random() = start;
      for (int64_t j = 0; j < length; ++j) {
        Value made = random().oneOfList(layers())(w_, s_, x);
        if (made && made.getType() == x.getType()) x = made;
      }
    }
    if (x != s_.values.back()) s_.values.push_back(x);
  }

  // What nobody uses, and now and then something else: a value on the way, an input, the same
  // twice.
  std::vector<Value> chooseOutputs() {
    std::vector<Value> outputs;
    for (Value value : s_.values) {
      if (value.use_empty() && outputs.size() < 4) outputs.push_back(value);
    }
    if (outputs.empty() || random().oneIn(4)) outputs.push_back(random().oneOfList(s_.values));
    if (random().oneIn(12)) outputs.push_back(outputs[0]);
    return outputs;
  }

  GraphWriter w_;
  Random data_;
  Surroundings s_;
  std::vector<Value> inputs_;
};

}  // namespace

RandomGraph makeRandomGraph(mlir::MLIRContext& context, uint64_t seed) {
  return Generator(context, seed).run();
}

}  // namespace mlc::equivalence
