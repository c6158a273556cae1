// What enters and leaves each pipeline stage. Private to compiler/partition.
#pragma once

#include <vector>

#include "partitioner/graph/block_graph.h"
#include "partitioner/plan/plan.h"

namespace mlc::partition {

struct StageInput {
  int tensor = -1;
  int argument = -1;   // of main; or
  int fromStage = -1;  // the sender
  int channel = 0;
};

struct StageOutput {
  int tensor = -1;
  int output = -1;   // of main; or
  int toStage = -1;  // the receiver
  int channel = 0;
};

struct StageEdges {
  // Of main, ascending: the stage's and the rematerialized ones that it needs.
  std::vector<int> ops;
  std::vector<StageInput> inputs;  // main's arguments first
  std::vector<StageOutput> outputs;
};

// One per stage. A stage without ops and outputs has nothing. Every symbol in the types of a
// stage's tensors can be bound from its inputs: an argument of main that names the symbol is added
// if no other input does.
std::vector<StageEdges> findStageEdges(const Function& main, const Plan& plan);

}  // namespace mlc::partition
