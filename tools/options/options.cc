#include "tools/options/options.h"

#include <charconv>
#include <sstream>

namespace mlc::tools {
namespace {

// "name=number" as a pair.
StatusOr<std::pair<std::string, int64_t>> parseAssignment(const std::string& text) {
  const size_t equals = text.find('=');
  int64_t value = 0;
  const char* end = text.data() + text.size();
  if (equals == std::string::npos || equals == 0)
    return usageError("'" + text + "' is not NAME=NUMBER");
  const auto [stop, error] = std::from_chars(text.data() + equals + 1, end, value);
  if (error != std::errc() || stop != end || value < 1) {
    return usageError("'" + text + "' is not NAME=NUMBER with a number of at least 1");
  }
  return std::pair(text.substr(0, equals), value);
}

Status tooLarge(const std::string& mesh) {
  return usageError("--mesh: " + mesh + " is too large: a job has at most " +
                    std::to_string(kMostRanks) + " ranks");
}

}  // namespace

StatusOr<Mesh> parseMesh(const std::string& text) {
  Mesh mesh;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const StatusOr<std::pair<std::string, int64_t>> assignment = parseAssignment(part);
    if (!assignment.ok()) return assignment.status().withContext("--mesh");
    const auto& [axis, size] = *assignment;
    if (size > kMostRanks) return tooLarge(part);
    int* field = axis == "dp"   ? &mesh.dp
                 : axis == "pp" ? &mesh.pp
                 : axis == "tp" ? &mesh.tp
                                : nullptr;
    if (!field) return usageError("--mesh: '" + axis + "' is no mesh axis: use dp, pp and tp");
    if (*field) return usageError("--mesh: " + text + " gives '" + axis + "' more than once");
    *field = static_cast<int>(size);
  }
  // An axis that is not named is 1 once a mesh is given.
  if (mesh.forced()) {
    mesh.dp = std::max(mesh.dp, 1);
    mesh.pp = std::max(mesh.pp, 1);
    mesh.tp = std::max(mesh.tp, 1);
    // Each is at most kMostRanks.
    if (int64_t{mesh.dp} * mesh.pp * mesh.tp > kMostRanks) return tooLarge(text);
  }
  return mesh;
}

StatusOr<std::map<std::string, int64_t>> parseDims(const std::vector<std::string>& texts) {
  std::map<std::string, int64_t> dims;
  for (const std::string& text : texts) {
    StatusOr<std::pair<std::string, int64_t>> assignment = parseAssignment(text);
    if (!assignment.ok()) return assignment.status().withContext("--dim");
    if (!dims.insert(*assignment).second)
      return usageError("--dim: '" + assignment->first + "' is given more than once");
  }
  return dims;
}

}  // namespace mlc::tools
