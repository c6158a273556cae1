#include "tools/options/command_line.h"

#include <cstdlib>
#include <iostream>
#include <memory>

#include "compiler/pipeline.h"
#include "runtime/base/file_kind.h"
#include "runtime/base/status.h"
#include "runtime/base/version.h"
#include "tools/options/completion.h"

namespace mlc::tools {
namespace {

// The options' file. What the environment says beats it. A folder that somebody works in must not
// be able to have files written or removed, so it has only options that are configurable. It serves
// all tools: what another one takes is no mistake, anything else is.
class OptionsFile : public CLI::ConfigTOML {
 public:
  explicit OptionsFile(const CLI::App& app) : app_(app) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& file) const override {
    CLI::App run, compile;
    RunOptions runOptions;
    CompileToolOptions compileOptions;
    addRunOptions(run, runOptions);
    addCompileOptions(compile, compileOptions);
    std::vector<CLI::ConfigItem> items = CLI::ConfigTOML::from_config(file);
    std::erase_if(items, [&](const CLI::ConfigItem& item) {
      const std::string name = "--" + item.name;
      const CLI::Option* option = run.get_option_no_throw(name);
      if (!option) option = compile.get_option_no_throw(name);
      if (!item.parents.empty() || !option)
        throw CLI::ConfigError("the file of options has an unknown one: " + item.fullname());
      if (!option->get_configurable()) {
        throw CLI::ConfigError("the file of options has " + item.name +
                               ", which is taken from the command line only");
      }
      return !app_.get_option_no_throw(name) ||
             (!option->get_envname().empty() && std::getenv(option->get_envname().c_str()));
    });
    return items;
  }

 private:
  const CLI::App& app_;
};

}  // namespace

void addPackageOptions(CLI::App& app, PackageOptions& options, const char* model) {
  app.add_option("model", options.model, model);
  app.add_option("--dim", options.dims, "Size of a symbolic dimension, as batch=8")
      ->allow_extra_args(false);
  app.add_option("--devices", options.devicesFile, "Device model instead of measuring (JSON)")
      ->envname("MLC_DEVICES");
  app.add_option("--plan", options.planFile, "Use this plan (plan.json)");
  app.add_option("--mesh", options.mesh, "Force a mesh, as tp=2,pp=2,dp=1")->envname("MLC_MESH");
  app.add_option("--microbatches", options.microbatches,
                 "Pieces of the batch in a pipeline (default: the planner's choice)")
      ->check(CLI::Range(1, kMostMicrobatches));
  app.add_flag("--keep-states", options.keepStates,
               "Keep what comes back with rows added (past keys and values) as states of the "
               "package, instead of inputs and outputs");
  const std::vector<std::string> stages(kStageNames.begin(), kStageNames.end());
  app.add_option("--dump-after", options.dumpAfter,
                 "Write the artefact of these stages: " + CLI::detail::join(stages, ", "))
      ->delimiter(',')
      ->check(CLI::IsMember(stages))
      ->configurable(false);
  app.add_option("--dump-dir", options.dumpFolder, "Where --dump-after writes (default: here)")
      ->configurable(false);
  app.add_option("--cache-limit", options.cacheLimit,
                 "Bytes of packages in the cache, as 20GB: what was used the longest ago goes "
                 "(default: 10GB)")
      ->transform(CLI::AsSizeValue(true))
      ->envname("MLC_CACHE_LIMIT")
      ->configurable(false);
}

void addRunOptions(CLI::App& app, RunOptions& options) {
  addPackageOptions(app, options.package, "ONNX model, or package folder (.mlcpkg)");
  app.add_option("--input", options.inputs,
                 "NAME=@FILE (.npy, .npz member as FILE.npz:MEMBER, .pb) or NAME=2x128xi64=7 "
                 "(shape, type, fill: a number, random, iota)")
      ->allow_extra_args(false);
  app.add_option("--inputs", options.inputsFolder,
                 "Folder with input_0.pb, ... or NAME.npy (of a sequence, NAME/0.npy, ...)");
  app.add_option("--seed", options.seed, "Of random inputs (default: 0)");
  app.add_option("--outputs", options.outputsFolder,
                 "Folder for the outputs: NAME.npy and outputs.json")
      ->configurable(false);
  app.add_option("--outputs-format", options.outputsFormat, "npy or pb (default: npy)")
      ->check(CLI::IsMember({"npy", "pb"}));
  app.add_option("--expect", options.expectFolder,
                 "Compare with output_0.pb, ... or NAME.npy of this folder");
  app.add_option("--rtol", options.rtol,
                 "Relative tolerance of --expect and --verify (default: 1e-3)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--atol", options.atol,
                 "Absolute tolerance of --expect and --verify (default: 1e-5)")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--verify", options.verify,
               "Also evaluate on one device without optimization, and compare");
  app.add_option("--iterations", options.iterations, "Timed runs (default: 1)")
      ->check(CLI::Range(1, kMostRuns));
  app.add_option("--warmup", options.warmup, "Runs before those (default: 0)")
      ->check(CLI::Range(0, kMostRuns));
  app.add_option("--threads", options.threads, "Cores per rank (default: its share of the host)")
      ->check(CLI::Range(1, kMostThreads))
      ->envname("MLC_THREADS");
  app.add_option("--stall-timeout", options.stallSeconds,
                 "Seconds of silence after which a rank of an MPI job counts as lost; 0: never "
                 "(default: 10)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--trace", options.traceFile, "Write a Chrome trace (JSON), a process per rank")
      ->configurable(false);
  app.add_option("--json", options.jsonFile, "Write the report as JSON; - for standard output")
      ->configurable(false);
  app.add_option("--trust", options.trustFile,
                 "Run a package only if it is signed by one of the keys of this file (PEM)");
  app.add_option("--cache", options.cacheAction, "list or clear the cache, and run nothing")
      ->check(CLI::IsMember({"list", "clear"}))
      ->configurable(false);
  app.callback([&options] {
    if (options.package.model.empty() && options.cacheAction.empty())
      throw CLI::RequiredError("model");
  });
  app.footer(
      "Examples:\n"
      "  mlc-run model.onnx\n"
      "  mlc-run model.onnx --input ids=1x128xi64=7 --verify\n"
      "  mpirun -np 4 mlc-run model.onnx --mesh tp=2,pp=2 --iterations 20 --warmup 3");
}

void addCompileOptions(CLI::App& app, CompileToolOptions& options) {
  addPackageOptions(app, options.package, "ONNX model");
  app.get_option("model")->required();
  app.add_option("-o,--output", options.output, "Package folder to write (DIR.mlcpkg)")
      ->required()
      ->configurable(false);
  app.add_option(
         "--ranks", options.ranks,
         "Ranks to plan for, each with a share of this machine (default: what the mesh needs)")
      ->check(CLI::Range(1, kMostRanks));
  app.add_option("--target", options.package.target,
                 "host (default: each rank's own CPU), x86-64-v3, x86-64-v4, aarch64");
  app.add_flag(
      "--explain", options.explains,
      "List the kernels: how each is computed, its work, and why if not by the fastest way");
  app.add_option("--sign", options.signingKey,
                 "Sign the package by this private key (PEM, Ed25519)")
      ->configurable(false);
  app.add_option("--json", options.jsonFile, "Write the summary as JSON; - for standard output")
      ->configurable(false);
  app.footer(
      "Examples:\n  mlc-compile model.onnx -o model.mlcpkg\n  mlc-compile model.onnx -o "
      "model.mlcpkg --ranks 4 --mesh tp=2,pp=2");
}

std::optional<int> parseCommandLine(CLI::App& app, int argc, char** argv) {
  app.set_version_flag("--version", app.get_name() + " " + kVersion);
  // A pipe or device of that name is not waited for.
  const StatusOr<FileKind> kind = fileKind("mlc.toml");
  app.set_config("--config", kind.ok() && *kind == FileKind::kRegular ? "mlc.toml" : "",
                 "File with options (default: mlc.toml)");
  app.config_formatter(std::make_shared<OptionsFile>(app));
  std::string shell;
  app.add_option("--completion", shell, "Print a completion script: bash")
      ->check(CLI::IsMember({"bash"}))
      ->configurable(false);
  app.get_option("--config")->configurable(false);
  // The model is not needed for these.
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]).starts_with("--completion")) {
      std::cout << bashCompletion(app);
      return 0;
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : static_cast<int>(StatusCode::kUsage);
  }
  return std::nullopt;
}

}  // namespace mlc::tools
