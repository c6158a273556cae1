// Prints docs/supported_ops.md:
//
//   bazel run //tests/supported_ops:print > docs/supported_ops.md
#include <cstdio>

#include "tests/supported_ops/supported_ops.h"

int main() {
  std::fputs(mlc::supportedOpsDocument().c_str(), stdout);
  return 0;
}
