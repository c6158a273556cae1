// Writes one rank's module. Private to compiler/partition.
#pragma once

#include <optional>
#include <vector>

#include "compiler/partition/build_block_graph.h"
#include "compiler/partition/layout_values.h"
#include "compiler/partition/stage_edges.h"
#include "mlir/IR/OwningOpRef.h"
#include "partitioner/plan/batch_cut.h"
#include "partitioner/plan/plan.h"

namespace mlc::partition {

// What a rank is, apart from its stage's edges.
struct RankSetting {
  int tpRank = 0;
  int tpSize = 1;
  std::vector<const FunctionSharding*> shardings;  // per function; null: not called
  const BatchCut* batchCut = nullptr;              // of a static batch that is cut; else null
  int64_t localBatch = 0;                          // likewise
};

class RankEmitter {
 public:
  RankEmitter(const ModelGraph& model, const RankSetting& setting);

  // Fails with kInvalid if the sharding does not fit the functions.
  StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> emit(const StageEdges& edges);

 private:
  struct Body {
    int function = 0;
    const Function* data = nullptr;
    mlir::OpBuilder builder;
    LayoutValues values;
  };

  Status emitBlock(int function);
  Status emitOp(Body& body, int index);
  Status emitCall(Body& body, int index);
  Status checkSharding(int function, int op) const;

  // The type of a tensor that is whole on every tp rank, or of its piece.
  mlir::RankedTensorType localType(int function, int tensor, const Layout& layout) const;

  // How each argument of a block lies: a weight that all its uses want cut alike is passed as a
  // piece.
  const std::vector<Layout>& argumentLayouts(int function);

  const ModelGraph& model_;
  const RankSetting& setting_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  std::vector<std::optional<std::vector<Layout>>> argumentLayouts_;
  std::vector<bool> isEmitted_;
};

}  // namespace mlc::partition
