#include "tools/job/package_key.h"

#include <filesystem>

#include "runtime/abi/abi.h"
#include "runtime/base/content_hash.h"
#include "runtime/base/cpu_features.h"
#include "runtime/base/version.h"
#include "runtime/package/manifest.h"

namespace mlc::tools {

StatusOr<std::string> packageKey(const std::string& compilerBuildId, const CompileOptions& compile,
                                 const std::vector<std::string>& modelFiles, FileHashes& hashes) {
  namespace fs = std::filesystem;
  ContentHash key;
  const auto number = [&](const char* name, int64_t value) {
    key.field(name, std::to_string(value));
  };
  key.field("version", kVersion);
  key.field("compiler", compilerBuildId);
  number("format version", package::kFormatVersion);
  number("ABI version", MLC_ABI_VERSION);
  key.field("devices", partition::printDeviceModel(compile.devices));
  key.field("plan", compile.planJson);
  const partition::SearchOptions& search = compile.search;
  number("dp", search.dp);
  number("pp", search.pp);
  number("tp", search.tp);
  number("ranks", search.maxRanks);
  number("microbatches", search.microbatches);
  number("keeps device order", search.keepDeviceOrder);
  number("packs weights", compile.packWeights);
  number("keeps states", compile.keepStates);
  key.field("target", compile.cpuTarget);
  for (const std::string& feature : cpuFeatures()) key.field("CPU feature", feature);
  for (const auto& [name, size] : compile.dims) {
    key.field("dim", name);
    number("size", size);
  }
  for (const auto& [name, shape] : compile.expectedShapes) {
    key.field("expected shape of", name);
    for (int64_t dim : shape) number("dim", dim);
  }
  for (const std::string& file : modelFiles) {
    MLC_ASSIGN_OR_RETURN(const std::string content, hashes.hashOf(file));
    std::error_code error;
    const fs::path path =
        compile.packWeights ? fs::path(file).filename() : fs::canonical(file, error);
    if (error) return invalidError("cannot read " + file + ": " + error.message());
    key.field("file", path.string());
    key.field("content", content);
  }
  return key.hex();
}

}  // namespace mlc::tools
