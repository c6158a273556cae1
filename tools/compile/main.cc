// mlc-compile: a model into a package folder, without running it.
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "collectives/transport/thread/thread_communicator.h"
#include "runtime/package/package.h"
#include "tools/compile/compile_report.h"
#include "tools/job/cache_folder.h"
#include "tools/job/devices.h"
#include "tools/job/package_cache.h"
#include "tools/options/command_line.h"

namespace mlc::tools {
namespace {

struct CompileToolOptions {
  PackageOptions package;
  std::string output;
  int ranks = 0;
  std::string jsonFile;
};

// As many equal devices as there are ranks, of this machine.
StatusOr<partition::DeviceModel> devicesOfHost(int ranks) {
  std::vector<std::unique_ptr<collectives::Communicator>> worlds = collectives::createThreadGroup(ranks);
  std::vector<std::thread> others;
  for (int rank = 1; rank < ranks; ++rank) {
    others.emplace_back([&world = *worlds[static_cast<size_t>(rank)]] { (void)measureDevices(world, 0); });
  }
  StatusOr<partition::DeviceModel> devices = measureDevices(*worlds[0], 0);
  for (std::thread& thread : others) thread.join();
  return devices;
}

// Says why where a copy ends early, which std::filesystem's does not.
std::error_code copyFile(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::ifstream source(from, std::ios::binary);
  std::ofstream copy(to, std::ios::binary);
  errno = 0;
  if (source.peek() != std::ifstream::traits_type::eof()) copy << source.rdbuf();
  copy.close();
  return source && copy ? std::error_code() : std::error_code(errno ? errno : EIO, std::generic_category());
}

// A whole copy under the name that was asked for, in place of a package of that name.
Status copyPackage(const std::string& from, const std::string& to) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(to) && !fs::exists(to + "/manifest.json")) {
    return usageError(to + " exists and is not a package: choose another name");
  }
  const std::string temporary = to + ".tmp." + std::to_string(::getpid());
  if (fs::path parent = fs::path(to).parent_path(); !parent.empty()) fs::create_directories(parent, error);
  if (!error) fs::create_directory(temporary, error);
  // A package has no folders inside.
  for (const fs::directory_entry& file : fs::directory_iterator(from)) {
    if (!error) error = copyFile(file.path(), fs::path(temporary) / file.path().filename());
  }
  if (!error) fs::remove_all(to, error);
  if (!error) fs::rename(temporary, to, error);
  if (!error) return okStatus();
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  return invalidError("cannot write " + to + ": " + error.message());
}

Status compile(const CompileToolOptions& options) {
  StatusOr<Mesh> mesh = parseMesh(options.package.mesh);
  if (!mesh.ok()) return mesh.status().withContext("--mesh");
  partition::DeviceModel devices;
  if (!options.package.devicesFile.empty()) {
    MLC_ASSIGN_OR_RETURN(devices, readDevices(options.package.devicesFile));
  } else {
    MLC_ASSIGN_OR_RETURN(devices, devicesOfHost(options.ranks ? options.ranks : mesh->ranks()));
  }
  partition::SearchOptions search;
  search.dp = mesh->dp;
  search.pp = mesh->pp;
  search.tp = mesh->tp;
  search.maxRanks = options.ranks;
  search.microbatches = options.package.microbatches;
  search.keepDeviceOrder = true;

  std::string output = options.output;
  while (output.size() > 1 && output.back() == '/') output.pop_back();
  MLC_ASSIGN_OR_RETURN(const CachedPackage cached, findOrCompile(options.package, {.devices = devices, .search = search, .expectedShapes = {}, .packWeights = true}));
  MLC_RETURN_IF_ERROR(copyPackage(cached.path, output));
  MLC_ASSIGN_OR_RETURN(const auto package, package::Package::open(output));
  const CompileSummary summary = summarize(*package, cached);
  if (options.jsonFile == "-") {
    std::cout << summaryJson(summary);
    return okStatus();
  }
  std::cout << summaryText(summary);
  return options.jsonFile.empty() ? okStatus() : writeTextFile(options.jsonFile, summaryJson(summary));
}

}  // namespace
}  // namespace mlc::tools

int main(int argc, char** argv) {
  using namespace mlc::tools;
  // A file that grows beyond the process's limit is an error like that of a full disk, and no reason to die.
  std::signal(SIGXFSZ, SIG_IGN);
  CompileToolOptions options;
  CLI::App app("Compiles a model into a package that mlc-run runs.", "mlc-compile");
  addPackageOptions(app, options.package);
  app.add_option("-o,--output", options.output, "Package folder to write (DIR.mlcpkg)")->required();
  app.add_option("--ranks", options.ranks, "Ranks to plan for, each with a share of this machine (default: what the mesh needs)")
      ->check(CLI::PositiveNumber);
  app.add_option("--target", options.package.target, "host (default), x86-64-v3, x86-64-v4");
  app.add_option("--json", options.jsonFile, "Write the summary as JSON; - for standard output");
  app.footer("Examples:\n  mlc-compile model.onnx -o model.mlcpkg\n  mlc-compile model.onnx -o model.mlcpkg --ranks 4 --mesh tp=2,pp=2");
  if (const std::optional<int> exitCode = parseCommandLine(app, argc, argv)) return *exitCode;
  const mlc::Status status = compile(options);
  if (!status.ok()) std::cerr << "mlc-compile: " << status.message() << std::endl;
  return static_cast<int>(status.code());
}
