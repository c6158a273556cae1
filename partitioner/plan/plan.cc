#include "partitioner/plan/plan.h"

#include <nlohmann/json.hpp>

#include "runtime/base/json_reader.h"

namespace mlc::partition {
namespace {

using nlohmann::json;

json shardingJson(const FunctionSharding& sharding) {
  json ops = json::array();
  for (const OpSharding& op : sharding.ops) {
    json entry = json::object();
    if (op.factor != OpSharding::kReplicate) entry["factor"] = op.factor;
    if (!op.shares.empty()) entry["shares"] = op.shares;
    ops.push_back(entry);
  }
  return {{"function", sharding.function}, {"ops", ops}, {"seconds", sharding.seconds}};
}

json meshJson(int dp, int pp, int tp) { return {{"dp", dp}, {"pp", pp}, {"tp", tp}}; }

// Of ranks' shares, and of microbatches: products of them fit 64 bits.
constexpr int64_t kMaxShares = int64_t{1} << 31;
constexpr int kMaxMicrobatches = 1 << 16;
constexpr int64_t kMaxRanks = 1 << 16;

// Whether none is negative and their sum is positive and bounded.
bool areShares(const std::vector<int64_t>& shares) {
  int64_t sum = 0;
  for (int64_t share : shares) {
    if (share < 0 || share > kMaxShares) return false;
    sum += share;
    if (sum > kMaxShares) return false;
  }
  return sum > 0;
}

}  // namespace

static void readFields(JsonReader& reader, OpSharding& op) {
  reader.readIfThere("factor", op.factor);
  reader.readIfThere("shares", op.shares);
  const bool isSplit = op.factor >= 0;
  if (op.factor < OpSharding::kPassPartial) reader.wrong("factor", "is no factor");
  if (isSplit ? !areShares(op.shares) : !op.shares.empty())
    reader.wrong("shares", isSplit ? "must not be negative, nor all 0" : "has no factor");
}

static void readFields(JsonReader& reader, FunctionSharding& sharding) {
  reader.read("function", sharding.function);
  reader.read("ops", sharding.ops);
  reader.read("seconds", sharding.seconds);
}

namespace {

struct Mesh {
  int dp = 1, pp = 1, tp = 1;
};

void readFields(JsonReader& reader, Mesh& mesh) {
  reader.read("dp", mesh.dp);
  reader.read("pp", mesh.pp);
  reader.read("tp", mesh.tp);
  for (int64_t axis : {mesh.dp, mesh.pp, mesh.tp}) {
    if (axis < 1 || axis > kMaxRanks) reader.wrong("dp, pp or tp", "has no ranks, or too many");
  }
}

}  // namespace

static void readFields(JsonReader& reader, Alternative& alternative) {
  reader.read("devices", alternative.devices);
  reader.read("hosts", alternative.hosts);
  Mesh mesh;
  reader.read("mesh", mesh);
  alternative.dp = mesh.dp;
  alternative.pp = mesh.pp;
  alternative.tp = mesh.tp;
  reader.read("predicted_seconds", alternative.predictedSeconds);
}

// What the plan says of itself must fit together; whether it fits a model is for those who apply
// it.
static void readFields(JsonReader& reader, Plan& plan) {
  int version = 0;
  reader.read("format_version", version);
  if (version != 2) reader.wrong("format_version", "must be 2");
  Mesh mesh;
  reader.read("mesh", mesh);
  plan.dp = mesh.dp;
  plan.pp = mesh.pp;
  plan.tp = mesh.tp;
  const int64_t groups = int64_t{plan.dp} * plan.pp;
  const auto has = [&](const auto& list, const char* key, int64_t items, const std::string& each) {
    if (static_cast<int64_t>(list.size()) != items)
      reader.wrong(key, "must have an item for each " + each + " of the mesh");
  };
  reader.read("devices", plan.devices);
  has(plan.devices, "devices", groups * plan.tp, "rank");
  for (int device : plan.devices) {
    if (device < 0) reader.wrong("devices", "must not be negative");
  }
  reader.read("device_names", plan.deviceNames);
  reader.read("stages", plan.stages);
  has(plan.stages, "stages", plan.pp, "stage");
  reader.read("rematerialized_ops", plan.rematerializedOps);
  reader.read("dp_shares", plan.dpShares);
  has(plan.dpShares, "dp_shares", plan.dp, "replica");
  if (!areShares(plan.dpShares)) reader.wrong("dp_shares", "must not be negative, nor all 0");
  reader.read("microbatches", plan.microbatches);
  if (plan.microbatches < 1 || plan.microbatches > kMaxMicrobatches)
    reader.wrong("microbatches", "must be from 1 to " + std::to_string(kMaxMicrobatches));
  reader.read("shardings", plan.shardings);
  for (const FunctionSharding& sharding : plan.shardings) {
    for (const OpSharding& op : sharding.ops) {
      if (op.factor >= 0) has(op.shares, "shardings: shares", plan.tp, "rank along tp");
    }
  }
  reader.read("sharding_of", plan.shardingOf);
  has(plan.shardingOf, "sharding_of", groups, "group of ranks along tp");
  for (const auto& functions : plan.shardingOf) {
    for (int index : functions) {
      if (index < -1 || index >= static_cast<int>(plan.shardings.size()))
        reader.wrong("sharding_of", "must be -1 or index shardings");
    }
  }
  reader.read("predicted_seconds", plan.predictedSeconds);
  reader.read("one_device_seconds", plan.oneDeviceSeconds);
  reader.read("memory_bytes", plan.memoryBytes);
  reader.read("notes", plan.notes);
  reader.readIfThere("alternatives", plan.alternatives);
}

std::string printPlan(const Plan& plan) {
  json root = {{"format_version", 2},
               {"mesh", meshJson(plan.dp, plan.pp, plan.tp)},
               {"devices", plan.devices},
               {"device_names", plan.deviceNames},
               {"stages", plan.stages},
               {"rematerialized_ops", plan.rematerializedOps},
               {"dp_shares", plan.dpShares},
               {"microbatches", plan.microbatches},
               {"shardings", json::array()},
               {"sharding_of", plan.shardingOf},
               {"predicted_seconds", plan.predictedSeconds},
               {"one_device_seconds", plan.oneDeviceSeconds},
               {"memory_bytes", plan.memoryBytes},
               {"notes", plan.notes},
               {"alternatives", json::array()}};
  for (const FunctionSharding& sharding : plan.shardings)
    root["shardings"].push_back(shardingJson(sharding));
  for (const Alternative& other : plan.alternatives) {
    root["alternatives"].push_back({{"devices", other.devices},
                                    {"hosts", other.hosts},
                                    {"mesh", meshJson(other.dp, other.pp, other.tp)},
                                    {"predicted_seconds", other.predictedSeconds}});
  }
  return root.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

StatusOr<Plan> parsePlan(const std::string& text) {
  Plan plan;
  MLC_RETURN_IF_ERROR(JsonReader::readText(text, "plan", plan));
  return plan;
}

}  // namespace mlc::partition
