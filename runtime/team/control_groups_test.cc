#include "runtime/team/control_groups.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace mlc::team {
namespace {

namespace fs = std::filesystem;

// The files of a machine below a folder.
class ControlGroups : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(root_); }
  ~ControlGroups() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    const fs::path file = root_.string() + path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  // Version 2, mounted where everybody has it.
  void mountVersion2(const std::string& group, const std::string& mounted = "/") {
    write("/proc/self/cgroup", "0::" + group + "\n");
    write("/proc/self/mountinfo",
          "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
          "31 22 0:27 " +
              mounted + " /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
  }

  std::vector<GroupLimit> limits() const { return groupLimits(root_); }

  const fs::path root_ = fs::path(testing::TempDir()) / "control_groups";
};

TEST_F(ControlGroups, NoneWithoutFiles) { EXPECT_TRUE(limits().empty()); }

TEST_F(ControlGroups, OfVersion2UpTheHierarchy) {
  mountVersion2("/batch.slice/job/step");
  write("/sys/fs/cgroup/batch.slice/job/step/cpu.max", "max 100000\n");
  write("/sys/fs/cgroup/batch.slice/job/step/memory.max", "1000000000\n");
  write("/sys/fs/cgroup/batch.slice/job/cpu.max", "250000 100000\n");
  write("/sys/fs/cgroup/batch.slice/job/memory.max", "max\n");
  write("/sys/fs/cgroup/batch.slice/cpu.max", "max 100000\n");
  write("/sys/fs/cgroup/batch.slice/memory.max", "max\n");
  // Of another job.
  write("/sys/fs/cgroup/batch.slice/other/cpu.max", "1000 100000\n");
  const std::vector<GroupLimit> found = limits();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].cpus, 0);
  EXPECT_EQ(found[0].memoryBytes, 1000000000);
  EXPECT_EQ(found[1].cpus, 2.5);
  EXPECT_EQ(found[1].memoryBytes, 0);
  EXPECT_FALSE(found[0].isOfSameGroup(found[1]));
  // The group around the step is that of the job for another step too.
  mountVersion2("/batch.slice/job/second step");
  write("/sys/fs/cgroup/batch.slice/job/second step/cpu.max", "max 100000\n");
  ASSERT_EQ(limits().size(), 1u);
  EXPECT_TRUE(limits()[0].isOfSameGroup(found[1]));
}

TEST_F(ControlGroups, OfAContainer) {
  // Its own group is what is mounted, and "/" by its name space.
  mountVersion2("/");
  write("/sys/fs/cgroup/cpu.max", "50000 100000\n");
  write("/sys/fs/cgroup/memory.max", "268435456\n");
  ASSERT_EQ(limits().size(), 1u);
  EXPECT_EQ(limits()[0].cpus, 0.5);
  EXPECT_EQ(limits()[0].memoryBytes, 268435456);
  // Without a name space of groups its path is that on the machine.
  mountVersion2("/docker/abc", "/docker/abc");
  EXPECT_EQ(limits().size(), 1u);
  // What lies outside of what is mounted cannot be seen.
  mountVersion2("/../../other");
  EXPECT_EQ(limits().size(), 1u);
}

TEST_F(ControlGroups, OfVersion1) {
  write("/proc/self/cgroup", "11:memory:/job\n4:cpu,cpuacct:/job/step\n3:cpuset:/\n0::/\n");
  write("/proc/self/mountinfo",
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "35 31 0:32 / /mnt/the\\040memory rw - cgroup cgroup rw,memory\n");
  write("/sys/fs/cgroup/cpu,cpuacct/job/step/cpu.cfs_quota_us", "-1\n");
  write("/sys/fs/cgroup/cpu,cpuacct/job/step/cpu.cfs_period_us", "100000\n");
  write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "300000\n");
  write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "200000\n");
  write("/mnt/the memory/job/memory.limit_in_bytes", "4096000\n");
  write("/mnt/the memory/memory.limit_in_bytes", "9223372036854771712\n");
  const std::vector<GroupLimit> found = limits();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].cpus, 1.5);
  EXPECT_EQ(found[0].memoryBytes, 0);
  EXPECT_EQ(found[1].cpus, 0);
  EXPECT_EQ(found[1].memoryBytes, 4096000);
}

TEST_F(ControlGroups, WhatIsNotUnderstoodLimitsNothing) {
  for (const char* text : {"", "max", "many 100000", "-5 100000", "100000 0", "0 100000"}) {
    mountVersion2("/job");
    write("/sys/fs/cgroup/job/cpu.max", text);
    write("/sys/fs/cgroup/job/memory.max", "much\n");
    EXPECT_TRUE(limits().empty()) << text;
  }
  write("/proc/self/mountinfo", "no mounts\n - \n");
  write("/proc/self/cgroup", "::\n:\n");
  EXPECT_TRUE(limits().empty());
}

}  // namespace
}  // namespace mlc::team
