#include "runtime/base/machine.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace mlc {

std::string hostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

std::string machineId() {
  std::string id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), id);
  return id.empty() ? hostName() : id;
}

std::string namespaceId(const std::string& kind) {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/ns/" + kind, error).string();
}

}  // namespace mlc
