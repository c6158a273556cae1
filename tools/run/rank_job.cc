#include "tools/run/rank_job.h"

#include <chrono>
#include <set>

#include "compiler/library/compiler_library.h"
#include "partitioner/plan/plan.h"
#include "runtime/api/machine_share.h"
#include "runtime/base/file_kind.h"
#include "runtime/base/output_file.h"
#include "runtime/executor/agreement.h"
#include "runtime/executor/executor.h"
#include "runtime/team/cpus.h"
#include "tools/job/devices.h"
#include "tools/job/exchange.h"
#include "tools/job/host_package.h"
#include "tools/job/package_cache.h"
#include "tools/job/plan_text.h"
#include "tools/job/progress_line.h"
#include "tools/job/text_file.h"
#include "tools/run/inputs.h"
#include "tools/run/run_schedule.h"
#include "tools/run/stop_signals.h"
#include "tools/run/trace_file.h"

namespace mlc::tools {
namespace {

using Clock = std::chrono::steady_clock;
using collectives::Communicator;

double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

class RankJob {
 public:
  RankJob(Communicator& world, const RunOptions& options, OpenPackage& open)
      : world_(world), options_(options), open_(open) {
    if (root()) progress_.emplace("mlc-run");
  }

  StatusOr<RunReport> run() {
    if (options_.listsDevices) {
      MLC_RETURN_IF_ERROR(findDevices());
      report_.devices = std::move(devices_);
      return std::move(report_);
    }
    if (!options_.outputsFolder.empty()) {
      MLC_RETURN_IF_ERROR(onRoot([&] { return checkOutputsFormat(options_.outputsFormat); }));
    }
    {
      const executor::TraceScope scope(trace(), "compile");
      MLC_RETURN_IF_ERROR(preparePackage());
    }
    MLC_RETURN_IF_ERROR(splitOffIdleRanks());
    if (idle_) return report_;
    MLC_RETURN_IF_ERROR(load());
    MLC_RETURN_IF_ERROR(makeInputs());
    endProgress();
    MLC_RETURN_IF_ERROR(execute());
    report_.hasRun = executor_->statistics().milliseconds > 0;
    if (!report_.hasRun) return std::move(report_);
    MLC_RETURN_IF_ERROR(gatherRanks());
    MLC_RETURN_IF_ERROR(writeTrace());
    MLC_RETURN_IF_ERROR(onRoot([&] { return useOutputs(); }));
    endProgress();
    return std::move(report_);
  }

 private:
  bool root() const { return world_.rank() == 0; }

  // On rank 0; the others say nothing.
  void show(const std::string& phase) {
    if (progress_) progress_->show(phase);
  }
  void endProgress() { progress_.reset(); }

  executor::Trace* trace() { return options_.traceFile.empty() ? nullptr : &trace_; }

  // Rank 0 does it; its error becomes everybody's.
  template <typename Work>
  Status onRoot(Work work) {
    StatusOr<std::string> mine = std::string();
    if (root()) {
      if (Status status = work(); !status.ok()) mine = status;
    }
    return shareFromRoot(active(), mine).status();
  }

  Communicator& active() { return active_ ? *active_ : world_; }

  // Rank 0's files count: those of other hosts may not be there.
  Status preparePackage() {
    MLC_ASSIGN_OR_RETURN(isPackage_, isPackage());
    StatusOr<std::string> mine = options_.package.model;
    if (isPackage_) {
      MLC_RETURN_IF_ERROR(checkPackageOptions());
    } else {
      MLC_ASSIGN_OR_RETURN(const partition::SearchOptions search, prepareToCompile());
      if (root()) mine = compiledPackage(search);
    }
    if (hasOtherHosts()) show("giving the other hosts the package");
    MLC_ASSIGN_OR_RETURN(here_,
                         packageOnThisHost(world_, mine, options_.trustFile,
                                           static_cast<int64_t>(options_.package.cacheLimit)));
    return okStatus();
  }

  bool hasOtherHosts() const {
    for (int rank = 1; rank < world_.size(); ++rank) {
      if (world_.hostOf(rank) != world_.hostOf(0)) return true;
    }
    return false;
  }

  StatusOr<bool> isPackage() {
    StatusOr<std::string> answer = std::string();
    if (root()) {
      const StatusOr<FileKind> kind = fileKind(options_.package.model);
      answer = !kind.ok() ? StatusOr<std::string>(kind.status())
                          : std::string(*kind == FileKind::kFolder ? "package" : "model");
    }
    MLC_ASSIGN_OR_RETURN(const std::string agreed, shareFromRoot(world_, answer));
    return agreed == "package";
  }

  StatusOr<partition::SearchOptions> prepareToCompile() {
    const PackageOptions& options = options_.package;
    if (!options_.trustFile.empty()) {
      return usageError("--trust is for packages, which are signed: " + options.model +
                        " is a model");
    }
    if (options_.verify && options.keepStates)
      return usageError("--verify compares with the model as it is: leave out --keep-states");
    MLC_ASSIGN_OR_RETURN(const partition::SearchOptions search, searchOptions());
    MLC_RETURN_IF_ERROR(findDevices());
    return search;
  }

  // On rank 0.
  StatusOr<std::string> compiledPackage(const partition::SearchOptions& search) {
    MLC_ASSIGN_OR_RETURN(CachedPackage package, makePackage(search));
    report_.compiled = true;
    report_.cacheHit = package.hit;
    report_.compileSeconds = package.seconds;
    // As long as it is in use.
    held_ = std::move(package.package);
    return held_->path();
  }

  Status findDevices() {
    const std::string& file = options_.package.devicesFile;
    if (file.empty()) {
      show("measuring the devices");
      MLC_ASSIGN_OR_RETURN(devices_, measureDevices(world_, options_.threads));
      return okStatus();
    }
    return onRoot([&] {
      MLC_ASSIGN_OR_RETURN(devices_, readDevices(file));
      return okStatus();
    });
  }

  // A package is made already: options that would decide it cannot be obeyed.
  Status checkPackageOptions() const {
    const PackageOptions& options = options_.package;
    if (options_.verify)
      return usageError("--verify needs the model: a package has no original to compare with");
    const std::pair<const char*, bool> given[] = {
        {"--devices", !options.devicesFile.empty()}, {"--plan", !options.planFile.empty()},
        {"--mesh", !options.mesh.empty()},           {"--microbatches", options.microbatches != 0},
        {"--keep-states", options.keepStates},       {"--dump-after", !options.dumpAfter.empty()}};
    for (const auto& [name, isGiven] : given) {
      if (isGiven) {
        return usageError(std::string(name) + " decides how a package is made: " + options.model +
                          " is made already, leave it out or give the model");
      }
    }
    return okStatus();
  }

  StatusOr<CachedPackage> makePackage(const partition::SearchOptions& search) {
    MLC_ASSIGN_OR_RETURN(CompilerLibrary * compiler, loadCompilerLibrary("models are compiled"));
    MLC_ASSIGN_OR_RETURN(const ModelOutline outline, compiler->outline(options_.package.model));
    MLC_ASSIGN_OR_RETURN(const auto shapes, describedShapes(outline.inputs, options_));
    // The other ranks wait, so their cores are free.
    const std::vector<int> own = team::affinityOfThisThread();
    team::widenAffinity();
    StatusOr<CachedPackage> package =
        findOrCompile(options_.package, {.devices = devices_,
                                         .search = search,
                                         .expectedShapes = shapes,
                                         .packWeights = false,
                                         .progress = progress_ ? &*progress_ : nullptr});
    team::restoreAffinity(own);
    return package;
  }

  StatusOr<partition::SearchOptions> searchOptions() const {
    partition::SearchOptions search;
    const StatusOr<Mesh> mesh = parseMesh(options_.package.mesh);
    MLC_RETURN_IF_ERROR(mesh.status());
    if (mesh->ranks() > world_.size()) {
      return usageError("--mesh " + options_.package.mesh + " needs " +
                        std::to_string(mesh->ranks()) + " ranks, the job has " +
                        std::to_string(world_.size()) + ": start it with mpirun -np " +
                        std::to_string(mesh->ranks()));
    }
    search.dp = mesh->dp;
    search.pp = mesh->pp;
    search.tp = mesh->tp;
    search.maxRanks = world_.size();
    search.microbatches = options_.package.microbatches;
    // Device i is rank i.
    search.keepDeviceOrder = true;
    return search;
  }

  // Opens the package on every rank; ranks that it has no part for have nothing more to do.
  Status splitOffIdleRanks() {
    show("opening the package");
    MLC_RETURN_IF_ERROR(executor::agree(
        world_, open_.open(here_.path, here_.wasSent ? std::string() : options_.trustFile,
                           here_.areWeightsChecked)));
    if (isPackage_) MLC_RETURN_IF_ERROR(checkDims());
    const auto ranks = static_cast<int>(manifest().ranks.size());
    if (ranks > world_.size()) {
      return usageError(options_.package.model + " is made for " + std::to_string(ranks) +
                        " ranks, the job has " + std::to_string(world_.size()) +
                        ": start it with mpirun -np " + std::to_string(ranks));
    }
    report_.idleRanks = world_.size() - ranks;
    if (report_.idleRanks == 0) return okStatus();
    idle_ = world_.rank() >= ranks;
    MLC_ASSIGN_OR_RETURN(active_, world_.split(idle_ ? 1 : 0, world_.rank()));
    return okStatus();
  }

  // A package's; those of a model are the compiler's to check.
  Status checkDims() const {
    std::set<std::string> symbols;
    for (const package::TensorSpec& input : manifest().inputs) {
      for (const std::string& text : input.dims) {
        MLC_ASSIGN_OR_RETURN(const DimExpr dim, DimExpr::parse(text));
        dim.collectSymbols(symbols);
      }
    }
    MLC_ASSIGN_OR_RETURN(const auto dims, parseDims(options_.package.dims));
    for (const auto& [name, size] : dims) {
      if (!symbols.contains(name))
        return usageError(options_.package.model + " has no dim named '" + name + "'");
    }
    return okStatus();
  }

  Status load() {
    const executor::TraceScope scope(trace(), "load");
    show("loading the weights");
    const auto begin = Clock::now();
    MLC_ASSIGN_OR_RETURN(const team::TeamOptions team,
                         api::shareCores(active(), options_.threads, true));
    threads_ = team.threads;
    StatusOr<std::unique_ptr<executor::Executor>> executor =
        executor::Executor::create(active(), open_.package(), open_.store(), team);
    if (!executor.ok()) return withoutDamage(executor.status());
    executor_ = *std::move(executor);
    report_.loadSeconds = secondsSince(begin);
    return okStatus();
  }

  // Else the next job would find a damaged package in the cache too.
  Status withoutDamage(const Status& failure) {
    if (!held_) return failure;
    const StatusOr<PackageStore> store = PackageStore::open();
    if (!store.ok() || !store->removeDamaged(*std::exchange(held_, std::nullopt))) return failure;
    return Status(failure.code(),
                  failure.message() + "; the package was removed from the cache: run it again");
  }

  Status makeInputs() {
    return onRoot([&] {
      MLC_ASSIGN_OR_RETURN(inputs_, tools::makeInputs(manifest(), options_));
      if (!options_.expectFolder.empty()) {
        MLC_ASSIGN_OR_RETURN(expected_, readExpected(options_.expectFolder, manifest().outputs));
      }
      return okStatus();
    });
  }

  Status execute() {
    RunSchedule schedule(options_);
    for (bool goesOn = true; goesOn;) {
      MLC_RETURN_IF_ERROR(agreeOnGoingOn(schedule, goesOn));
      if (!goesOn) break;
      if (schedule.isTimed()) executor_->setTrace(trace());
      schedule.begin();
      MLC_ASSIGN_OR_RETURN(report_.outputs, executor_->run(inputs_));
      schedule.end(executor_->statistics().milliseconds);
    }
    report_.latenciesMs = schedule.milliseconds();
    report_.hasCold = schedule.hasCold();
    report_.runsPerSecond = schedule.runsPerSecond();
    return okStatus();
  }

  // A signal that came to one rank is for all of them; the time is rank 0's.
  Status agreeOnGoingOn(const RunSchedule& schedule, bool& goesOn) {
    int32_t ends[] = {stopSignal(), root() && schedule.isOver()};
    MLC_RETURN_IF_ERROR(active().allReduce(ends, 2, DType::kI32, collectives::Reduction::kMax));
    // Nothing is left to be stopped after the last run.
    goesOn = !ends[1] && !ends[0];
    if (!ends[1]) report_.stopSignal = ends[0];
    return okStatus();
  }

  Status gatherRanks() {
    const executor::RunStatistics& statistics = executor_->statistics();
    RankReport mine;
    mine.host = active().hostOf(active().rank());
    mine.device = manifest().ranks[static_cast<size_t>(active().rank())].device;
    mine.threads = threads_;
    mine.weightsBytes = statistics.copiedWeightBytes + statistics.mappedWeightBytes;
    mine.arenaBytes = statistics.arenaBytes;
    mine.peakResidentBytes = statistics.peakResidentBytes;
    MLC_ASSIGN_OR_RETURN(const std::vector<std::string> texts,
                         gatherTexts(active(), printRank(mine)));
    for (const std::string& text : texts) report_.ranks.push_back(parseRank(text));
    return okStatus();
  }

  Status writeTrace() {
    if (!trace()) return okStatus();
    const std::string mine = printEvents(active().rank(), active().hostOf(active().rank()), trace_);
    MLC_ASSIGN_OR_RETURN(const std::vector<std::string> texts, gatherTexts(active(), mine));
    return onRoot([&] { return writeFile(options_.traceFile, printTraceFile(texts)); });
  }

  // Of the devices that the plan was made for, if it was made here.
  Status reportSpeeds() {
    if (devices_.devices.empty()) return okStatus();
    MLC_ASSIGN_OR_RETURN(const partition::Plan plan, partition::parsePlan(report_.planJson));
    for (size_t rank = 0; rank < std::min(report_.ranks.size(), plan.devices.size()); ++rank) {
      const auto index = static_cast<size_t>(plan.devices[rank]);
      // A plan of somebody else's may be for other devices.
      if (index >= devices_.devices.size()) continue;
      const partition::Device& device = devices_.devices[index];
      report_.ranks[rank].flops = device.peak(DType::kF32);
      report_.ranks[rank].bandwidth = device.memoryBandwidth;
    }
    return okStatus();
  }

  // On rank 0.
  Status useOutputs() {
    report_.model = options_.package.model;
    report_.predictedMs = manifest().predicted_ms;
    MLC_ASSIGN_OR_RETURN(report_.planJson, readTextFile(open_.package()->pathOf(manifest().plan)));
    report_.planText = planText(manifest(), report_.planJson);
    MLC_RETURN_IF_ERROR(reportSpeeds());
    report_.outputSpecs = manifest().outputs;
    if (!options_.outputsFolder.empty()) {
      MLC_ASSIGN_OR_RETURN(report_.outputFiles,
                           writeOutputs(options_.outputsFolder, options_.outputsFormat,
                                        manifest().outputs, report_.outputs));
    }
    if (!options_.expectFolder.empty()) {
      report_.expectation =
          compare(manifest().outputs, report_.outputs, expected_, options_.rtol, options_.atol);
    }
    if (options_.verify) {
      MLC_ASSIGN_OR_RETURN(CompilerLibrary * compiler, loadCompilerLibrary("models are evaluated"));
      MLC_ASSIGN_OR_RETURN(const auto dims, parseDims(options_.package.dims));
      progress_.emplace("mlc-run");
      const auto progress = [&](size_t done, size_t total) {
        progress_->show("verifying", done, total);
      };
      MLC_ASSIGN_OR_RETURN(const auto reference,
                           compiler->evaluate(options_.package.model, dims, inputs_, progress));
      report_.verification =
          compare(manifest().outputs, report_.outputs, reference, options_.rtol, options_.atol);
    }
    return okStatus();
  }

  const package::Manifest& manifest() const { return open_.package()->manifest(); }

  Communicator& world_;
  const RunOptions& options_;
  OpenPackage& open_;
  HostPackage here_;
  bool isPackage_ = false;                // not a model
  partition::DeviceModel devices_;        // on rank 0, and empty for a package
  std::optional<HeldPackage> held_;       // on rank 0, if it is in the cache
  std::optional<ProgressLine> progress_;  // on rank 0, but for the runs
  bool idle_ = false;
  std::unique_ptr<Communicator> active_;  // of the ranks with work, where some have none
  std::unique_ptr<executor::Executor> executor_;
  int threads_ = 0;
  std::vector<HostTensor> inputs_, expected_;
  executor::Trace trace_;
  RunReport report_;
};

}  // namespace

Status OpenPackage::open(const std::string& path, const std::string& trustFile,
                         bool areWeightsChecked) {
  const std::lock_guard lock(mutex_);
  if (opened_) return *opened_;
  std::vector<package::PublicKey> keys;
  if (!trustFile.empty()) {
    StatusOr<std::vector<package::PublicKey>> read = package::readPublicKeys(trustFile);
    opened_ = read.status();
    if (!read.ok()) return *opened_;
    keys = *std::move(read);
  }
  StatusOr<std::shared_ptr<const package::Package>> package = package::Package::open(path, keys);
  opened_ = package.status();
  if (!package.ok()) return *opened_;
  package_ = *std::move(package);
  store_ = std::make_shared<package::WeightStore>(
      package_, static_cast<int>(std::max(1u, std::thread::hardware_concurrency())),
      areWeightsChecked);
  return okStatus();
}

StatusOr<RunReport> runRank(Communicator& world, const RunOptions& options, OpenPackage& open) {
  return RankJob(world, options, open).run();
}

}  // namespace mlc::tools
