#include "tools/run/outputs.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "compiler/library/compiler_library.h"
#include "runtime/base/element.h"
#include "runtime/base/npy.h"
#include "tools/job/cache_folder.h"
#include "tools/run/file_name.h"
#include "tools/run/inputs.h"

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;

std::string shapeText(const std::vector<int64_t>& shape) {
  std::string text;
  for (int64_t dim : shape) text += (text.empty() ? "" : "x") + std::to_string(dim);
  return text.empty() ? "scalar" : text;
}

}  // namespace

StatusOr<std::vector<std::string>> writeOutputs(const std::string& folder,
                                                const std::string& format,
                                                const std::vector<package::TensorSpec>& specs,
                                                const std::vector<HostTensor>& outputs) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return invalidError("cannot make " + folder + ": " + error.message());
  std::vector<std::string> files;
  std::set<std::string> used;
  nlohmann::ordered_json names = nlohmann::ordered_json::object();
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::string file;
    if (format == "pb") {
      file = "output_" + std::to_string(i) + ".pb";
      MLC_ASSIGN_OR_RETURN(CompilerLibrary * compiler, loadCompilerLibrary());
      MLC_RETURN_IF_ERROR(
          compiler->writeTensorProto(folder + "/" + file, specs[i].name, outputs[i]));
    } else {
      file = fileNameOf(specs[i].name);
      while (!used.insert(file).second) file += "_";
      file += ".npy";
      MLC_RETURN_IF_ERROR(writeNpy(folder + "/" + file, outputs[i]));
    }
    names[specs[i].name] = file;
    files.push_back(std::move(file));
  }
  MLC_RETURN_IF_ERROR(writeTextFile(folder + "/outputs.json", names.dump(2) + "\n"));
  return files;
}

StatusOr<std::vector<HostTensor>> readExpected(const std::string& folder,
                                               const std::vector<package::TensorSpec>& specs) {
  std::vector<HostTensor> expected;
  for (size_t i = 0; i < specs.size(); ++i) {
    const std::string proto = folder + "/output_" + std::to_string(i) + ".pb";
    const std::string npy = folder + "/" + fileNameOf(specs[i].name) + ".npy";
    const std::string& path = fs::exists(proto) ? proto : npy;
    if (!fs::exists(path)) return usageError("--expect: there is neither " + proto + " nor " + npy);
    MLC_ASSIGN_OR_RETURN(HostTensor tensor, readTensorOf(path));
    expected.push_back(std::move(tensor));
  }
  return expected;
}

Comparison compare(const std::vector<package::TensorSpec>& specs,
                   const std::vector<HostTensor>& actual, const std::vector<HostTensor>& expected,
                   double rtol, double atol) {
  Comparison result;
  const auto wrong = [&](size_t output, const std::string& how) {
    if (result.ok) result.first = "output '" + specs[output].name + "' " + how;
    result.ok = false;
  };
  for (size_t output = 0; output < actual.size(); ++output) {
    const HostTensor &a = actual[output], &b = expected[output];
    if (a.dtype() != b.dtype() || a.shape() != b.shape()) {
      wrong(output, "is " + shapeText(a.shape()) + " " + std::string(dtypeName(a.dtype())) +
                        ", expected " + shapeText(b.shape()) + " " +
                        std::string(dtypeName(b.dtype())));
      continue;
    }
    double largest = 0, difference = 0;
    for (int64_t i = 0; i < a.numElements(); ++i) {
      const double x = loadNumber(a, i), y = loadNumber(b, i);
      if (x == y || (std::isnan(x) && std::isnan(y))) {
        if (std::isfinite(y)) largest = std::max(largest, std::abs(y));
        continue;
      }
      const double gap = std::abs(x - y);
      if (!(gap <= atol + rtol * std::abs(y))) {
        wrong(output, "is " + std::to_string(x) + " at element " + std::to_string(i) +
                          ", expected " + std::to_string(y));
      }
      difference = std::isnan(gap) ? INFINITY : std::max(difference, gap);
      if (std::isfinite(y)) largest = std::max(largest, std::abs(y));
    }
    result.maxAbs = std::max(result.maxAbs, difference);
    if (difference > 0)
      result.maxRel = std::max(result.maxRel, largest > 0 ? difference / largest : INFINITY);
  }
  return result;
}

}  // namespace mlc::tools
