// The plan for one mesh on given devices. Private to the search.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "partitioner/plan/batch_cut.h"
#include "partitioner/search/group_planner.h"
#include "partitioner/search/search.h"
#include "partitioner/search/stage_chain.h"

namespace mlc::partition {

struct Mesh {
  int dp = 1, pp = 1, tp = 1;
};

class MeshEvaluator {
 public:
  MeshEvaluator(const BlockGraph& graph, const DeviceModel& model, const SearchOptions& options);

  // devices: one per rank. nullopt: some rank's memory is too small; shortage() then says by how
  // much.
  std::optional<Plan> evaluate(const Mesh& mesh, const std::vector<int>& devices, int microbatches);

  const StatusOr<BatchCut>& batchCut() const { return batchCut_; }

  // The message of the smallest shortage met.
  const std::string& shortage() const { return shortage_; }

 private:
  std::vector<int64_t> sharesOf(const Mesh& mesh, const std::vector<int>& devices) const;
  // How much of the nominal batch each replica gets, as the executor cuts it.
  std::vector<int64_t> piecesOf(const std::vector<int64_t>& dpShares) const;
  // Whether every replica's piece can be cut into that many of equal size.
  bool canCutBatch(const std::vector<int64_t>& pieces, int microbatches) const;
  std::vector<int> cutStages(const Mesh& mesh, const StageChain& chain,
                             const std::vector<std::vector<int>>& groups,
                             const std::vector<const GroupPlan*>& plans,
                             const std::vector<int64_t>& dpShares) const;
  // Rank 0, on devices[0], gets a microbatch's outputs from the rank on that device, while that one
  // computes the next. Within a host that takes next to nothing.
  double outputSeconds(const std::vector<int>& devices, int from, double scale) const;
  bool fitMemory(Plan& plan, const StageChain& chain, const std::vector<int>& cuts,
                 const std::vector<const GroupPlan*>& plans,
                 const std::vector<FunctionSharding>& mains);

  const BlockGraph& graph_;
  const DeviceModel& model_;
  const SearchOptions& options_;
  StatusOr<BatchCut> batchCut_;
  GroupPlanner planner_;
  std::string shortage_;
  double smallestShortage_ = -1;
};

}  // namespace mlc::partition
