// Shardings of a model's functions on one tp group, remembered for groups of like devices. Private
// to the search.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "partitioner/device_model/device_model.h"
#include "partitioner/graph/block_graph.h"
#include "partitioner/plan/batch_cut.h"
#include "partitioner/plan/dim_classes.h"
#include "partitioner/search/shard_function.h"

namespace mlc::partition {

// What a group does with every block, and with all of main as if it were one stage.
struct GroupPlan {
  std::vector<FunctionSharding> functions;
  std::vector<double> opSeconds;  // of main's ops, without the collectives between them
  std::vector<std::vector<double>> weightBytes;  // per op of main, per tp rank
  ShardOptions options;                          // with the seconds of calls
};

class GroupPlanner {
 public:
  GroupPlanner(const BlockGraph& graph, const DeviceModel& model,
               const StatusOr<BatchCut>& batchCut);

  // The group's devices in rank order; `scale` is its part of the nominal batch.
  const GroupPlan& plan(const std::vector<int>& devices, double scale, bool mustSplit);

  // Main again, of which only these ops run.
  FunctionSharding shardStage(const std::vector<int>& devices, const GroupPlan& group,
                              const Range& range) const;

  // Bytes of weights that each tp rank holds for these ops of main, each weight once per layout.
  std::vector<double> weightBytes(const GroupPlan& group, const FunctionSharding& main,
                                  const std::vector<int>& ops, int tp) const;

  // Bytes of tensors alive at once while these ops of main run whole, at most.
  double arenaBytes(const std::vector<int>& ops) const;

 private:
  std::string signature(const std::vector<int>& devices) const;

  const BlockGraph& graph_;
  const DeviceModel& model_;
  std::vector<DimClasses> classes_;
  std::vector<double> functionArena_;
  std::map<std::string, GroupPlan> plans_;
};

}  // namespace mlc::partition
