// Loads a rank's program from a package: its code and its weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/abi.h"
#include "runtime/base/shared_object.h"
#include "runtime/base/status.h"
#include "runtime/package/package.h"
#include "runtime/package/weight_store.h"

namespace mlc::package {

// What is needed to run a program. Keeps the package, the weight store and the code alive.
struct LoadedProgram {
  std::shared_ptr<const Package> package;
  std::shared_ptr<WeightStore> store;
  std::shared_ptr<const SharedObject> object;
  const Program* program = nullptr;  // in the package's manifest
  MlcProgramArenaBytes arenaBytes = nullptr;
  MlcProgramRun run = nullptr;
  std::vector<Weight> weights;  // in host memory, in the order of program->weights
};

// Loads `rank`'s program; program stays null where the rank has no work. Fails with kInvalid if
// this CPU lacks a feature that the code was compiled for, or if code or weights are damaged.
StatusOr<LoadedProgram> loadProgram(std::shared_ptr<const Package> package, int rank,
                                    std::shared_ptr<WeightStore> store);

}  // namespace mlc::package
