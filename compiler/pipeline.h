// The compiler's stages, in the order in which a model flows through them.
//
//   importModel -> optimizeModel -> planModel -> partitionModel -> compilePrograms -> writePackage
//   (compiler/package)
//
// compileModel runs them all. Each stage's artefact has a name, for --dump-after.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "partitioner/device_model/device_model.h"
#include "partitioner/plan/plan.h"
#include "partitioner/search/search.h"
#include "runtime/base/status.h"

namespace mlc {

// The stages that have an artefact to dump.
inline constexpr std::array<const char*, 6> kStageNames = {"import",    "optimize", "plan",
                                                           "partition", "kernels",  "host"};

struct CompileOptions {
  // One device per rank: the plan is searched over these.
  partition::DeviceModel devices;
  partition::SearchOptions search;
  // A plan.json's text instead of a search; empty: search.
  std::string planJson;
  // The CPU that all programs are compiled for, as cpu::CpuTarget::named takes it. "host": for each
  // rank that of its device, and this machine's where the device does not say.
  std::string cpuTarget = "host";
  // Sizes for symbolic dims.
  std::map<std::string, int64_t> dims;
  // The shapes that inputs are expected to have, by their names: the plan is made for these sizes,
  // and runs at any. Inputs that are not named count as of batch 1 and 128 along other symbolic
  // dims.
  std::map<std::string, std::vector<int64_t>> expectedShapes;
  // Keeps what the model is given and gives back with more rows (the past keys and values of a
  // decoder) as states of the program: those inputs and outputs are the model's no more. An error
  // where there are none.
  bool keepStates = false;
  // Copies weights into the package, instead of referring to the model's files.
  bool packWeights = true;
  // Called with a stage's name (of kStageNames) and its artefact as text, for the stages that
  // wantsDump says yes to.
  std::function<bool(const std::string& stage)> wantsDump;
  std::function<void(const std::string& name, const std::string& text)> dump;
  // Called when a stage begins, and as it goes on where its steps can be counted (Progress; else of
  // 0 steps). May be empty.
  std::function<void(const std::string& stage, size_t done, size_t total)> progress;
};

// One kernel of a program: which code computes it, and what makes it slower than it need be.
struct KernelSummary {
  int program = 0;                       // of the manifest's
  std::string kernel, lowering, reason;  // as target::KernelReport
  int64_t calls = 0;                     // in a run of the program
  double operations = 0, bytes = 0;      // of one call, for the sizes that the plan was made for
  double seconds = 0;  // predicted, of one call on the first device that runs the program
};

struct CompileReport {
  std::vector<std::pair<std::string, double>> seconds;  // per stage, in order
  partition::Plan plan;
  std::vector<KernelSummary> kernels;
};

// Compiles the model into a package folder. Errors are in the model's terms; nothing is left behind
// by one.
StatusOr<CompileReport> compileModel(const std::string& modelPath, const CompileOptions& options,
                                     const std::string& packagePath);

}  // namespace mlc
