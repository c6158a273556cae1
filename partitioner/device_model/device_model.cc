#include "partitioner/device_model/device_model.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "runtime/base/json_reader.h"

namespace mlc::partition {
namespace {

using nlohmann::json;

constexpr std::pair<const char*, Device::Kind> kKinds[] = {
    {"cpu", Device::Kind::kCpu}, {"cuda", Device::Kind::kCuda}, {"fake", Device::Kind::kFake}};

std::string kindName(Device::Kind kind) {
  return std::ranges::find(kKinds, kind, [](const auto& known) { return known.second; })->first;
}

// Far below and above what there is, and such that predicted times are finite.
constexpr double kLeastSpeed = 1, kMostSpeed = 1e21, kMostBytes = 1e21, kMostSeconds = 1e6;
constexpr int kMaxThreads = 1 << 16, kMaxDevices = 1 << 14;

void checkRange(JsonReader& reader, const char* key, double value, double least, double most) {
  if (value >= least && value <= most) return;
  char text[64];
  std::snprintf(text, sizeof(text), "must be from %g to %g", least, most);
  reader.wrong(key, text);
}

void readSpeed(JsonReader& reader, const char* key, double& value) {
  reader.readIfThere(key, value);
  checkRange(reader, key, value, kLeastSpeed, kMostSpeed);
}

void readSeconds(JsonReader& reader, const char* key, double& value) {
  reader.readIfThere(key, value);
  checkRange(reader, key, value, 0, kMostSeconds);
}

void readPeaks(JsonReader& reader, Device& device) {
  std::map<std::string, double> peaks;
  reader.read("peak_flops", peaks);
  for (const auto& [name, peak] : peaks) {
    DType type;
    if (!parseDType(name, type)) return reader.wrong("peak_flops", "has no type '" + name + "'");
    checkRange(reader, "peak_flops", peak, kLeastSpeed, kMostSpeed);
    device.peakFlops[type] = peak;
  }
  if (!peaks.contains("f32")) reader.wrong("peak_flops.f32", "is missing");
}

// As a file has it: `count` of them.
struct DeviceEntry {
  Device device;
  int count = 0;  // 0: one, without a number behind its name
};

struct LinkEntry {
  std::vector<std::string> between;
  Link link;
};

void readFields(JsonReader& reader, DeviceEntry& entry) {
  Device& device = entry.device;
  reader.read("name", device.name);
  if (reader.has("kind")) reader.readChoice("kind", kKinds, device.kind);
  reader.readIfThere("host", device.host);
  reader.readIfThere("arch", device.arch);
  reader.readIfThere("cpu", device.cpu);
  reader.readIfThere("threads", device.threads);
  if (device.threads < 1 || device.threads > kMaxThreads)
    reader.wrong("threads", "must be from 1 to " + std::to_string(kMaxThreads));
  reader.readIfThere("count", entry.count);
  if (reader.has("count") && (entry.count < 1 || entry.count > kMaxDevices))
    reader.wrong("count", "must be from 1 to " + std::to_string(kMaxDevices));
  reader.read("memory_bandwidth", device.memoryBandwidth);
  checkRange(reader, "memory_bandwidth", device.memoryBandwidth, kLeastSpeed, kMostSpeed);
  reader.readIfThere("memory_bytes", device.memoryBytes);
  checkRange(reader, "memory_bytes", device.memoryBytes, 0, kMostBytes);
  readSeconds(reader, "launch_seconds", device.launchSeconds);
  readPeaks(reader, device);
}

}  // namespace

static void readFields(JsonReader& reader, Link& link) {
  readSeconds(reader, "latency_seconds", link.latencySeconds);
  readSpeed(reader, "bandwidth", link.bandwidth);
}

namespace {

void readFields(JsonReader& reader, LinkEntry& entry) {
  reader.read("between", entry.between);
  if (entry.between.size() != 2) reader.wrong("between", "must be two names");
  readFields(reader, entry.link);
}

}  // namespace

static void readFields(JsonReader& reader, DeviceModel& model) {
  std::vector<DeviceEntry> devices;
  reader.read("devices", devices);
  for (const DeviceEntry& entry : devices) {
    model.devices.push_back(entry.device);
    for (int i = 0; i < entry.count; ++i) {
      if (i > 0) model.devices.push_back(entry.device);
      model.devices.back().name = entry.device.name + "." + std::to_string(i);
    }
    if (model.devices.size() > kMaxDevices) return reader.wrong("devices", "has too many devices");
  }
  if (model.devices.empty()) return reader.wrong("devices", "must be a list that is not empty");
  reader.readIfThere("same_host", model.sameHost);
  reader.readIfThere("other_host", model.otherHost);
  std::vector<LinkEntry> links;
  reader.readIfThere("links", links);
  for (const LinkEntry& entry : links) {
    std::vector<int> ends;
    for (const std::string& name : entry.between) {
      const auto device = std::ranges::find(model.devices, name, &Device::name);
      if (device == model.devices.end())
        return reader.wrong("links", "names a device that is not there: '" + name + "'");
      ends.push_back(static_cast<int>(device - model.devices.begin()));
    }
    if (ends.size() == 2) model.links[std::minmax(ends[0], ends[1])] = entry.link;
  }
}

namespace {

json linkJson(const Link& link) {
  return {{"latency_seconds", link.latencySeconds}, {"bandwidth", link.bandwidth}};
}

json deviceJson(const Device& device) {
  json peaks = json::object();
  for (const auto& [type, value] : device.peakFlops) peaks[std::string(dtypeName(type))] = value;
  json object = {{"name", device.name},
                 {"kind", kindName(device.kind)},
                 {"host", device.host},
                 {"threads", device.threads},
                 {"peak_flops", peaks},
                 {"memory_bandwidth", device.memoryBandwidth},
                 {"memory_bytes", device.memoryBytes},
                 {"launch_seconds", device.launchSeconds}};
  if (device.kind == Device::Kind::kCuda) object["arch"] = device.arch;
  if (!device.cpu.empty()) object["cpu"] = device.cpu;
  return object;
}

}  // namespace

double Device::peak(DType type) const {
  if (auto found = peakFlops.find(type); found != peakFlops.end()) return found->second;
  auto f32 = peakFlops.find(DType::kF32);
  double base = f32 == peakFlops.end() ? 1e10 : f32->second;
  return dtypeBits(type) > 32 ? base / 2 : base;
}

const Link& DeviceModel::link(int a, int b) const {
  if (auto found = links.find(std::minmax(a, b)); found != links.end()) return found->second;
  return devices[a].host == devices[b].host ? sameHost : otherHost;
}

std::string DeviceModel::openName(int device) const {
  const Device& wanted = devices[static_cast<size_t>(device)];
  if (wanted.kind == Device::Kind::kCpu) return "cpu";
  int before = 0;
  for (int i = 0; i < device; ++i) {
    const Device& other = devices[static_cast<size_t>(i)];
    before += other.kind == wanted.kind && other.host == wanted.host;
  }
  return kindName(wanted.kind) + ":" + std::to_string(before);
}

StatusOr<DeviceModel> parseDeviceModel(const std::string& text) {
  DeviceModel model;
  MLC_RETURN_IF_ERROR(JsonReader::readText(text, "devices", model));
  return model;
}

std::string printDeviceModel(const DeviceModel& model) {
  json root = {{"same_host", linkJson(model.sameHost)},
               {"other_host", linkJson(model.otherHost)},
               {"devices", json::array()}};
  for (const Device& device : model.devices) root["devices"].push_back(deviceJson(device));
  if (!model.links.empty()) root["links"] = json::array();
  for (const auto& [pair, link] : model.links) {
    json entry = linkJson(link);
    entry["between"] = {model.devices[pair.first].name, model.devices[pair.second].name};
    root["links"].push_back(entry);
  }
  return root.dump(2) + "\n";
}

}  // namespace mlc::partition
