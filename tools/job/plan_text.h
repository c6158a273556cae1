// What the tools say of a package's plan.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "runtime/package/package.h"

namespace mlc::tools {

// "dp=1 pp=2 tp=2, 4 microbatches, 1.23 ms predicted", then a line for each note and one for what
// fewer and more devices would give, set off to stand below it. planJson: the package's.
std::string planText(const package::Manifest& manifest, const std::string& planJson);

// The plan's alternatives, as plan.json has them.
nlohmann::ordered_json alternativesJson(const std::string& planJson);

}  // namespace mlc::tools
