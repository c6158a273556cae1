// The cost model: seconds of ops on devices (roofline) and of collectives in a group (latency and
// bandwidth).
//
// Collectives follow the usual alpha-beta formulas (Thakur, Rabenseifner, Gropp: "Optimization of
// Collective Communication Operations in MPICH", 2005) with the slowest link of the group: ring for
// large tensors, trees for small ones.
#pragma once

#include <vector>

#include "partitioner/device_model/device_model.h"
#include "partitioner/graph/block_graph.h"

namespace mlc::partition {

// Seconds of a part of an op: these fractions of its operations and bytes.
double opSeconds(const Op& op, const Device& device, double operationsFraction,
                 double bytesFraction);

// The devices of one tp group, in rank order, and what moving data among them costs.
class GroupCost {
 public:
  GroupCost(const DeviceModel& model, std::vector<int> devices);

  int size() const { return static_cast<int>(devices_.size()); }
  const std::vector<const Device*>& devices() const { return devices_; }

  // How fast each device is next to the others: peak f32 rates, and bandwidths, in equal parts.
  const std::vector<double>& speeds() const { return speeds_; }

  // `bytes` are those of the whole tensor.
  double allGather(double bytes) const;
  double reduceScatter(double bytes) const { return allGather(bytes); }
  double allReduce(double bytes) const;
  double slice(double bytes) const;  // each rank copies its piece

 private:
  double oneWay(double bytes) const;  // of n - 1 of n parts to everyone

  std::vector<const Device*> devices_;
  std::vector<double> speeds_;
  Link slowest_;
  double launchSeconds_ = 0, memoryBandwidth_ = 1;
};

// One message.
double sendSeconds(const Link& link, double bytes);

}  // namespace mlc::partition
