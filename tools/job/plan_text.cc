#include "tools/job/plan_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "partitioner/plan/plan.h"

namespace mlc::tools {
namespace {

constexpr const char* kIndent = "          ";

// "with 1 such device 4.567 ms, with 4 on 2 hosts 1.234 ms".
std::string alternativesText(const std::vector<partition::Alternative>& alternatives) {
  std::string text;
  for (const partition::Alternative& other : alternatives) {
    text += text.empty() ? kIndent : ", ";
    text += fmt::format("with {}", other.devices);
    if (&other == alternatives.data())
      text += other.devices == 1 ? " such device" : " such devices";
    if (other.hosts > 1) text += fmt::format(" on {} hosts", other.hosts);
    text += other.predictedSeconds > 0 ? fmt::format(" {:.3f} ms", other.predictedSeconds * 1e3)
                                       : " too little memory";
  }
  return text.empty() ? text : text + "\n";
}

}  // namespace

std::string planText(const package::Manifest& manifest, const std::string& planJson) {
  std::string text = fmt::format("dp={} pp={} tp={}", manifest.dp, manifest.pp, manifest.tp);
  if (manifest.microbatches > 1) text += fmt::format(", {} microbatches", manifest.microbatches);
  if (manifest.predicted_ms > 0)
    text += fmt::format(", {:.2f} ms predicted", manifest.predicted_ms);
  text += "\n";
  // A package of somebody else's may have none.
  const StatusOr<partition::Plan> plan = partition::parsePlan(planJson);
  if (!plan.ok()) return text;
  for (const std::string& note : plan->notes) text += kIndent + note + "\n";
  return text + alternativesText(plan->alternatives);
}

nlohmann::ordered_json alternativesJson(const std::string& planJson) {
  const auto plan = nlohmann::ordered_json::parse(planJson, nullptr, false);
  const bool isThere = plan.is_object() && plan.contains("alternatives");
  return isThere ? plan["alternatives"] : nlohmann::ordered_json::array();
}

}  // namespace mlc::tools
