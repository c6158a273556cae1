#include "tools/run/package_info.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/base/file_kind.h"
#include "runtime/base/objects.h"
#include "runtime/package/package.h"
#include "tools/job/package_sizes.h"
#include "tools/job/plan_text.h"
#include "tools/job/report_output.h"
#include "tools/job/text_file.h"

namespace mlc::tools {
namespace {

using Json = nlohmann::ordered_json;
using package::Manifest;

std::string shapeText(const package::TensorSpec& spec) {
  return spec.dims.empty() ? "scalar" : fmt::format("{}", fmt::join(spec.dims, " x "));
}

std::string specText(const char* what, const package::TensorSpec& spec) {
  return fmt::format("{:<9} {}: {}, {}\n", what, spec.name, shapeText(spec),
                     valueTypeText(spec.dtype, spec.holds));
}

Json specsJson(const std::vector<package::TensorSpec>& specs) {
  Json json = Json::array();
  for (const package::TensorSpec& spec : specs) {
    json.push_back({{"name", spec.name},
                    {"dtype", valueTypeText(spec.dtype, spec.holds)},
                    {"dims", spec.dims}});
  }
  return json;
}

// Of the inputs' sizes, which a run is refused for.
std::vector<std::string> constraintTexts(const Manifest& manifest) {
  std::vector<std::string> texts;
  for (const SizeConstraint& constraint : manifest.constraints) {
    if (constraint.function != "main") continue;
    texts.push_back(fmt::format("{} must {}, for {}: {}", constraint.left.str(),
                                requirement(constraint.relation, constraint.right.str()),
                                constraint.node, constraint.text));
  }
  return texts;
}

// Where the weights are that the package does not hold.
std::vector<std::string> filesOfWeights(const Manifest& manifest) {
  std::set<std::string> files;
  for (const package::WeightSource& weight : manifest.weights) {
    if (std::filesystem::path(weight.file).is_absolute()) files.insert(weight.file);
  }
  return {files.begin(), files.end()};
}

// "cpu, for x86-64 with avx2, fma".
std::string deviceText(const Manifest& manifest, const package::RankEntry& rank) {
  if (rank.program < 0) return rank.device + ", no work";
  const package::Program& program = manifest.programs[static_cast<size_t>(rank.program)];
  std::string text = fmt::format("{}, for {}", rank.device, program.cpu);
  if (!program.cpu_features.empty())
    text += fmt::format(" with {}", fmt::join(program.cpu_features, ", "));
  return text;
}

std::string infoText(const package::Package& package, const std::string& planJson, bool isSigned) {
  const Manifest& manifest = package.manifest();
  const PackageSizes sizes = sizesOf(manifest);
  std::string text = fmt::format("package   {}, by {}, {}\n", package.path(), manifest.producer,
                                 isSigned ? "signed" : "not signed");
  text += fmt::format("model     {}\n", manifest.model);
  for (const package::TensorSpec& input : manifest.inputs) text += specText("input", input);
  for (const package::TensorSpec& output : manifest.outputs) text += specText("output", output);
  for (const package::StateSpec& state : manifest.states) text += specText("state", state.spec);
  for (const std::string& constraint : constraintTexts(manifest))
    text += fmt::format("size      {}\n", constraint);
  text += "plan      " + planText(manifest, planJson);
  for (size_t rank = 0; rank < manifest.ranks.size(); ++rank) {
    text += fmt::format("rank {:<4} {}; {} of weights\n", rank,
                        deviceText(manifest, manifest.ranks[rank]),
                        megabytes(sizes.rankWeightBytes[rank]));
  }
  text +=
      fmt::format("code      {:.1f} KB in {} {}\n", static_cast<double>(sizes.codeBytes) / 1e3,
                  manifest.programs.size(), manifest.programs.size() == 1 ? "program" : "programs");
  text += fmt::format("weights   {} in the package\n", megabytes(sizes.weightsBytes));
  for (const std::string& file : filesOfWeights(manifest))
    text += fmt::format("weights   in {}\n", file);
  return text;
}

std::string infoJson(const package::Package& package, const std::string& planJson, bool isSigned) {
  const Manifest& manifest = package.manifest();
  const PackageSizes sizes = sizesOf(manifest);
  Json json = {{"package", package.path()},
               {"producer", manifest.producer},
               {"signed", isSigned},
               {"model", manifest.model},
               {"inputs", specsJson(manifest.inputs)},
               {"outputs", specsJson(manifest.outputs)},
               {"states", Json::array()},
               {"constraints", constraintTexts(manifest)},
               {"dp", manifest.dp},
               {"pp", manifest.pp},
               {"tp", manifest.tp},
               {"microbatches", manifest.microbatches},
               {"predicted_ms", manifest.predicted_ms},
               {"alternatives", alternativesJson(planJson)},
               {"ranks", Json::array()},
               {"code_bytes", sizes.codeBytes},
               {"weights_bytes", sizes.weightsBytes},
               {"weights_files", filesOfWeights(manifest)}};
  for (const package::StateSpec& state : manifest.states)
    json["states"].push_back(specsJson({state.spec})[0]);
  for (size_t rank = 0; rank < manifest.ranks.size(); ++rank) {
    const package::RankEntry& entry = manifest.ranks[rank];
    Json one = {{"device", entry.device}, {"weights_bytes", sizes.rankWeightBytes[rank]}};
    if (entry.program >= 0) {
      const package::Program& program = manifest.programs[static_cast<size_t>(entry.program)];
      one["cpu"] = program.cpu;
      one["cpu_features"] = program.cpu_features;
    }
    json["ranks"].push_back(std::move(one));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Status print(const RunOptions& options) {
  const std::string& path = options.package.model;
  MLC_ASSIGN_OR_RETURN(const FileKind kind, fileKind(path));
  if (kind != FileKind::kFolder && kind != FileKind::kAbsent)
    return usageError("--info is for packages: make one of " + path + " with mlc-compile");
  std::vector<package::PublicKey> keys;
  if (!options.trustFile.empty()) {
    MLC_ASSIGN_OR_RETURN(keys, package::readPublicKeys(options.trustFile));
  }
  MLC_ASSIGN_OR_RETURN(const auto package, package::Package::open(path, keys));
  const bool isSigned = std::filesystem::exists(package->pathOf(package::kSignatureFile));
  MLC_ASSIGN_OR_RETURN(const std::string planJson,
                       readTextFile(package->pathOf(package->manifest().plan)));
  return writeReport(infoText(*package, planJson, isSigned), infoJson(*package, planJson, isSigned),
                     options.jsonFile, "the description");
}

}  // namespace

int printInfo(const RunOptions& options) {
  const Status status = print(options);
  if (!status.ok()) std::cerr << "mlc-run: " << status.message() << std::endl;
  return static_cast<int>(status.code());
}

}  // namespace mlc::tools
