// The devices that a plan is made for, one per rank, and the links between them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/dtype.h"
#include "runtime/base/status.h"

namespace mlc::partition {

struct Device {
  // kFake: a GPU that the CPU emulates, with memory of its own: for tests of mixed jobs where there
  // is no GPU.
  enum class Kind { kCpu, kCuda, kFake };

  std::string name;
  Kind kind = Kind::kCpu;
  std::string host = "localhost";
  // kCuda: what kernels are made for; they run on that and, without a letter, on later GPUs.
  std::string arch = "sm_80";
  // The CPU of the device's host (for a kCpu the device itself), as mlc-compile's --target takes
  // it: "x86-64-v3", "x86-64-v4+avx512vnni", "aarch64". Empty: that of the machine that compiles.
  std::string cpu;
  int threads = 1;
  std::map<DType, double> peakFlops;  // operations per second
  double memoryBandwidth = 10e9;      // bytes per second
  double memoryBytes = 0;             // 0: not limited
  double launchSeconds = 1e-6;        // fixed cost of one op

  // For a type without an entry: that of f32, scaled by the size for wider types.
  double peak(DType type) const;
};

struct Link {
  double latencySeconds = 1e-6;
  double bandwidth = 5e9;  // bytes per second, each direction
};

struct DeviceModel {
  std::vector<Device> devices;
  std::map<std::pair<int, int>, Link> links;  // by device indices, the smaller one first
  Link sameHost{2e-6, 8e9};                   // of pairs without an entry
  Link otherHost{50e-6, 1e9};

  const Link& link(int a, int b) const;
  // How the runtime opens a device: "cpu", "cuda:0", "fake:0": counted among the devices of that
  // kind on its host.
  std::string openName(int device) const;
};

// The model as JSON:
//
//   {
//     "devices": [{"name": "big", "kind": "cpu", "host": "a", "threads": 8, "peak_flops": {"f32": 8e11},
//                  "memory_bandwidth": 4e10, "memory_bytes": 3.2e10, "launch_seconds": 1e-6},
//                 {"name": "gpu", "kind": "cuda", "arch": "sm_90a", ...},
//                 {"name": "pretended", "kind": "fake", ...}],
//     "links": [{"between": ["big", "small"], "latency_seconds": 1e-5, "bandwidth": 1e9}, ...],
//     "same_host": {"latency_seconds": 2e-6, "bandwidth": 8e9},
//     "other_host": {"latency_seconds": 5e-5, "bandwidth": 1e9}
//   }
//
// "cpu": "x86-64-v3", "aarch64", ... says which CPU code is made for.
//
// A device needs "name", "peak_flops" (with "f32") and "memory_bandwidth"; the rest has defaults.
// "kind" is "cpu", "cuda" or "fake". "count": n stands for n equal devices, named name.0, name.1
// and so on. Fails with kInvalid and a message that names the key.
StatusOr<DeviceModel> parseDeviceModel(const std::string& json);

// Canonical text: sorted keys, a newline at the end. parseDeviceModel's inverse.
std::string printDeviceModel(const DeviceModel& model);

}  // namespace mlc::partition
