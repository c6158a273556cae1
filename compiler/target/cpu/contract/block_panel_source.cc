#include "compiler/target/cpu/contract/block_panel_source.h"

#include "mlir/Dialect/Math/IR/Math.h"

namespace mlc::cpu {

using mlir::Value;

// Columns past the last are stored as zeros with scales of zero.
void BlockPanelSource::pack(KernelBuilder& k, Value, Value firstColumn, Value, Value panel,
                            Value panelOffset) const {
  Value number = k.div(firstColumn, k.index(tile_.columns()));
  k.loop(k.index(0), k.index(storage_.blocks()), k.index(1), [&](Value block) {
    const BlockStorage::Factors factors = storage_.factors(k, views_, tile_, number, block);
    Value begin = k.mul(block, k.index(storage_.block));
    Value end = k.min(k.add(begin, k.index(storage_.block)), k.index(storage_.rows));
    k.loop(begin, end, k.index(storage_.group()), [&](Value first) {
      auto rows = storage_.rowsAt(k, views_, tile_, number, first);
      for (auto [i, numbers] : llvm::enumerate(rows)) {
        Value row = k.add(first, k.index(static_cast<int64_t>(i)));
        Value to = k.add(panelOffset, k.mul(row, k.index(tile_.columns())));
        for (int64_t j = 0; j < tile_.vectors; ++j) {
          Value weight = mlir::math::FmaOp::create(k.builder(), k.loc(), numbers[j],
                                                   factors.scales[j], factors.shifts[j]);
          k.store(weight, panel, k.add(to, k.index(j * tile_.width)));
        }
      }
    });
  });
}

}  // namespace mlc::cpu
