// mlc-run: compiles a model where that is needed, runs it on the job's ranks, reports.
#include <CLI/CLI.hpp>
#include <iostream>

#include "tools/run/job.h"
#include "tools/options/command_line.h"

int main(int argc, char** argv) {
  mlc::tools::RunOptions options;
  CLI::App app("Runs a model on all ranks of the job, compiling it first where that is needed.", "mlc-run");
  mlc::tools::addRunOptions(app, options);
  if (const std::optional<int> exitCode = mlc::tools::parseCommandLine(app, argc, argv)) return *exitCode;
  return mlc::tools::runJob(options);
}
