#include "partitioner/search/alternatives.h"

#include <algorithm>
#include <set>

#include "partitioner/search/search.h"

namespace mlc::partition {
namespace {

constexpr size_t kMostDevices = 8, kMostOps = 192;

std::set<std::string> hostsOf(const DeviceModel& model) {
  std::set<std::string> hosts;
  for (const Device& device : model.devices) hosts.insert(device.host);
  return hosts;
}

DeviceModel firstOf(const DeviceModel& model, size_t count) {
  DeviceModel first = model;
  first.devices.resize(count);
  std::erase_if(first.links, [&](const auto& entry) {
    return static_cast<size_t>(entry.first.second) >= count;  // the larger one
  });
  return first;
}

DeviceModel twice(const DeviceModel& model) {
  const auto count = static_cast<int>(model.devices.size());
  const std::set<std::string> hosts = hostsOf(model);
  // No host is called so.
  std::string suffix = "'";
  const auto isTaken = [&](const std::string& host) { return hosts.contains(host + suffix); };
  while (std::ranges::any_of(hosts, isTaken)) suffix += "'";
  DeviceModel both = model;
  for (const Device& device : model.devices) {
    both.devices.push_back(device);
    both.devices.back().host += suffix;
  }
  for (const auto& [pair, link] : model.links)
    both.links[{pair.first + count, pair.second + count}] = link;
  return both;
}

Alternative planFor(const BlockGraph& graph, const DeviceModel& model) {
  SearchOptions options;
  options.keepDeviceOrder = true;
  Alternative found;
  found.devices = static_cast<int>(model.devices.size());
  found.hosts = static_cast<int>(hostsOf(model).size());
  const StatusOr<Plan> plan = search(graph, model, options);
  // What else may fail has failed before: it does not fit.
  if (!plan.ok()) return found;
  found.dp = plan->dp;
  found.pp = plan->pp;
  found.tp = plan->tp;
  found.predictedSeconds = plan->predictedSeconds;
  return found;
}

}  // namespace

std::vector<Alternative> findAlternatives(const BlockGraph& graph, const DeviceModel& model,
                                          int maxRanks) {
  size_t count = model.devices.size();
  if (maxRanks > 0) count = std::min(count, static_cast<size_t>(maxRanks));
  size_t ops = 0;
  for (const Function& function : graph.functions) ops += function.ops.size();
  if (count > kMostDevices || ops > kMostOps) return {};
  std::vector<Alternative> alternatives;
  for (const size_t fewer : std::set<size_t>{1, count / 2}) {
    if (fewer > 0 && fewer < count) alternatives.push_back(planFor(graph, firstOf(model, fewer)));
  }
  alternatives.push_back(planFor(graph, twice(firstOf(model, count))));
  return alternatives;
}

}  // namespace mlc::partition
