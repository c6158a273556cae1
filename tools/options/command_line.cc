#include "tools/options/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <set>
#include <utility>

#include "compiler/pipeline.h"
#include "runtime/base/file_kind.h"
#include "runtime/base/status.h"
#include "runtime/base/version.h"
#include "tools/options/completion.h"

namespace mlc::tools {
namespace {

// What a file of options is taken from where there is none.
constexpr const char* kNoFile = "/dev/null";

bool isOnCommandLine(const CLI::Option& option) { return option.count() > 0; }

bool isInEnvironment(const CLI::Option& option) {
  const char* value =
      option.get_envname().empty() ? nullptr : std::getenv(option.get_envname().c_str());
  return value && *value;
}

template <typename IsGiven>
bool isExcluded(const CLI::Option& option, IsGiven isGiven) {
  return std::ranges::any_of(option.get_excludes(),
                             [&](const CLI::Option* other) { return isGiven(*other); });
}

// The options' file. The command line beats the environment, which beats the file, also where they
// give options that exclude each other. A folder that somebody works in must not be able to have
// files written or removed, so the file has only options that are configurable. It serves all
// tools: what another one takes is no mistake, anything else is.
class OptionsFile : public CLI::ConfigTOML {
 public:
  explicit OptionsFile(CLI::App& app) : app_(app) {}

  // The names of the options that the command line itself gives.
  const std::set<std::string>& onCommandLine() const { return onCommandLine_; }

  // Called behind the command line and before the environment, for kNoFile too.
  std::vector<CLI::ConfigItem> from_config(std::istream& file) const override {
    for (CLI::Option* option : app_.get_options()) {
      if (isOnCommandLine(*option)) onCommandLine_.insert(option->get_name());
      if (isExcluded(*option, isOnCommandLine)) option->envname("");
    }
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
      const CLI::Option* own = std::as_const(app_).get_option_no_throw(name);
      return !own || isInEnvironment(*own) || isExcluded(*own, [](const CLI::Option& other) {
        return isOnCommandLine(other) || isInEnvironment(other);
      });
    });
    return items;
  }

 private:
  CLI::App& app_;
  mutable std::set<std::string> onCommandLine_;
};

// What is done instead of a run obeys few options: others there are a mistake. Those of the
// environment and the file are for runs, and none.
void refuseWithoutEffect(const CLI::App& app, const std::set<std::string>& onCommandLine) {
  const auto has = [&](const char* name) { return onCommandLine.contains(name); };
  std::set<std::string> obeyed = {"--config"};
  std::string instead;
  if (has("--info")) {
    instead = "--info";
    obeyed.insert({"model", "--json", "--trust"});
  } else if (has("--list-devices")) {
    instead = "--list-devices";
    obeyed.insert({"--devices", "--json", "--stall-timeout"});
    // How many are measured, and with how many threads each.
    if (!has("--devices")) obeyed.insert({"--mesh", "--plan", "--threads"});
  } else if (has("--cache")) {
    instead = "--cache";
    if (app.get_option("--cache")->as<std::string>() == "list") obeyed.insert("--cache-limit");
  } else {
    return;
  }
  obeyed.insert(instead);
  for (const std::string& name : onCommandLine) {
    if (!obeyed.contains(name)) throw CLI::ExcludesError(instead + " runs nothing: it", name);
  }
}

// Says of an option what its value is and which variable gives it, not what else is excluded.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text;
    if (option->get_type_size() != 0) text += " " + option->get_type_name();
    if (!option->get_envname().empty()) text += " (" + option->get_envname() + ")";
    return text;
  }
};

// The check without its description in --help, which the option's type name and text give.
CLI::Validator plain(CLI::Validator check) { return check.description(""); }

// A number of at least `least`, or 0, and at most `most`.
CLI::Validator numberWithin(double least, double most) {
  return CLI::Validator(
      [=](std::string& text) {
        double number = -1;
        const bool isNumber = CLI::detail::lexical_cast(text, number);
        const bool isWithin = number == 0 || (number >= least && number <= most);
        return isNumber && isWithin ? std::string()
                                    : fmt::format("{} is no number from {:g} to {:g}{}", text,
                                                  least, most, least > 0 ? ", or 0" : "");
      },
      "");
}

// What names a file or folder names one.
void refuseEmptyNames(CLI::App& app) {
  const CLI::Validator isName(
      [](std::string& text) { return text.empty() ? "must not be empty" : std::string(); }, "");
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (type.find("FILE") != std::string::npos || type == "DIR") option->check(isName);
  }
}

// What decides a package.
void addPackageOptions(CLI::App& app, PackageOptions& options) {
  constexpr const char* kSplitting = "Splitting over devices";
  constexpr const char* kCompiling = "Compiling";
  app.add_option("--devices", options.devicesFile, "Device model instead of measuring (JSON)")
      ->type_name("FILE")
      ->envname("MLC_DEVICES")
      ->group(kSplitting);
  app.add_option("--mesh", options.mesh, "Force a mesh (default: the planner's choice)")
      ->type_name("tp=2,pp=2,dp=1")
      ->envname("MLC_MESH")
      ->group(kSplitting);
  app.add_option("--microbatches", options.microbatches,
                 "Pieces of the batch in a pipeline (default: the planner's choice)")
      ->type_name("N")
      ->check(plain(CLI::Range(1, kMostMicrobatches)))
      ->group(kSplitting);
  app.add_option("--plan", options.planFile, "Use this plan, as plan.json")
      ->type_name("FILE")
      ->excludes("--mesh")
      ->excludes("--microbatches")
      ->group(kSplitting);
  app.add_option("--dim", options.dims, "Size of a symbolic dimension; once for each")
      ->type_name("NAME=N")
      ->allow_extra_args(false)
      ->group(kCompiling);
  app.add_flag("--keep-states", options.keepStates,
               "Keep what comes back with rows added (past keys and values) as states of the "
               "package, instead of inputs and outputs")
      ->group(kCompiling);
  const std::vector<std::string> stages(kStageNames.begin(), kStageNames.end());
  app.add_option("--dump-after", options.dumpAfter,
                 "Write the artefact of these stages: " + CLI::detail::join(stages, ", "))
      ->type_name("STAGE,STAGE...")
      ->delimiter(',')
      ->check(plain(CLI::IsMember(stages)))
      ->configurable(false)
      ->group(kCompiling);
  app.add_option("--dump-dir", options.dumpFolder, "Where --dump-after writes (default: here)")
      ->type_name("DIR")
      ->configurable(false)
      ->group(kCompiling);
  app.add_option("--cache-limit", options.cacheLimit,
                 "Bytes of packages in the cache, as 20GB: what was used the longest ago goes "
                 "(default: 10GB)")
      ->transform(plain(CLI::AsSizeValue(true)))
      ->type_name("SIZE")
      ->envname("MLC_CACHE_LIMIT")
      ->configurable(false)
      ->group(kCompiling);
}

// The shell that a completion script is wanted for; empty if none is, or for one that there is no
// script for.
std::string completedShell(int argc, char** argv) {
  const std::string option = "--completion";
  for (int i = 1; i < argc; ++i) {
    std::string shell = argv[i];
    if (shell == option && i + 1 < argc) {
      shell = argv[i + 1];
    } else if (shell.starts_with(option + "=")) {
      shell = shell.substr(option.size() + 1);
    } else {
      continue;
    }
    if (shell == "bash" || shell == "zsh") return shell;
  }
  return "";
}

}  // namespace

void addRunOptions(CLI::App& app, RunOptions& options) {
  constexpr const char* kValues = "Inputs and outputs";
  constexpr const char* kChecks = "Checks";
  constexpr const char* kRuns = "Runs";
  constexpr const char* kReports = "Reports";
  constexpr const char* kInstead = "Instead of a run";
  app.add_option("model", options.package.model, "ONNX model, or package folder (.mlcpkg)")
      ->type_name("FILE|DIR");
  app.add_option("--input", options.inputs,
                 "@FILE (.npy, .npz member as FILE.npz:MEMBER, .pb), or shape, type and fill as "
                 "2x128xi64=7 (a number, random, iota); once for each input")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->group(kValues);
  app.add_option("--inputs", options.inputsFolder,
                 "Folder with input_0.pb, ... or NAME.npy (of a sequence, NAME/0.npy, ...)")
      ->type_name("DIR")
      ->group(kValues);
  app.add_option("--seed", options.seed, "Of random inputs (default: 0)")
      ->type_name("N")
      ->group(kValues);
  app.add_option("--outputs", options.outputsFolder,
                 "Folder for the outputs: NAME.npy and outputs.json")
      ->type_name("DIR")
      ->configurable(false)
      ->group(kValues);
  app.add_option("--outputs-format", options.outputsFormat, "Of --outputs (default: npy)")
      ->type_name("npy|pb")
      ->check(plain(CLI::IsMember({"npy", "pb"})))
      ->group(kValues);
  app.add_option("--expect", options.expectFolder,
                 "Compare with output_0.pb, ... or NAME.npy of this folder")
      ->type_name("DIR")
      ->group(kChecks);
  app.add_flag("--verify", options.verify,
               "Also evaluate on one device without optimization, and compare")
      ->group(kChecks);
  app.add_option("--rtol", options.rtol,
                 "Relative tolerance of --expect and --verify (default: 1e-3)")
      ->type_name("X")
      ->check(numberWithin(0, 1e30))
      ->group(kChecks);
  app.add_option("--atol", options.atol,
                 "Absolute tolerance of --expect and --verify (default: 1e-5)")
      ->type_name("X")
      ->check(numberWithin(0, 1e30))
      ->group(kChecks);
  app.add_option("--trust", options.trustFile,
                 "Run a package only if it is signed by one of the keys of this file (PEM)")
      ->type_name("FILE")
      ->group(kChecks);
  app.add_option("--iterations", options.iterations,
                 "Timed runs (default: as many as begin within a second)")
      ->type_name("N")
      ->check(plain(CLI::Range(1, kMostRuns)))
      ->group(kRuns);
  app.add_option("--duration", options.duration, "Timed runs for so many seconds")
      ->type_name("SECONDS")
      ->check(numberWithin(0, 1e6))
      ->excludes("--iterations")
      ->group(kRuns);
  app.add_option("--warmup", options.warmup,
                 "Runs before those, which are not timed (default: 1, with --iterations 0)")
      ->type_name("N")
      ->check(plain(CLI::Range(0, kMostRuns)))
      ->group(kRuns);
  app.add_option("--threads", options.threads, "Cores per rank (default: its share of the host)")
      ->type_name("N")
      ->check(plain(CLI::Range(1, kMostThreads)))
      ->envname("MLC_THREADS")
      ->group(kRuns);
  app.add_option("--stall-timeout", options.stallSeconds,
                 "Silence after which a rank of an MPI job counts as lost; 0: never (default: 10)")
      ->type_name("SECONDS")
      ->check(numberWithin(0.1, 1e6))
      ->group(kRuns);
  addPackageOptions(app, options.package);
  app.add_option("--json", options.jsonFile, "Write the report as JSON; - for standard output")
      ->type_name("FILE")
      ->configurable(false)
      ->group(kReports);
  app.add_option("--trace", options.traceFile, "Write a Chrome trace (JSON), a process per rank")
      ->type_name("FILE")
      ->configurable(false)
      ->group(kReports);
  app.add_flag("--list-devices", options.listsDevices,
               "Print the devices of the job, as measured when they were first used, or those of "
               "--devices; with --json as a file that --devices takes")
      ->configurable(false)
      ->group(kInstead);
  app.add_flag("--info", options.wantsInfo, "Print what a package holds")
      ->configurable(false)
      ->group(kInstead);
  app.add_option("--cache", options.cacheAction, "list or clear the cache")
      ->type_name("list|clear")
      ->check(plain(CLI::IsMember({"list", "clear"})))
      ->configurable(false)
      ->group(kInstead);
  app.callback([&options] {
    const bool needsModel = options.cacheAction.empty() && !options.listsDevices;
    if (options.package.model.empty() && needsModel) throw CLI::RequiredError("model");
  });
  app.footer(
      "Examples:\n"
      "  mlc-run model.onnx\n"
      "  mlc-run model.onnx --input ids=1x128xi64=7 --verify\n"
      "  mpirun -np 4 mlc-run model.onnx --mesh tp=2,pp=2 --duration 5");
}

void addCompileOptions(CLI::App& app, CompileToolOptions& options) {
  app.add_option("model", options.package.model, "ONNX model")->type_name("FILE")->required();
  app.add_option("-o,--output", options.output, "Package folder to write (DIR.mlcpkg)")
      ->type_name("DIR")
      ->required()
      ->configurable(false);
  addPackageOptions(app, options.package);
  const std::string splitting = app.get_option("--mesh")->get_group();
  const std::string compiling = app.get_option("--dim")->get_group();
  app.add_option(
         "--ranks", options.ranks,
         "Ranks to plan for, each with a share of this machine (default: what the mesh needs)")
      ->type_name("N")
      ->check(plain(CLI::Range(1, kMostRanks)))
      ->group(splitting);
  app.get_option("--plan")->excludes("--ranks");
  app.add_option("--target", options.package.target,
                 "host (default: each rank's own CPU), x86-64, x86-64-v3, x86-64-v4, aarch64")
      ->type_name("CPU")
      ->group(compiling);
  app.add_option("--sign", options.signingKey,
                 "Sign the package by this private key (PEM, Ed25519)")
      ->type_name("FILE")
      ->configurable(false)
      ->group(compiling);
  app.add_flag("--explain", options.explains,
               "List the kernels: how each is computed, its work, and why if not by the fastest "
               "way")
      ->group("Reports");
  app.add_option("--json", options.jsonFile, "Write the summary as JSON; - for standard output")
      ->type_name("FILE")
      ->configurable(false)
      ->group("Reports");
  app.footer(
      "Examples:\n  mlc-compile model.onnx -o model.mlcpkg\n  mlc-compile model.onnx -o "
      "model.mlcpkg --ranks 4 --mesh tp=2,pp=2");
}

std::optional<int> parseCommandLine(CLI::App& app, int argc, char** argv) {
  app.set_version_flag("--version", app.get_name() + " " + kVersion);
  // A pipe or device of that name is not waited for.
  const StatusOr<FileKind> kind = fileKind("mlc.toml");
  app.set_config("--config", kind.ok() && *kind == FileKind::kRegular ? "mlc.toml" : kNoFile,
                 "File with options (default: mlc.toml)");
  const auto file = std::make_shared<OptionsFile>(app);
  app.config_formatter(file);
  app.formatter(std::make_shared<HelpFormatter>());
  std::string shell;
  app.add_option("--completion", shell, "Print a completion script")
      ->type_name("bash|zsh")
      ->check(plain(CLI::IsMember({"bash", "zsh"})))
      ->configurable(false);
  app.get_option("--config")->type_name("FILE")->configurable(false);
  refuseEmptyNames(app);
  // The model is not needed for these.
  shell = completedShell(argc, argv);
  if (!shell.empty()) {
    std::cout << (shell == "bash" ? bashCompletion(app) : zshCompletion(app));
    return 0;
  }
  try {
    app.parse(argc, argv);
    refuseWithoutEffect(app, file->onCommandLine());
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : static_cast<int>(StatusCode::kUsage);
  }
  return std::nullopt;
}

}  // namespace mlc::tools
