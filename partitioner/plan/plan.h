// What the search decides: which rank does what. plan.json is its canonical form.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::partition {

// How one op runs over the tp ranks of its group. The layouts of its operands and results follow
// (layout.h).
struct OpSharding {
  static constexpr int kReplicate = -1;    // every rank computes all of it
  static constexpr int kPassPartial = -2;  // a linear op on partial sums, giving partial sums

  int factor = kReplicate;      // or the factor that is split
  std::vector<int64_t> shares;  // per tp rank, in units of factor size / sum; zero allowed; empty
                                // if no factor is split

  friend bool operator==(const OpSharding&, const OpSharding&) = default;
};

struct FunctionSharding {
  int function = 0;
  // Of every op of the function; of main: those outside the stage are kReplicate.
  std::vector<OpSharding> ops;
  double seconds = 0;  // predicted, of one call

  friend bool operator==(const FunctionSharding&, const FunctionSharding&) = default;
};

// What the fastest plan for another number of devices would be.
struct Alternative {
  int devices = 1, hosts = 1;
  int dp = 1, pp = 1, tp = 1;
  double predictedSeconds = 0;  // 0: the model does not fit

  friend bool operator==(const Alternative&, const Alternative&) = default;
};

struct Plan {
  // rank = (dp_index * pp + pp_index) * tp + tp_index
  int dp = 1, pp = 1, tp = 1;
  std::vector<int> devices;              // per rank, into DeviceModel::devices
  std::vector<std::string> deviceNames;  // likewise
  std::vector<std::vector<int>> stages;  // per pp index: main's ops, ascending; may be empty
  // Cheap ops of main that every stage needing them does by itself.
  std::vector<int> rematerializedOps;
  std::vector<int64_t> dpShares;  // of the batch per dp index; zero: that replica has no work
  int microbatches = 1;
  std::vector<FunctionSharding> shardings;
  // [dp_index * pp + pp_index][function]: into shardings; -1: not called there.
  std::vector<std::vector<int>> shardingOf;

  double predictedSeconds = 0;      // of one run
  double oneDeviceSeconds = 0;      // the same on the best single device
  std::vector<double> memoryBytes;  // per rank: weights and arena
  // Why: fewer devices are faster, no cut of the batch, what does not fit.
  std::vector<std::string> notes;
  // As findAlternatives says (search/alternatives.h); empty where nobody asked.
  std::vector<Alternative> alternatives;

  int ranks() const { return dp * pp * tp; }

  friend bool operator==(const Plan&, const Plan&) = default;
};

// Canonical text: sorted keys, a newline at the end.
std::string printPlan(const Plan& plan);

// Fails with kInvalid and a message that names the key. parsePlan(printPlan(p)) == p.
StatusOr<Plan> parsePlan(const std::string& json);

}  // namespace mlc::partition
