// Shell completion, generated from the options that a tool has.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace mlc::tools {

// A script for bash: option names, and files for everything else.
std::string bashCompletion(const CLI::App& app);

}  // namespace mlc::tools
