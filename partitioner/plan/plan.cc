#include "partitioner/plan/plan.h"

#include <nlohmann/json.hpp>

namespace mlc::partition {
namespace {

using nlohmann::json;

Status wrongKey(const std::string& key) {
  return invalidError("plan: \"" + key + "\" is missing or wrong");
}

Status read(const json& object, const char* key, int& value) {
  auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return wrongKey(key);
  value = found->get<int>();
  return okStatus();
}

Status read(const json& object, const char* key, double& value) {
  auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return wrongKey(key);
  value = found->get<double>();
  return okStatus();
}

bool readItem(const json& item, std::string& value) {
  if (!item.is_string()) return false;
  value = item.get<std::string>();
  return true;
}

template <typename Number>
  requires std::is_arithmetic_v<Number>
bool readItem(const json& item, Number& value) {
  if (std::is_integral_v<Number> ? !item.is_number_integer() : !item.is_number()) return false;
  value = item.get<Number>();
  return true;
}

template <typename T>
bool readItem(const json& item, std::vector<T>& values) {
  if (!item.is_array()) return false;
  for (const json& element : item) {
    if (!readItem(element, values.emplace_back())) return false;
  }
  return true;
}

template <typename T>
Status read(const json& object, const char* key, std::vector<T>& values) {
  auto found = object.find(key);
  return found != object.end() && readItem(*found, values) ? okStatus() : wrongKey(key);
}

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

Status readSharding(const json& object, FunctionSharding& sharding) {
  if (!object.is_object()) return wrongKey("shardings");
  MLC_RETURN_IF_ERROR(read(object, "function", sharding.function));
  MLC_RETURN_IF_ERROR(read(object, "seconds", sharding.seconds));
  auto ops = object.find("ops");
  if (ops == object.end() || !ops->is_array()) return wrongKey("ops");
  for (const json& entry : *ops) {
    if (!entry.is_object()) return wrongKey("ops");
    OpSharding& op = sharding.ops.emplace_back();
    if (entry.contains("factor")) MLC_RETURN_IF_ERROR(read(entry, "factor", op.factor));
    if (entry.contains("shares")) MLC_RETURN_IF_ERROR(read(entry, "shares", op.shares));
  }
  return okStatus();
}

// What the plan says of itself must fit together; whether it fits a model is for those who apply
// it.
Status verify(const Plan& plan) {
  constexpr int kMaxAxis = 1 << 20;
  for (int axis : {plan.dp, plan.pp, plan.tp}) {
    if (axis < 1 || axis > kMaxAxis) return wrongKey("mesh");
  }
  if (plan.microbatches < 1) return wrongKey("microbatches");
  const int64_t ranks = int64_t{plan.dp} * plan.pp * plan.tp;
  if (static_cast<int64_t>(plan.devices.size()) != ranks) return wrongKey("devices");
  if (static_cast<int>(plan.stages.size()) != plan.pp) return wrongKey("stages");
  if (static_cast<int>(plan.dpShares.size()) != plan.dp) return wrongKey("dp_shares");
  if (static_cast<int64_t>(plan.shardingOf.size()) != int64_t{plan.dp} * plan.pp)
    return wrongKey("sharding_of");
  for (const auto& functions : plan.shardingOf) {
    for (int index : functions) {
      if (index < -1 || index >= static_cast<int>(plan.shardings.size()))
        return wrongKey("sharding_of");
    }
  }
  for (const FunctionSharding& sharding : plan.shardings) {
    for (const OpSharding& op : sharding.ops) {
      const bool isSplit = op.factor >= 0;
      if (op.factor < OpSharding::kPassPartial || isSplit == op.shares.empty())
        return wrongKey("factor");
      if (isSplit && static_cast<int>(op.shares.size()) != plan.tp) return wrongKey("shares");
      for (int64_t share : op.shares) {
        if (share < 0) return wrongKey("shares");
      }
    }
  }
  return okStatus();
}

}  // namespace

std::string printPlan(const Plan& plan) {
  json root = {{"format_version", 1},
               {"mesh", {{"dp", plan.dp}, {"pp", plan.pp}, {"tp", plan.tp}}},
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
               {"notes", plan.notes}};
  for (const FunctionSharding& sharding : plan.shardings)
    root["shardings"].push_back(shardingJson(sharding));
  return root.dump(1) + "\n";
}

StatusOr<Plan> parsePlan(const std::string& text) {
  json root = json::parse(text, nullptr, false);
  if (root.is_discarded() || !root.is_object()) return invalidError("plan: not a JSON object");
  Plan plan;
  int version = 0;
  MLC_RETURN_IF_ERROR(read(root, "format_version", version));
  if (version != 1) return wrongKey("format_version");
  auto mesh = root.find("mesh");
  if (mesh == root.end() || !mesh->is_object()) return wrongKey("mesh");
  MLC_RETURN_IF_ERROR(read(*mesh, "dp", plan.dp));
  MLC_RETURN_IF_ERROR(read(*mesh, "pp", plan.pp));
  MLC_RETURN_IF_ERROR(read(*mesh, "tp", plan.tp));
  MLC_RETURN_IF_ERROR(read(root, "devices", plan.devices));
  MLC_RETURN_IF_ERROR(read(root, "device_names", plan.deviceNames));
  MLC_RETURN_IF_ERROR(read(root, "stages", plan.stages));
  MLC_RETURN_IF_ERROR(read(root, "rematerialized_ops", plan.rematerializedOps));
  MLC_RETURN_IF_ERROR(read(root, "dp_shares", plan.dpShares));
  MLC_RETURN_IF_ERROR(read(root, "microbatches", plan.microbatches));
  MLC_RETURN_IF_ERROR(read(root, "sharding_of", plan.shardingOf));
  MLC_RETURN_IF_ERROR(read(root, "predicted_seconds", plan.predictedSeconds));
  MLC_RETURN_IF_ERROR(read(root, "one_device_seconds", plan.oneDeviceSeconds));
  MLC_RETURN_IF_ERROR(read(root, "memory_bytes", plan.memoryBytes));
  MLC_RETURN_IF_ERROR(read(root, "notes", plan.notes));
  auto shardings = root.find("shardings");
  if (shardings == root.end() || !shardings->is_array()) return wrongKey("shardings");
  for (const json& entry : *shardings)
    MLC_RETURN_IF_ERROR(readSharding(entry, plan.shardings.emplace_back()));
  MLC_RETURN_IF_ERROR(verify(plan));
  return plan;
}

}  // namespace mlc::partition
