#include "partitioner/device_model/device_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace mlc::partition {
namespace {

using nlohmann::json;

// Reads the keys of one object; the first wrong one is kept as the error.
class ObjectReader {
 public:
  ObjectReader(const json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) fail("must be an object");
  }

  void number(const char* key, double& value, bool isRequired = false) {
    const json* found = find(key, isRequired);
    if (!found) return;
    if (!found->is_number() || found->get<double>() < 0)
      return fail(std::string("\"") + key + "\" must be a number, not negative");
    value = found->get<double>();
  }
  void integer(const char* key, int& value) {
    const json* found = find(key, false);
    if (!found) return;
    if (!found->is_number_integer() || found->get<int64_t>() < 1 ||
        found->get<int64_t>() > 1 << 20) {
      return fail(std::string("\"") + key + "\" must be a positive integer");
    }
    value = found->get<int>();
  }
  void text(const char* key, std::string& value, bool isRequired = false) {
    const json* found = find(key, isRequired);
    if (!found) return;
    if (!found->is_string()) return fail(std::string("\"") + key + "\" must be a string");
    value = found->get<std::string>();
  }
  const json* find(const char* key, bool isRequired) {
    if (!status_.ok()) return nullptr;
    known_.push_back(key);
    auto found = object_.find(key);
    if (found != object_.end()) return &*found;
    if (isRequired) fail(std::string("\"") + key + "\" is missing");
    return nullptr;
  }
  void fail(const std::string& message) {
    if (status_.ok()) status_ = invalidError("devices: " + where_ + ": " + message);
  }
  // The first error; or a key that nothing asked for.
  Status finish() {
    if (!status_.ok()) return status_;
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        fail("unknown key \"" + key + "\"");
    }
    return status_;
  }

 private:
  const json& object_;
  std::string where_;
  std::vector<std::string> known_;
  Status status_;
};

struct KindName {
  const char* text;
  Device::Kind kind;
};
constexpr KindName kKinds[] = {
    {"cpu", Device::Kind::kCpu}, {"cuda", Device::Kind::kCuda}, {"fake", Device::Kind::kFake}};

std::string kindName(Device::Kind kind) {
  for (const KindName& known : kKinds) {
    if (known.kind == kind) return known.text;
  }
  return "";
}

Status readPeaks(const json& object, const std::string& where, Device& device) {
  if (!object.is_object())
    return invalidError("devices: " + where + ": \"peak_flops\" must be an object");
  for (const auto& [key, value] : object.items()) {
    DType type;
    if (!parseDType(key, type))
      return invalidError("devices: " + where + ": \"peak_flops\": unknown type \"" + key + "\"");
    if (!value.is_number() || value.get<double>() <= 0) {
      return invalidError("devices: " + where + ": \"peak_flops\": \"" + key +
                          "\" must be a positive number");
    }
    device.peakFlops[type] = value.get<double>();
  }
  if (!device.peakFlops.contains(DType::kF32))
    return invalidError("devices: " + where + ": \"peak_flops\": \"f32\" is missing");
  return okStatus();
}

Status readDevice(const json& object, int index, DeviceModel& model) {
  std::string where = "devices[" + std::to_string(index) + "]", kind = "cpu";
  ObjectReader reader(object, where);
  Device device;
  int count = 0;
  reader.text("name", device.name, true);
  reader.text("kind", kind);
  reader.text("host", device.host);
  reader.text("arch", device.arch);
  reader.text("cpu", device.cpu);
  reader.integer("threads", device.threads);
  reader.integer("count", count);
  reader.number("memory_bandwidth", device.memoryBandwidth, true);
  reader.number("memory_bytes", device.memoryBytes);
  reader.number("launch_seconds", device.launchSeconds);
  const auto* known =
      std::ranges::find(kKinds, kind, [](const KindName& name) { return std::string(name.text); });
  if (known == std::end(kKinds)) reader.fail("\"kind\" must be \"cpu\", \"cuda\" or \"fake\"");
  const json* peaks = reader.find("peak_flops", true);
  MLC_RETURN_IF_ERROR(reader.finish());
  if (device.memoryBandwidth <= 0)
    return invalidError("devices: " + where + ": \"memory_bandwidth\" must be positive");
  device.kind = known->kind;
  MLC_RETURN_IF_ERROR(readPeaks(*peaks, where, device));
  if (count == 0) {
    model.devices.push_back(device);
    return okStatus();
  }
  std::string name = device.name;
  for (int i = 0; i < count; ++i) {
    device.name = name + "." + std::to_string(i);
    model.devices.push_back(device);
  }
  return okStatus();
}

void readLinkNumbers(ObjectReader& reader, Link& link) {
  reader.number("latency_seconds", link.latencySeconds);
  reader.number("bandwidth", link.bandwidth);
  if (link.bandwidth <= 0) reader.fail("\"bandwidth\" must be positive");
}

StatusOr<int> deviceNamed(const DeviceModel& model, const json& name, const std::string& where) {
  for (size_t i = 0; i < model.devices.size(); ++i) {
    if (name.is_string() && model.devices[i].name == name.get<std::string>())
      return static_cast<int>(i);
  }
  return invalidError("devices: " + where + ": \"between\" names no device: " + name.dump());
}

Status readLink(const json& object, int index, DeviceModel& model) {
  std::string where = "links[" + std::to_string(index) + "]";
  ObjectReader reader(object, where);
  Link link;
  const json* between = reader.find("between", true);
  readLinkNumbers(reader, link);
  MLC_RETURN_IF_ERROR(reader.finish());
  if (!between->is_array() || between->size() != 2)
    return invalidError("devices: " + where + ": \"between\" must be two names");
  MLC_ASSIGN_OR_RETURN(int a, deviceNamed(model, (*between)[0], where));
  MLC_ASSIGN_OR_RETURN(int b, deviceNamed(model, (*between)[1], where));
  model.links[std::minmax(a, b)] = link;
  return okStatus();
}

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
  json root = json::parse(text, nullptr, false);
  if (root.is_discarded()) return invalidError("devices: not valid JSON");
  ObjectReader reader(root, "file");
  DeviceModel model;
  const json* devices = reader.find("devices", true);
  const json* links = reader.find("links", false);
  const json* sameHost = reader.find("same_host", false);
  const json* otherHost = reader.find("other_host", false);
  MLC_RETURN_IF_ERROR(reader.finish());
  if (!devices->is_array() || devices->empty())
    return invalidError("devices: \"devices\" must be a list that is not empty");
  for (size_t i = 0; i < devices->size(); ++i)
    MLC_RETURN_IF_ERROR(readDevice((*devices)[i], static_cast<int>(i), model));
  for (auto [object, link] :
       {std::pair{sameHost, &model.sameHost}, {otherHost, &model.otherHost}}) {
    if (!object) continue;
    ObjectReader linkReader(*object, object == sameHost ? "same_host" : "other_host");
    readLinkNumbers(linkReader, *link);
    MLC_RETURN_IF_ERROR(linkReader.finish());
  }
  if (links && !links->is_array()) return invalidError("devices: \"links\" must be a list");
  for (size_t i = 0; links && i < links->size(); ++i)
    MLC_RETURN_IF_ERROR(readLink((*links)[i], static_cast<int>(i), model));
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
