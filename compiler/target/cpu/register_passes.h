// Registers the passes of the CPU's code generator for mlc-opt.
#pragma once

namespace mlc::cpu {

void registerPasses();

}  // namespace mlc::cpu
