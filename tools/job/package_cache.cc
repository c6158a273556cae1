#include "tools/job/package_cache.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <filesystem>

#include "compiler/library/compiler_library.h"
#include "runtime/base/output_file.h"
#include "tools/job/cache_folder.h"
#include "tools/job/package_key.h"
#include "tools/job/text_file.h"

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;

StatusOr<CompileOptions> compileOptions(const PackageOptions& options, const PackageUse& use) {
  CompileOptions compile;
  compile.devices = use.devices;
  compile.search = use.search;
  compile.cpuTarget = options.target;
  compile.packWeights = use.packWeights;
  compile.keepStates = options.keepStates;
  if (use.devices.devices.size() > 1) {
    for (const auto& [name, shape] : use.expectedShapes) {
      for (int64_t dim : shape) {
        compile.expectedShapes[name].push_back(static_cast<int64_t>(
            std::bit_ceil(static_cast<uint64_t>(std::clamp<int64_t>(dim, 1, int64_t{1} << 62)))));
      }
    }
  }
  MLC_ASSIGN_OR_RETURN(compile.dims, parseDims(options.dims));
  if (!options.planFile.empty()) {
    MLC_ASSIGN_OR_RETURN(compile.planJson, readTextFile(options.planFile));
  }
  return compile;
}

}  // namespace

StatusOr<CachedPackage> findOrCompile(const PackageOptions& options, const PackageUse& use) {
  const auto begin = std::chrono::steady_clock::now();
  MLC_ASSIGN_OR_RETURN(CompilerLibrary * compiler, loadCompilerLibrary("models are compiled"));
  MLC_ASSIGN_OR_RETURN(CompileOptions compile, compileOptions(options, use));
  MLC_ASSIGN_OR_RETURN(const ModelOutline outline, compiler->outline(options.model));
  if (use.progress) use.progress->show("hashing the model");
  MLC_ASSIGN_OR_RETURN(std::string hashesFolder, cacheFolder("hashes"));
  FileHashes hashes(std::move(hashesFolder));
  MLC_ASSIGN_OR_RETURN(const std::string key,
                       packageKey(compiler->buildId(), compile, outline.files, hashes));
  // One that holds its weights is copied as a whole.
  MLC_ASSIGN_OR_RETURN(
      const PackageStore store,
      PackageStore::open(use.packWeights ? WeightCheck::kWhenFound : WeightCheck::kWhenRead));
  CachedPackage cached;
  // What is asked to be dumped or reported is made anew.
  if (options.dumpAfter.empty() && !use.wantsReport) {
    MLC_ASSIGN_OR_RETURN(cached.package, store.find(key));
    cached.hit = cached.package.has_value();
  }
  if (!cached.hit) {
    Status dumped;
    compile.wantsDump = [&](const std::string& stage) {
      return std::find(options.dumpAfter.begin(), options.dumpAfter.end(), stage) !=
             options.dumpAfter.end();
    };
    compile.dump = [&](const std::string& name, const std::string& text) {
      std::error_code error;
      fs::create_directories(options.dumpFolder, error);
      if (dumped.ok()) dumped = writeFile(options.dumpFolder + "/" + name, text);
    };
    if (use.progress) {
      compile.progress = [&](const std::string& stage, size_t done, size_t total) {
        use.progress->show(stageInWords(stage), done, total);
      };
    }
    const std::string model = fs::path(options.model).filename().string();
    MLC_ASSIGN_OR_RETURN(
        cached.package, store.add(key, model, [&](const std::string& path) -> Status {
          MLC_ASSIGN_OR_RETURN(cached.report, compiler->compile(options.model, compile, path));
          return okStatus();
        }));
    MLC_RETURN_IF_ERROR(dumped);
    store.shrink(static_cast<int64_t>(options.cacheLimit));
  }
  cached.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return cached;
}

}  // namespace mlc::tools
