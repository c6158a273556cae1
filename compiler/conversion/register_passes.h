// Makes the passes of compiler/conversion known by name, for mlc-opt.
#pragma once

namespace mlc::conversion {

void registerPasses();

}  // namespace mlc::conversion
