// Where this process runs.
#pragma once

#include <string>

namespace mlc {

// Not only this host's: containers and copies of a virtual machine may have equal names.
std::string hostName();

// Of this running machine: the same for all processes on it, in whatever containers, and on no
// other. That of the boot of its kernel; the host's name where the kernel does not tell.
std::string machineId();

// Which of the machine's namespaces of a kind ("net", "mnt") this process is in: what is in another
// one has other networks or files. Empty where the kernel does not tell.
std::string namespaceId(const std::string& kind);

}  // namespace mlc
