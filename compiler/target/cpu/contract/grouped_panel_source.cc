#include "compiler/target/cpu/contract/grouped_panel_source.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlc::cpu {

using mlir::Value;

// Whether each panel's columns lie side by side.
bool GroupedPanelSource::rowsAreContiguous() const {
  if (nest_.n.empty() || !nest_.n.back().isContiguous(kRhs)) return false;
  if (nest_.n.size() == 1) return true;
  auto size = nest_.n.back().size.constant();
  return size && *size % tile_.columns() == 0;
}

// Whole groups of whole panels.
void GroupedPanelSource::interleaveRows(KernelBuilder& k, Value base, Value panel,
                                        Value panelOffset) const {
  const int64_t group = product_.group(), width = tile_.width;
  // Column j of row i of a group goes to place j * group + i.
  auto interleave = [&](Value a, Value b) -> Value {
    const int64_t size = mlir::cast<mlir::VectorType>(a.getType()).getNumElements();
    llvm::SmallVector<int64_t> mask;
    for (int64_t i = 0; i < size; ++i) mask.append({i, size + i});
    return mlir::vector::ShuffleOp::create(k.builder(), k.loc(), a, b, mask);
  };
  Value wholeGroups = k.div(k.dim(sizeOf(nest_.k)), k.index(group));
  k.loop(k.index(0), wholeGroups, k.index(1), [&](Value g) {
    Value first = k.mul(g, k.index(group));
    Value to = k.add(panelOffset, k.mul(first, k.index(tile_.columns())));
    for (int64_t j = 0; j < tile_.columns(); j += width) {
      llvm::SmallVector<Value> rows;
      for (int64_t i = 0; i < group; ++i) {
        Value row = offsetOf(k, nest_.k, k.add(first, k.index(i)), kRhs);
        rows.push_back(k.load(rhs_, k.add(k.add(base, row), k.index(j)), width));
      }
      Value mixed = group == 2
                        ? interleave(rows[0], rows[1])
                        : interleave(interleave(rows[0], rows[2]), interleave(rows[1], rows[3]));
      k.store(mixed, panel, k.add(to, k.index(j * group)));
    }
  });
}

// Groups from `groups` on, of any number of columns; what is not there becomes 0.
void GroupedPanelSource::copyElements(KernelBuilder& k, Value base, Value firstColumn,
                                      Value columns, Value groups, Value panel,
                                      Value panelOffset) const {
  Value size = k.dim(sizeOf(nest_.k)), group = k.index(product_.group());
  Value width = k.index(tile_.columns()), zero = k.index(0), one = k.index(1);
  mlir::Type element = conversion::storageType(product_.panelElement);
  Value padding = conversion::constantLike(k.builder(), k.loc(), element, 0);
  k.loop(k.mul(groups, group), k.mul(k.ceilDiv(size, group), group), one, [&](Value row) {
    Value to = k.add(panelOffset, k.mul(k.sub(row, k.rem(row, group)), width));
    auto place = [&](Value column) {
      return k.add(to, k.add(k.mul(column, group), k.rem(row, group)));
    };
    Value present =
        k.builder().createOrFold<mlir::arith::SelectOp>(k.loc(), k.less(row, size), columns, zero);
    Value from = k.add(base, offsetOf(k, nest_.k, row, kRhs));
    k.loop(zero, present, one, [&](Value column) {
      Value at = k.add(from, offsetOf(k, nest_.n, k.add(firstColumn, column), kRhs));
      k.store(k.load(rhs_, at, 1), panel, place(column));
    });
    k.loop(present, width, one, [&](Value column) { k.store(padding, panel, place(column)); });
  });
}

void GroupedPanelSource::pack(KernelBuilder& k, Value batch, Value firstColumn, Value columns,
                              Value panel, Value panelOffset) const {
  Value base = offsetOf(k, nest_.batch, batch, kRhs);
  auto elements = [&](Value groups) {
    copyElements(k, base, firstColumn, columns, groups, panel, panelOffset);
  };
  if (!rowsAreContiguous()) return elements(k.index(0));
  k.branch(
      k.equal(columns, k.index(tile_.columns())),
      [&] {
        interleaveRows(k, k.add(base, offsetOf(k, nest_.n, firstColumn, kRhs)), panel, panelOffset);
        elements(k.div(k.dim(sizeOf(nest_.k)), k.index(product_.group())));
      },
      [&] { elements(k.index(0)); });
}

}  // namespace mlc::cpu
