// What a program's object and its manifest must agree on: what the code finds behind the pointers
// of MlcInvocation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/dtype.h"
#include "runtime/package/manifest.h"

namespace mlc::package {

// The elements of a weight after slicing and steps, before they are laid out in panels.
struct WeightContent {
  DType dtype = DType::kF32;
  int64_t elements = 0;
};

// What a program's slots stand for, beside what they say themselves.
struct SlotContents {
  std::vector<WeightContent> weights;  // of program.weights
  std::vector<std::string> lengths;    // of program.states, after a run: StateSpec::next
};

// "mlc-interface:" and a checksum, XXH3-128 in hex, of the program's symbols, and of types and
// shapes of its inputs, outputs, weights and states, in order. The object has it as
// mlc_program_interface.
std::string interfaceOf(const Program& program, const SlotContents& contents);

// As the manifest has it, for a rank with this coordinate on the tp axis. The manifest is one that
// validateManifest takes.
std::string interfaceOf(const Program& program, const Manifest& manifest, int tpRank);

}  // namespace mlc::package
