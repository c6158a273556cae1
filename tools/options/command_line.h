// The command lines of mlc's tools, as docs/command_line.md says.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "tools/options/options.h"

namespace mlc::tools {

// Those of mlc-run.
void addRunOptions(CLI::App& app, RunOptions& options);

// Those of mlc-compile.
void addCompileOptions(CLI::App& app, CompileToolOptions& options);

// Parses, with --help, --version and --completion. The exit code if the tool is to end: 0 after
// printing what was asked for, 2 for a bad command line.
std::optional<int> parseCommandLine(CLI::App& app, int argc, char** argv);

}  // namespace mlc::tools
