#include "compiler/target/cpu/contract/block_kernel.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/target/cpu/contract/outlined_call.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace mlc::cpu {

namespace arith = mlir::arith;
using mlir::Value;

namespace {

using Carried = KernelBuilder::Carried;

// With more rows the sums of a block do not fit the registers beside the others.
constexpr size_t kRowsSummedByBlock = 2;

class BlockLoops {
 public:
  BlockLoops(KernelBuilder& k, const BlockKernel& kernel, Value panel,
             llvm::ArrayRef<Value> rowOffsets)
      : k_(k), kernel_(kernel), panel_(panel), rowOffsets_(rowOffsets) {}

  Carried emit(Value zero) {
    zero_ = zero;
    Carried initial(rowOffsets_.size() * vectors(), zero);
    return k_.loop(
        k_.index(0), k_.index(kernel_.storage.blocks()), k_.index(1), initial,
        [&](Value block, mlir::ValueRange carried) { return emitBlock(block, Carried(carried)); });
  }

 private:
  size_t vectors() const { return static_cast<size_t>(kernel_.tile.vectors); }

  Carried emitBlock(Value block, Carried sums) {
    const BlockStorage& storage = kernel_.storage;
    const BlockStorage::Factors factors =
        storage.factors(k_, kernel_.views, kernel_.tile, panel_, block);
    Value begin = k_.mul(block, k_.index(storage.block));
    Value end = k_.add(begin, k_.index(storage.block));
    if (storage.rows % storage.block != 0) end = k_.min(end, k_.index(storage.rows));
    auto multiply = [&](Value x, llvm::ArrayRef<Value> numbers, size_t row, Carried& into) {
      for (size_t j = 0; j < vectors(); ++j)
        into[row * vectors() + j] = fma(x, numbers[j], into[row * vectors() + j]);
    };
    if (rowOffsets_.size() > kRowsSummedByBlock)
      return overRows(begin, end, std::move(sums), multiply, &factors);
    // Beside the products, the sum of each row: it belongs to the shift.
    const size_t products = sums.size();
    Carried ofBlock = overRows(
        begin, end, Carried(products + rowOffsets_.size(), zero_),
        [&](Value x, llvm::ArrayRef<Value> numbers, size_t row, Carried& into) {
          multiply(x, numbers, row, into);
          into[products + row] =
              arith::AddFOp::create(k_.builder(), k_.loc(), into[products + row], x);
        },
        nullptr);
    for (size_t row = 0; row < rowOffsets_.size(); ++row) {
      for (size_t j = 0; j < vectors(); ++j) {
        Value& sum = sums[row * vectors() + j];
        sum = fma(ofBlock[row * vectors() + j], factors.scales[j], sum);
        sum = fma(ofBlock[products + row], factors.shifts[j], sum);
      }
    }
    return sums;
  }

  // step(element of a row of lhs, numbers of a row of the panel, row of lhs, sums) for all rows of
  // a block; the numbers are scaled if `factors` are given.
  Carried overRows(Value begin, Value end, Carried initial,
                   llvm::function_ref<void(Value, llvm::ArrayRef<Value>, size_t, Carried&)> step,
                   const BlockStorage::Factors* factors) {
    const BlockStorage& storage = kernel_.storage;
    const bool unrolls =
        storage.block % (2 * storage.group()) == 0 && storage.rows % (2 * storage.group()) == 0;
    const int64_t rowsPerTrip = storage.group() * (unrolls ? 2 : 1);
    return k_.loop(begin, end, k_.index(rowsPerTrip), initial,
                   [&](Value first, mlir::ValueRange carried) {
                     Carried sums(carried);
                     for (int64_t i = 0; i < rowsPerTrip; i += storage.group())
                       emitGroup(k_.add(first, k_.index(i)), sums, step, factors);
                     return sums;
                   });
  }

  void emitGroup(Value first, Carried& sums,
                 llvm::function_ref<void(Value, llvm::ArrayRef<Value>, size_t, Carried&)> step,
                 const BlockStorage::Factors* factors) {
    auto rows = kernel_.storage.rowsAt(k_, kernel_.views, kernel_.tile, panel_, first);
    for (auto [i, numbers] : llvm::enumerate(rows)) {
      for (size_t j = 0; factors && j < vectors(); ++j)
        numbers[j] = fma(numbers[j], factors->scales[j], factors->shifts[j]);
      Value at =
          k_.mul(k_.add(first, k_.index(static_cast<int64_t>(i))), k_.dim(kernel_.lhsStride));
      for (size_t row = 0; row < rowOffsets_.size(); ++row) {
        Value x =
            kernel_.product.row(k_, kernel_.lhs, k_.add(rowOffsets_[row], at), kernel_.tile.width);
        step(x, numbers, row, sums);
      }
    }
  }

  Value fma(Value a, Value b, Value c) {
    return mlir::math::FmaOp::create(k_.builder(), k_.loc(), a, b, c);
  }

  KernelBuilder& k_;
  const BlockKernel& kernel_;
  Value panel_;
  llvm::ArrayRef<Value> rowOffsets_;
  Value zero_;
};

}  // namespace

void BlockKernel::call(KernelBuilder& caller, llvm::ArrayRef<Value> rowOffsets, Value panel) const {
  const size_t rows = rowOffsets.size();
  const std::string name = (caller.function().getName() + "_blocks_rows" + llvm::Twine(rows)).str();
  llvm::SmallVector<Value> buffers{lhs, sums, views.elements, views.scales};
  if (views.zeros) buffers.push_back(views.zeros);
  llvm::SmallVector<Value> indices{panel};
  indices.append(rowOffsets.begin(), rowOffsets.end());
  callOutlined(caller, name, buffers, indices,
               [&](KernelBuilder& k, llvm::ArrayRef<Value> inner, llvm::ArrayRef<Value> numbers) {
                 BlockKernel kernel = *this;
                 kernel.lhs = inner[0];
                 kernel.sums = inner[1];
                 kernel.views = {inner[2], inner[3], inner.size() > 4 ? inner[4] : Value()};
                 Value zero = conversion::constantLike(
                     k.builder(), k.loc(), vectorOf(k.builder().getF32Type(), tile.width), 0);
                 Carried result =
                     BlockLoops(k, kernel, numbers.front(), numbers.drop_front()).emit(zero);
                 for (size_t row = 0; row < rows; ++row) {
                   for (int64_t j = 0; j < tile.vectors; ++j) {
                     k.store(result[row * tile.vectors + j], kernel.sums,
                             k.index(static_cast<int64_t>(row) * tile.columns() + j * tile.width));
                   }
                 }
               });
}

}  // namespace mlc::cpu
