#include "compiler/target/cpu/contract/micro_kernel.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"

namespace mlc::cpu {

using mlir::Value;

namespace {

// Steps of k per trip of the innermost loop. Tiles of few rows are only used by small products.
int64_t unrollOf(size_t rows) { return rows >= 5 ? 4 : 2; }

using Carried = KernelBuilder::Carried;

// Emits the loops over k; the offsets into both operands move with them.
class KLoops {
 public:
  KLoops(KernelBuilder& k, const MicroKernel& kernel, Value panel, Value panelStride)
      : k_(k), kernel_(kernel), panel_(panel), panelStride_(panelStride) {}

  Carried emit(size_t level, llvm::ArrayRef<Value> rowOffsets, Value panelOffset, Carried sums) {
    const LoopDims& dims = *kernel_.kDims;
    if (level == dims.size()) return step(rowOffsets, panelOffset, std::move(sums));
    const bool innermost = level + 1 == dims.size();
    Value size = k_.dim(dims[level].size);
    Value lhsStride = k_.dim(dims[level].strides[kLhs]);
    // How far the panel moves: all inner dims of k are consecutive rows of it.
    DimExpr innerRows(1);
    for (size_t i = level + 1; i < dims.size(); ++i) innerRows = innerRows * dims[i].size;
    Value panelStep = k_.mul(panelStride_, k_.dim(innerRows));

    auto at = [&](Value position, llvm::SmallVector<Value>& rows) {
      Value moved = k_.mul(position, lhsStride);
      for (Value offset : rowOffsets) rows.push_back(k_.add(offset, moved));
      return k_.add(panelOffset, k_.mul(position, panelStep));
    };
    auto trip = [&](int64_t steps) {
      return [&, steps](Value position, mlir::ValueRange carried) {
        Carried current(carried);
        for (int64_t i = 0; i < steps; ++i) {
          llvm::SmallVector<Value> rows;
          Value panelAt = at(k_.add(position, k_.index(i)), rows);
          current = emit(level + 1, rows, panelAt, std::move(current));
        }
        return current;
      };
    };
    Value zero = k_.index(0), one = k_.index(1);
    if (!innermost) return k_.loop(zero, size, one, sums, trip(1));
    const auto constant = dims[level].size.constant();
    const int64_t unroll = unrollOf(rowOffsets.size());
    Value whole = k_.mul(k_.div(size, k_.index(unroll)), k_.index(unroll));
    sums = k_.loop(zero, whole, k_.index(unroll), sums, trip(unroll));
    if (constant && *constant % unroll == 0) return sums;
    return k_.loop(whole, size, one, sums, trip(1));
  }

 private:
  Carried step(llvm::ArrayRef<Value> rowOffsets, Value panelOffset, Carried sums) {
    const TileShape& tile = kernel_.tile;
    const Product& product = kernel_.product;
    llvm::SmallVector<Value> columns;
    for (int64_t j = 0; j < tile.vectors; ++j) {
      Value at = k_.add(panelOffset, k_.index(j * tile.width * product.group()));
      columns.push_back(product.columns(k_, panel_, at, tile.width));
    }
    for (size_t row = 0; row < rowOffsets.size(); ++row) {
      Value value = product.row(k_, kernel_.lhs, rowOffsets[row], tile.width);
      for (int64_t j = 0; j < tile.vectors; ++j) {
        Value& sum = sums[row * tile.vectors + j];
        sum = product.accumulate(k_, value, columns[j], sum);
      }
    }
    return sums;
  }

  KernelBuilder& k_;
  const MicroKernel& kernel_;
  Value panel_, panelStride_;
};

}  // namespace

TileShape TileShape::of(const CpuTarget& target, const Product& product) {
  const int64_t width = target.vectorBytes() * 8 / product.accumulator.getIntOrFloatBitWidth();
  const bool manyRegisters = target.numVectorRegisters() >= 32;
  // Accumulators, one vector of the panel each, one broadcast element; pairs also need a place for
  // products before they are added.
  const int64_t rows = product.kind == Product::Kind::kPairs && !manyRegisters ? 5 : 6;
  return {rows, manyRegisters ? 4 : 2, width};
}

mlir::func::FuncOp MicroKernel::makeFunction(KernelBuilder& caller, llvm::StringRef name,
                                             size_t rows) const {
  // Arguments: the symbols, lhs, panel, sums, the panel's offset and stride, the rows' offsets.
  mlir::OpBuilder& outer = caller.builder();
  mlir::Type index = outer.getIndexType();
  const std::vector<std::string> symbols = caller.symbols();
  llvm::SmallVector<mlir::Type> types(symbols.size(), index);
  for (Value view : {lhs, sums}) types.push_back(KernelBuilder::pointerType(view));
  types.push_back(mlir::MemRefType::get({1}, conversion::storageType(product.panelElement)));
  types.append(2 + rows, index);

  mlir::OpBuilder::InsertionGuard guard(outer);
  outer.setInsertionPoint(caller.function());
  auto function =
      mlir::func::FuncOp::create(outer, caller.loc(), name, outer.getFunctionType(types, {}));
  function.setPrivate();
  function->setAttr("passthrough", outer.getStrArrayAttr({"noinline"}));
  auto inner = mlir::OpBuilder::atBlockBegin(function.addEntryBlock());
  llvm::StringMap<Value> values;
  for (size_t i = 0; i < symbols.size(); ++i) values[symbols[i]] = function.getArgument(i);
  KernelBuilder k(inner, caller.loc(), std::move(values));
  auto arguments = function.getArguments().drop_front(symbols.size());
  MicroKernel kernel = *this;
  kernel.lhs = k.flatView(arguments[0]);
  kernel.sums = k.flatView(arguments[1]);
  Value panel = k.flatView(arguments[2]);
  llvm::SmallVector<Value> rowOffsets(arguments.drop_front(5));

  Value zero =
      conversion::constantLike(inner, k.loc(), vectorOf(product.accumulator, tile.width), 0);
  Carried initial(rows * tile.vectors, zero);
  Carried result =
      KLoops(k, kernel, panel, arguments[4]).emit(0, rowOffsets, arguments[3], initial);
  for (size_t row = 0; row < rows; ++row) {
    for (int64_t j = 0; j < tile.vectors; ++j) {
      k.store(result[row * tile.vectors + j], kernel.sums,
              k.index(static_cast<int64_t>(row) * tile.columns() + j * tile.width));
    }
  }
  mlir::func::ReturnOp::create(inner, k.loc());
  return function;
}

void MicroKernel::call(KernelBuilder& k, llvm::ArrayRef<Value> rowOffsets, Value panel,
                       Value panelOffset, Value panelStride) const {
  const std::string name =
      (k.function().getName() + "_rows" + llvm::Twine(rowOffsets.size())).str();
  auto module = k.function()->getParentOfType<mlir::ModuleOp>();
  auto function = module.lookupSymbol<mlir::func::FuncOp>(name);
  if (!function) function = makeFunction(k, name, rowOffsets.size());
  llvm::SmallVector<Value> arguments;
  for (const std::string& symbol : k.symbols()) arguments.push_back(k.dim(DimExpr::symbol(symbol)));
  for (Value view : {lhs, sums, panel}) arguments.push_back(k.pointer(view));
  arguments.append({panelOffset, panelStride});
  arguments.append(rowOffsets.begin(), rowOffsets.end());
  mlir::func::CallOp::create(k.builder(), k.loc(), function, arguments);
}

}  // namespace mlc::cpu
