#pragma once

#include <string>

namespace mlc {

// The build ID of the loaded object in which `address` lies, in hexadecimal: a hash of all that its
// linker wrote. Empty if it was linked without one.
std::string buildIdOf(const void* address);

}  // namespace mlc
