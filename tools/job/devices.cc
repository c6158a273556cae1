#include "tools/job/devices.h"

#include <algorithm>
#include <fstream>

#include "partitioner/device_model/measure.h"
#include "runtime/api/machine_share.h"
#include "runtime/base/content_hash.h"
#include "runtime/base/cpu_features.h"
#include "runtime/base/output_file.h"
#include "runtime/executor/agreement.h"
#include "tools/job/cache_folder.h"
#include "tools/job/exchange.h"
#include "tools/job/text_file.h"
#include "tools/options/options.h"

namespace mlc::tools {
namespace {

std::string cpuName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 1);
  }
  return "cpu";
}

// Mean speeds for the devices that are equal by kind ("host cpu threads").
void level(std::vector<partition::Device>& devices, const std::vector<std::string>& kinds) {
  std::map<std::string, std::vector<size_t>> groups;
  for (size_t i = 0; i < devices.size(); ++i) groups[kinds[i]].push_back(i);
  for (const auto& [kind, members] : groups) {
    double flops = 0, bandwidth = 0;
    for (size_t i : members) {
      flops += devices[i].peakFlops[DType::kF32] / static_cast<double>(members.size());
      bandwidth += devices[i].memoryBandwidth / static_cast<double>(members.size());
    }
    for (size_t i : members) {
      devices[i].peakFlops[DType::kF32] = flops;
      devices[i].memoryBandwidth = bandwidth;
    }
  }
}

// Between rank 0 and the first rank on the same host, or on another one; `fallback` where there is
// none.
StatusOr<partition::Link> measureLinkOf(collectives::Communicator& world, bool sameHost,
                                        const partition::Link& fallback) {
  int peer = 1;
  while (peer < world.size() && (world.hostOf(peer) == world.hostOf(0)) != sameHost) ++peer;
  if (peer == world.size()) return fallback;
  StatusOr<partition::Link> link = fallback;
  if (world.rank() == 0 || world.rank() == peer) {
    const int other = world.rank() == 0 ? peer : 0;
    std::vector<char> buffer;
    link = partition::measureLink([&](int64_t bytes) -> Status {
      buffer.resize(static_cast<size_t>(bytes));
      if (world.rank() == 0)
        MLC_RETURN_IF_ERROR(world.send(buffer.data(), bytes, other, 0)->wait());
      MLC_RETURN_IF_ERROR(world.receive(buffer.data(), bytes, other, 0)->wait());
      if (world.rank() != 0) return world.send(buffer.data(), bytes, other, 0)->wait();
      return okStatus();
    });
  }
  MLC_RETURN_IF_ERROR(executor::agree(world, link.status()));
  return link;
}

StatusOr<partition::DeviceModel> measureAll(collectives::Communicator& world, int threads,
                                            int64_t memoryBytes,
                                            const std::vector<std::string>& kinds) {
  partition::DeviceModel mine;
  int sharers = 0;
  for (int rank = 0; rank < world.size(); ++rank)
    sharers += world.hostOf(rank) == world.hostOf(world.rank()) ? 1 : 0;
  mine.devices.push_back(partition::measureCpu(threads, sharers));
  mine.devices[0].cpu = nativeCpu();
  mine.devices[0].memoryBytes = static_cast<double>(memoryBytes);
  MLC_ASSIGN_OR_RETURN(const std::vector<std::string> texts,
                       gatherTexts(world, partition::printDeviceModel(mine)));
  partition::DeviceModel all;
  for (size_t rank = 0; rank < texts.size(); ++rank) {
    MLC_ASSIGN_OR_RETURN(partition::DeviceModel one, partition::parseDeviceModel(texts[rank]));
    one.devices[0].name = "rank " + std::to_string(rank);
    // Two hosts may call themselves the same.
    one.devices[0].host = world.hostOf(static_cast<int>(rank));
    all.devices.push_back(one.devices[0]);
  }
  level(all.devices, kinds);
  MLC_ASSIGN_OR_RETURN(all.sameHost, measureLinkOf(world, true, all.sameHost));
  MLC_ASSIGN_OR_RETURN(all.otherHost, measureLinkOf(world, false, all.otherHost));
  return all;
}

}  // namespace

StatusOr<partition::DeviceModel> readDevices(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(const std::string text, readTextFile(path));
  StatusOr<partition::DeviceModel> model = partition::parseDeviceModel(text);
  if (!model.ok()) return model.status().withContext(path);
  if (model->devices.size() > kMostRanks) {
    return invalidError(path + " describes " + std::to_string(model->devices.size()) +
                        " devices, a job has at most " + std::to_string(kMostRanks));
  }
  return model;
}

Status checkThreadRanks(int ranks, int threads) {
  if (ranks > kMostThreadRanks) {
    return usageError(std::to_string(ranks) + " ranks are more than the " +
                      std::to_string(kMostThreadRanks) +
                      " that one process has: start mlc-run by mpirun, or describe the devices "
                      "to mlc-compile by --devices");
  }
  if (ranks * threads > kMostThreadsOfProcess) {
    return usageError("--threads " + std::to_string(threads) + " for each of " +
                      std::to_string(ranks) + " ranks are more than the " +
                      std::to_string(kMostThreadsOfProcess) + " that one process has");
  }
  return okStatus();
}

StatusOr<partition::DeviceModel> measureDevices(collectives::Communicator& world, int threads) {
  MLC_ASSIGN_OR_RETURN(const team::TeamOptions team, api::shareCores(world, threads, false));
  MLC_ASSIGN_OR_RETURN(const int64_t memory, api::shareMemory(world));
  const std::string kind =
      world.hostOf(world.rank()) + cpuName() + " x " + std::to_string(team.threads);
  MLC_ASSIGN_OR_RETURN(const std::vector<std::string> kinds, gatherTexts(world, kind));
  MLC_ASSIGN_OR_RETURN(const std::vector<std::string> memories,
                       gatherTexts(world, std::to_string(memory)));
  ContentHash description;
  for (const std::string& text : kinds) description.field("device", text);
  for (const std::string& text : memories) description.field("memory", text);

  // Rank 0 decides for all whether the measurement is there.
  std::string path;
  StatusOr<std::string> kept = std::string();
  if (world.rank() == 0) {
    StatusOr<std::string> folder = cacheFolder("devices");
    if (folder.ok()) {
      path = *folder + "/" + description.hex() + ".json";
      if (StatusOr<std::string> text = readTextFile(path);
          text.ok() && partition::parseDeviceModel(*text).ok()) {
        kept = *std::move(text);
      }
    } else {
      kept = folder.status();
    }
  }
  MLC_ASSIGN_OR_RETURN(const std::string known, shareFromRoot(world, kept));
  if (!known.empty()) return partition::parseDeviceModel(known);

  MLC_ASSIGN_OR_RETURN(partition::DeviceModel model,
                       measureAll(world, team.threads, memory, kinds));
  Status written;
  if (world.rank() == 0) written = writeFile(path, partition::printDeviceModel(model));
  MLC_RETURN_IF_ERROR(executor::agree(world, written));
  return model;
}

}  // namespace mlc::tools
