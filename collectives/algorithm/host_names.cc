#include "collectives/algorithm/host_names.h"

#include <map>
#include <set>

#include "runtime/base/machine.h"

namespace mlc::collectives {

Host thisHost() { return {hostName(), machineId(), namespaceId("net")}; }

std::vector<std::string> distinctNames(const std::vector<Host>& hosts) {
  std::map<Host, std::string> nameOf;
  std::set<std::string> taken;
  std::vector<std::string> names;
  for (const Host& host : hosts) {
    const auto [known, isNew] = nameOf.try_emplace(host, host.name);
    for (int i = 2; isNew && !taken.insert(known->second).second; ++i)
      known->second = host.name + "#" + std::to_string(i);
    names.push_back(known->second);
  }
  return names;
}

}  // namespace mlc::collectives
