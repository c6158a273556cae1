// The limits of the kernel's control groups (cgroups), by which containers, batch systems and
// systemd bound what runs in them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mlc::team {

// Of one group, which all that run in it share.
struct GroupLimit {
  uint64_t device = 0, inode = 0;  // the group's on its machine
  double cpus = 0;                 // CPU time per time; 0: no limit
  int64_t memoryBytes = 0;         // 0: no limit

  bool isOfSameGroup(const GroupLimit& other) const {
    return device == other.device && inode == other.inode;
  }
};

// Of the groups that this process is in, from the inside out; those without a limit are left out.
// Of version 2 (cpu.max, memory.max) and 1 (cpu.cfs_quota_us, memory.limit_in_bytes). What is not
// there or not understood limits nothing. `root` stands before all paths: the machine's is "".
std::vector<GroupLimit> groupLimits(const std::string& root = "");

}  // namespace mlc::team
