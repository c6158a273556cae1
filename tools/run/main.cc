// mlc-run: compiles a model where that is needed, runs it on the job's ranks, reports.
#include <CLI/CLI.hpp>
#include <csignal>

#include "tools/options/command_line.h"
#include "tools/run/job.h"
#include "tools/run/manage_cache.h"
#include "tools/run/package_info.h"
#include "tools/run/stop_signals.h"

int main(int argc, char** argv) {
  // A file that grows beyond the process's limit, or a pipe that nobody reads, is an error like a
  // full disk, and no reason to die.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  mlc::tools::RunOptions options;
  CLI::App app("Runs a model on all ranks of the job, compiling it first where that is needed.",
               "mlc-run");
  mlc::tools::addRunOptions(app, options);
  if (const std::optional<int> exitCode = mlc::tools::parseCommandLine(app, argc, argv))
    return *exitCode;
  if (!options.cacheAction.empty() || options.wantsInfo) {
    // Under mpirun one for all ranks.
    if (!mlc::tools::isFirstOfJob()) return 0;
    return options.wantsInfo ? mlc::tools::printInfo(options) : mlc::tools::manageCache(options);
  }
  mlc::tools::listenForStopSignals();
  return mlc::tools::runJob(options);
}
