// Shell completion, generated from the options that a tool has.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace mlc::tools {

// A script for bash: option names, and files for everything else.
std::string bashCompletion(const CLI::App& app);

// One for zsh: option names with their descriptions, the words of those that are a choice, files
// and folders for those that name them.
std::string zshCompletion(const CLI::App& app);

}  // namespace mlc::tools
