#include "collectives/algorithm/host_names.h"

#include <gtest/gtest.h>

namespace mlc::collectives {
namespace {

TEST(HostNames, TellHostsOfOneNameApart) {
  const Host a = {"node0", "boot a", "net:[1]"}, b = {"node1", "boot b", "net:[1]"};
  const Host clone = {"node0", "boot c", "net:[1]"}, container = {"node0", "boot a", "net:[2]"};
  EXPECT_EQ(distinctNames({a, a, b, clone, b, container, clone}),
            (std::vector<std::string>{"node0", "node0", "node1", "node0#2", "node1", "node0#3",
                                      "node0#2"}));
  // Whatever hosts call themselves.
  const Host odd = {"node0#2", "boot d", "net:[1]"};
  EXPECT_EQ(distinctNames({a, odd, clone}),
            (std::vector<std::string>{"node0", "node0#2", "node0#3"}));
}

TEST(HostNames, AreTheSameForProcessesOfOneHost) {
  EXPECT_EQ(thisHost(), thisHost());
  EXPECT_FALSE(thisHost().name.empty());
  EXPECT_FALSE(thisHost().machine.empty());
}

}  // namespace
}  // namespace mlc::collectives
