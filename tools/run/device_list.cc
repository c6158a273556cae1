#include "tools/run/device_list.h"

#include <fmt/format.h>

#include <set>

#include "tools/job/report_output.h"

namespace mlc::tools {
namespace {

using partition::Device;

std::string kindName(Device::Kind kind) {
  switch (kind) {
    case Device::Kind::kCpu:
      return "cpu";
    case Device::Kind::kCuda:
      return "cuda";
    case Device::Kind::kFake:
      return "fake";
  }
  return "";
}

std::string peaksOf(const Device& device) {
  std::string text;
  for (const auto& [type, operations] : device.peakFlops) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {:.0f}", dtypeName(type), operations / 1e9);
  }
  return text;
}

std::string linkText(const std::string& between, const partition::Link& link) {
  return fmt::format("link      {}: {:.1f} us, {:.2f} GB/s\n", between, link.latencySeconds * 1e6,
                     link.bandwidth / 1e9);
}

std::string devicesText(const partition::DeviceModel& model) {
  std::string text =
      fmt::format("{:>6}  {:<14} {:<20} {:<5} {:>7} {:>8} {:>12}  {:<30} {}\n", "rank", "device",
                  "host", "kind", "threads", "GB/s", "memory", "GFLOP/s", "code for");
  for (size_t i = 0; i < model.devices.size(); ++i) {
    const Device& device = model.devices[i];
    text += fmt::format(
        "{:>6}  {:<14} {:<20} {:<5} {:>7} {:>8.1f} {:>12}  {:<30} {}\n", i, device.name,
        device.host, kindName(device.kind), device.threads, device.memoryBandwidth / 1e9,
        device.memoryBytes > 0 ? fmt::format("{:.1f} GB", device.memoryBytes / 1e9) : "-",
        peaksOf(device), device.kind == Device::Kind::kCuda ? device.arch : device.cpu);
  }
  std::set<std::string> hosts;
  for (const Device& device : model.devices) hosts.insert(device.host);
  if (hosts.size() < model.devices.size()) text += linkText("within a host", model.sameHost);
  if (hosts.size() > 1) text += linkText("between hosts", model.otherHost);
  for (const auto& [pair, link] : model.links) {
    text += linkText(fmt::format("{} to {}", model.devices[static_cast<size_t>(pair.first)].name,
                                 model.devices[static_cast<size_t>(pair.second)].name),
                     link);
  }
  return text;
}

}  // namespace

Status printDevices(const RunOptions& options, const partition::DeviceModel& devices) {
  return writeReport(devicesText(devices), printDeviceModel(devices), options.jsonFile,
                     "the devices");
}

}  // namespace mlc::tools
