#include "runtime/team/control_groups.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>

namespace mlc::team {
namespace {

// "cpu" of "cpu,cpuacct".
bool hasWord(const std::string& words, std::string_view wanted) {
  std::istringstream stream(words);
  for (std::string word; std::getline(stream, word, ',');) {
    if (word == wanted) return true;
  }
  return false;
}

// Spaces in paths are \040 there.
std::string unescaped(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>(std::strtol(text.substr(i + 1, 3).c_str(), nullptr, 8));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// Where a hierarchy of groups is mounted, and which of its groups is there.
struct Mount {
  std::string folder, group;
};

// That of the controller in version 1, of all controllers in version 2 for an empty name. By
// proc(5): "36 35 98:0 GROUP FOLDER options [optional ...] - cgroup2 source options".
Mount mountOf(const std::string& root, const std::string& controller) {
  std::ifstream mounts(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream first(line.substr(0, dash)), second(line.substr(dash + 3));
    std::string skipped, type, options;
    Mount mount;
    first >> skipped >> skipped >> skipped >> mount.group >> mount.folder;
    second >> type >> skipped >> options;
    const bool isIt =
        controller.empty() ? type == "cgroup2" : type == "cgroup" && hasWord(options, controller);
    if (isIt) return {unescaped(mount.folder), unescaped(mount.group)};
  }
  return {};
}

// The group of this process, likewise. Lines are "4:cpu,cpuacct:PATH", of version 2 "0::PATH".
std::string groupOf(const std::string& root, const std::string& controller) {
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : hasWord(controllers, controller))
      return line.substr(second + 1);
  }
  return {};
}

// The folders of the process's group and of those around it, as far as they can be seen.
std::vector<std::string> foldersOf(const std::string& root, const std::string& controller) {
  const Mount mount = mountOf(root, controller);
  if (mount.folder.empty()) return {};
  const std::string top = root + mount.folder;
  std::string group = groupOf(root, controller);
  // In a container the path may be that outside of it, where what is mounted is its own group.
  if (mount.group != "/" && group.starts_with(mount.group)) group.erase(0, mount.group.size());
  if (!group.starts_with('/')) group.clear();
  std::vector<std::string> folders;
  for (; !group.empty() && group != "/"; group.erase(group.rfind('/'))) {
    struct stat info;
    const std::string folder = top + group;
    if (group.find("/..") == std::string::npos && ::stat(folder.c_str(), &info) == 0)
      folders.push_back(folder);
  }
  folders.push_back(top);
  return folders;
}

// What the file begins with, as numbers; 0 for "max" and what else is none.
std::vector<double> numbersIn(const std::string& path) {
  std::ifstream file(path);
  std::vector<double> numbers;
  for (std::string word; file >> word;) numbers.push_back(std::strtod(word.c_str(), nullptr));
  return numbers;
}

double quotient(const std::vector<double>& quota, const std::vector<double>& period) {
  if (quota.empty() || period.empty() || quota[0] <= 0 || period.back() <= 0) return 0;
  return quota[0] / period.back();
}

// Version 1 says so many bytes that no machine has them where there is no limit.
int64_t memoryLimit(const std::vector<double>& bytes) {
  constexpr double kNone = static_cast<double>(int64_t{1} << 60);
  return bytes.empty() || bytes[0] <= 0 || bytes[0] >= kNone ? 0 : static_cast<int64_t>(bytes[0]);
}

}  // namespace

std::vector<GroupLimit> groupLimits(const std::string& root) {
  std::vector<GroupLimit> limits;
  const auto add = [&](const std::string& folder, double cpus, int64_t memoryBytes) {
    struct stat info;
    if ((cpus == 0 && memoryBytes == 0) || ::stat(folder.c_str(), &info) != 0) return;
    limits.push_back({info.st_dev, info.st_ino, cpus, memoryBytes});
  };
  for (const std::string& folder : foldersOf(root, "")) {
    const std::vector<double> cpus = numbersIn(folder + "/cpu.max");
    add(folder, quotient(cpus, cpus), memoryLimit(numbersIn(folder + "/memory.max")));
  }
  for (const std::string& folder : foldersOf(root, "cpu")) {
    add(folder,
        quotient(numbersIn(folder + "/cpu.cfs_quota_us"), numbersIn(folder + "/cpu.cfs_period_us")),
        0);
  }
  for (const std::string& folder : foldersOf(root, "memory"))
    add(folder, 0, memoryLimit(numbersIn(folder + "/memory.limit_in_bytes")));
  return limits;
}

}  // namespace mlc::team
