#include "tools/job/report_output.h"

#include <fmt/format.h>

#include <iostream>

#include "runtime/base/output_file.h"

namespace mlc::tools {

std::string megabytes(int64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

Status writeReport(const std::string& text, const std::string& json, const std::string& jsonFile,
                   const std::string& what) {
  const bool isJsonAlone = jsonFile == "-";
  std::cout << (isJsonAlone ? json : text) << std::flush;
  if (!jsonFile.empty() && !isJsonAlone) MLC_RETURN_IF_ERROR(writeFile(jsonFile, json));
  return std::cout ? okStatus() : invalidError("cannot write " + what + " to standard output");
}

}  // namespace mlc::tools
