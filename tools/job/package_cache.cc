#include "tools/job/package_cache.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "compiler/library/compiler_library.h"
#include "runtime/abi/abi.h"
#include "runtime/base/checksum.h"
#include "runtime/base/cpu_features.h"
#include "runtime/base/version.h"
#include "runtime/package/manifest.h"
#include "runtime/package/package.h"
#include "tools/job/cache_folder.h"

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
        compile.expectedShapes[name].push_back(
            static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(dim, 1)))));
      }
    }
  }
  MLC_ASSIGN_OR_RETURN(compile.dims, parseDims(options.dims));
  if (!options.planFile.empty()) {
    MLC_ASSIGN_OR_RETURN(compile.planJson, readTextFile(options.planFile));
  }
  return compile;
}

StatusOr<std::string> keyOf(CompilerLibrary& compiler, const PackageOptions& options,
                            const CompileOptions& compile) {
  std::string text = std::string(kVersion) + " " + std::to_string(package::kFormatVersion) + " " +
                     std::to_string(MLC_ABI_VERSION) + "\n" +
                     partition::printDeviceModel(compile.devices) + compile.planJson + "\n";
  const partition::SearchOptions& search = compile.search;
  for (int value : {search.dp, search.pp, search.tp, search.maxRanks, search.microbatches,
                    static_cast<int>(search.keepDeviceOrder), static_cast<int>(compile.packWeights),
                    static_cast<int>(compile.keepStates)}) {
    text += std::to_string(value) + " ";
  }
  text += compile.cpuTarget + "\n";
  for (const std::string& feature : cpuFeatures()) text += feature + " ";
  for (const auto& [name, size] : compile.dims) text += name + "=" + std::to_string(size) + "\n";
  for (const auto& [name, shape] : compile.expectedShapes) {
    text += name;
    for (int64_t dim : shape) text += " " + std::to_string(dim);
    text += "\n";
  }
  MLC_ASSIGN_OR_RETURN(const ModelOutline outline, compiler.outline(options.model));
  std::vector<std::string> files = outline.files;
  files.push_back(compiler.path());
  for (const std::string& file : files) {
    MLC_ASSIGN_OR_RETURN(const std::string checksum, checksumOfFile(file));
    std::error_code error;
    const std::string path =
        compile.packWeights ? fs::path(file).filename() : fs::canonical(file, error);
    text += path + " " + checksum + "\n";
  }
  return checksumOf(text.data(), text.size());
}

// Gives a package its name in the cache. Another job may have made the same one meanwhile, and be
// running it: that one stays.
Status moveIntoCache(const std::string& own, const std::string& path) {
  std::error_code error;
  if (fs::exists(path) && !package::Package::open(path).ok()) fs::remove_all(path, error);
  fs::rename(own, path, error);
  if (!error) return okStatus();
  std::error_code ignored;
  fs::remove_all(own, ignored);
  if (package::Package::open(path).ok()) return okStatus();
  return invalidError("cannot write " + path + ": " + error.message());
}

}  // namespace

StatusOr<CachedPackage> findOrCompile(const PackageOptions& options, const PackageUse& use) {
  const auto begin = std::chrono::steady_clock::now();
  MLC_ASSIGN_OR_RETURN(CompilerLibrary * compiler, loadCompilerLibrary());
  MLC_ASSIGN_OR_RETURN(CompileOptions compile, compileOptions(options, use));
  MLC_ASSIGN_OR_RETURN(const std::string key, keyOf(*compiler, options, compile));
  MLC_ASSIGN_OR_RETURN(const std::string folder, cacheFolder("packages"));
  CachedPackage cached;
  cached.path = folder + "/" + key + ".mlcpkg";
  // What is asked to be dumped or reported is made anew.
  cached.hit =
      options.dumpAfter.empty() && !use.wantsReport && package::Package::open(cached.path).ok();
  if (!cached.hit) {
    compile.wantsDump = [&](const std::string& stage) {
      return std::find(options.dumpAfter.begin(), options.dumpAfter.end(), stage) !=
             options.dumpAfter.end();
    };
    Status dumped;
    compile.dump = [&](const std::string& name, const std::string& text) {
      std::error_code error;
      fs::create_directories(options.dumpFolder, error);
      if (dumped.ok()) dumped = writeTextFile(options.dumpFolder + "/" + name, text);
    };
    const std::string own = cached.path + ".tmp." + std::to_string(::getpid());
    MLC_ASSIGN_OR_RETURN(cached.report, compiler->compile(options.model, compile, own));
    MLC_RETURN_IF_ERROR(moveIntoCache(own, cached.path));
    MLC_RETURN_IF_ERROR(dumped);
  }
  cached.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return cached;
}

}  // namespace mlc::tools
