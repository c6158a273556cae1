#include "tools/run/outputs.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "compiler/library/compiler_library.h"
#include "runtime/base/element.h"
#include "runtime/base/objects.h"
#include "runtime/base/output_file.h"
#include "runtime/base/shape_text.h"
#include "tools/run/file_name.h"
#include "tools/run/value_files.h"

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;

StatusOr<CompilerLibrary*> loadWriterOfProtos() {
  return loadCompilerLibrary("files of --outputs-format pb are written");
}

}  // namespace

Status checkOutputsFormat(const std::string& format) {
  return format == "pb" ? loadWriterOfProtos().status() : okStatus();
}

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
      MLC_ASSIGN_OR_RETURN(CompilerLibrary * compiler, loadWriterOfProtos());
      MLC_RETURN_IF_ERROR(
          compiler->writeTensorProto(folder + "/" + file, specs[i].name, outputs[i]));
    } else {
      file = fileNameOf(specs[i].name);
      while (!used.insert(file).second) file += "_";
      MLC_ASSIGN_OR_RETURN(file, writeValue(folder, file, outputs[i]));
    }
    names[specs[i].name] = file;
    files.push_back(std::move(file));
  }
  MLC_RETURN_IF_ERROR(
      writeFile(folder + "/outputs.json",
                names.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
  return files;
}

StatusOr<std::vector<HostTensor>> readExpected(const std::string& folder,
                                               const std::vector<package::TensorSpec>& specs) {
  std::vector<HostTensor> expected;
  for (size_t i = 0; i < specs.size(); ++i) {
    const std::string proto = "output_" + std::to_string(i);
    MLC_ASSIGN_OR_RETURN(std::optional<HostTensor> value,
                         readValueIn(folder, proto, specs[i].name, specs[i].dtype));
    if (!value) {
      return usageError("--expect: there is neither " + folder + "/" + proto + ".pb nor " + folder +
                        "/" + fileNameOf(specs[i].name) + ".npy");
    }
    expected.push_back(*std::move(value));
  }
  return expected;
}

namespace {

// Compares outputs with expected ones, those that are within others too.
class Comparer {
 public:
  Comparer(double rtol, double atol) : rtol_(rtol), atol_(atol) {}

  void compareValues(const std::string& what, const HostTensor& a, const HostTensor& b) {
    if (a.dtype() != b.dtype() || a.shape() != b.shape()) {
      wrong(what, "is " + shapeText(a.shape()) + " " + std::string(dtypeName(a.dtype())) +
                      ", expected " + shapeText(b.shape()) + " " +
                      std::string(dtypeName(b.dtype())));
    } else if (a.dtype() == DType::kString) {
      compareStrings(what, a, b);
    } else if (isReference(a.dtype())) {
      compareHeld(what, a, b);
    } else {
      compareNumbers(what, a, b);
    }
  }

  const Comparison& result() const { return result_; }

 private:
  void wrong(const std::string& what, const std::string& how) {
    if (result_.ok) result_.first = what + " " + how;
    result_.ok = false;
  }

  void compareStrings(const std::string& what, const HostTensor& a, const HostTensor& b) {
    const std::vector<std::string> x = stringsOf(a), y = stringsOf(b);
    for (size_t i = 0; i < x.size(); ++i) {
      if (x[i] != y[i])
        wrong(what,
              "is '" + x[i] + "' at element " + std::to_string(i) + ", expected '" + y[i] + "'");
    }
  }

  void compareHeld(const std::string& what, const HostTensor& a, const HostTensor& b) {
    const std::vector<HostTensor> x = heldBy(a), y = heldBy(b);
    if (x.size() != y.size()) {
      wrong(what,
            "holds " + std::to_string(x.size()) + " values, expected " + std::to_string(y.size()));
      return;
    }
    for (size_t i = 0; i < x.size(); ++i)
      compareValues(what + "[" + std::to_string(i) + "]", x[i], y[i]);
  }

  void compareNumbers(const std::string& what, const HostTensor& a, const HostTensor& b) {
    double largest = 0, difference = 0;
    for (int64_t i = 0; i < a.numElements(); ++i) {
      const double x = loadNumber(a, i), y = loadNumber(b, i);
      if (x == y || (std::isnan(x) && std::isnan(y))) {
        if (std::isfinite(y)) largest = std::max(largest, std::abs(y));
        continue;
      }
      const double gap = std::abs(x - y);
      if (!(gap <= atol_ + rtol_ * std::abs(y))) {
        wrong(what, "is " + std::to_string(x) + " at element " + std::to_string(i) + ", expected " +
                        std::to_string(y));
      }
      difference = std::isnan(gap) ? INFINITY : std::max(difference, gap);
      if (std::isfinite(y)) largest = std::max(largest, std::abs(y));
    }
    result_.maxAbs = std::max(result_.maxAbs, difference);
    if (difference > 0)
      result_.maxRel = std::max(result_.maxRel, largest > 0 ? difference / largest : INFINITY);
  }

  const double rtol_, atol_;
  Comparison result_;
};

}  // namespace

Comparison compare(const std::vector<package::TensorSpec>& specs,
                   const std::vector<HostTensor>& actual, const std::vector<HostTensor>& expected,
                   double rtol, double atol) {
  Comparer comparer(rtol, atol);
  for (size_t i = 0; i < actual.size(); ++i)
    comparer.compareValues("output '" + specs[i].name + "'", actual[i], expected[i]);
  return comparer.result();
}

}  // namespace mlc::tools
