#include "partitioner/cost/cost.h"

#include <algorithm>
#include <cmath>

namespace mlc::partition {
namespace {

// How much of the peak the kernels of this kind reach; contractions are what the peak is measured
// for.
double efficiency(const std::string& kind) {
  if (kind == "graph.contract" || kind == "graph.conv") return 0.7;
  if (kind == "graph.attention") return 0.5;
  return 0.1;
}

}  // namespace

double opSeconds(const Op& op, const Device& device, double operationsFraction,
                 double bytesFraction) {
  const double compute =
      op.operations * operationsFraction / (device.peak(op.dtype) * efficiency(op.kind));
  const double memory = op.bytes * bytesFraction / device.memoryBandwidth;
  // An op without work (a reshape) is a view.
  if (op.operations == 0 && op.bytes == 0) return 0;
  return std::max(compute, memory) + device.launchSeconds;
}

GroupCost::GroupCost(const DeviceModel& model, std::vector<int> devices) {
  slowest_ = {0, INFINITY};
  double peaks = 0, bandwidths = 0;
  memoryBandwidth_ = INFINITY;
  for (int id : devices) {
    const Device& device = model.devices[id];
    devices_.push_back(&device);
    peaks += device.peak(DType::kF32);
    bandwidths += device.memoryBandwidth;
    launchSeconds_ = std::max(launchSeconds_, device.launchSeconds);
    memoryBandwidth_ = std::min(memoryBandwidth_, device.memoryBandwidth);
    for (int other : devices) {
      if (other == id) continue;
      const Link& link = model.link(id, other);
      slowest_.latencySeconds = std::max(slowest_.latencySeconds, link.latencySeconds);
      slowest_.bandwidth = std::min(slowest_.bandwidth, link.bandwidth);
    }
  }
  for (const Device* device : devices_) {
    speeds_.push_back(device->peak(DType::kF32) / peaks + device->memoryBandwidth / bandwidths);
  }
}

double GroupCost::oneWay(double bytes) const {
  const double steps = std::ceil(std::log2(size()));
  return steps * slowest_.latencySeconds + bytes * (size() - 1) / size() / slowest_.bandwidth;
}

double GroupCost::allGather(double bytes) const {
  return size() == 1 ? 0 : oneWay(bytes) + launchSeconds_;
}

double GroupCost::allReduce(double bytes) const {
  if (size() == 1) return 0;
  const double steps = std::ceil(std::log2(size()));
  const double tree = steps * (slowest_.latencySeconds + bytes / slowest_.bandwidth);
  return std::min(2 * oneWay(bytes), tree) + launchSeconds_;
}

double GroupCost::slice(double bytes) const {
  return size() == 1 ? 0 : 2 * bytes / size() / memoryBandwidth_ + launchSeconds_;
}

double sendSeconds(const Link& link, double bytes) {
  return link.latencySeconds + bytes / link.bandwidth;
}

}  // namespace mlc::partition
