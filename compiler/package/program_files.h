// The files of one compiled program, before they are written.
#pragma once

#include <string>

namespace mlc::package {

// Bytes of a program's files; empty: no such file.
struct ProgramFiles {
  std::string object;     // shared object: host functions, and kernels that run on the CPU
  std::string ptx;        // device kernels of an NVIDIA GPU
  std::string emulation;  // shared object: device kernels of the fake GPU
};

}  // namespace mlc::package
