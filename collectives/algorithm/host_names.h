// Which ranks of a job are on one host.
#pragma once

#include <string>
#include <vector>

namespace mlc::collectives {

// A machine, or a container with a network of its own on one.
struct Host {
  std::string name;
  std::string machine;  // machineId()
  std::string network;  // the namespace

  friend auto operator<=>(const Host&, const Host&) = default;
};

Host thisHost();

// The names of the ranks' hosts, by which hosts are told apart: of several with one name the
// second, in the order of the ranks, is "name#2".
std::vector<std::string> distinctNames(const std::vector<Host>& hosts);

}  // namespace mlc::collectives
