#include "tools/run/inputs.h"

#include <algorithm>
#include <charconv>
#include <new>
#include <optional>
#include <random>
#include <set>

#include "runtime/base/dim_expr.h"
#include "runtime/base/element.h"
#include "runtime/base/objects.h"
#include "runtime/base/shape_bytes.h"
#include "runtime/executor/symbols.h"
#include "tools/run/file_name.h"
#include "tools/run/value_files.h"

namespace mlc::tools {
namespace {

// What --input says of one input: a tensor, or a shape, type and fill.
struct Description {
  std::optional<HostTensor> tensor;
  std::vector<int64_t> shape;
  bool hasShape = false;
  std::optional<DType> dtype;
  std::string fill = "random";
};

// One letter each.
HostTensor randomStrings(const std::vector<int64_t>& shape, uint64_t seed) {
  int64_t count = 1;
  for (int64_t dim : shape) count *= dim;
  std::mt19937_64 random(seed);
  std::vector<std::string> texts;
  for (int64_t i = 0; i < count; ++i) texts.emplace_back(1, static_cast<char>('a' + random() % 26));
  return stringTensor(shape, texts);
}

StatusOr<HostTensor> filled(DType dtype, const std::vector<int64_t>& shape, const std::string& fill,
                            uint64_t seed) {
  // More than any machine has.
  constexpr int64_t kMostBytes = int64_t{1} << 46;
  if (dtype == DType::kSequence || dtype == DType::kOptional)
    return usageError("is a " + std::string(dtypeName(dtype)) + ": give it by --inputs or @FILE");
  const std::optional<int64_t> bytes = bytesOf(dtype, shape);
  if (!bytes || *bytes > kMostBytes) return invalidError("is too large");
  if (dtype == DType::kString) {
    if (fill == "random") return randomStrings(shape, seed);
    return usageError("strings are filled with random ones, or read from @FILE");
  }
  HostTensor tensor = HostTensor::uninitialized(dtype, shape);
  const int64_t count = tensor.numElements();
  if (fill == "random") {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (int64_t i = 0; i < count; ++i) {
      storeNumber(tensor, i, isFloat(dtype) ? uniform(random) : static_cast<double>(random() & 1));
    }
  } else if (fill == "iota") {
    for (int64_t i = 0; i < count; ++i) storeNumber(tensor, i, static_cast<double>(i));
  } else {
    double value = 0;
    const auto [stop, error] = std::from_chars(fill.data(), fill.data() + fill.size(), value);
    if (error != std::errc() || stop != fill.data() + fill.size()) {
      return usageError("'" + fill + "' is no fill: use a number, random or iota");
    }
    for (int64_t i = 0; i < count; ++i) storeNumber(tensor, i, value);
  }
  return tensor;
}

// "2x128xi64=7" or "2x128" or "2x128=random".
StatusOr<Description> parseDescription(const std::string& text) {
  Description description;
  const size_t equals = text.find('=');
  if (equals != std::string::npos) description.fill = text.substr(equals + 1);
  std::string shape = text.substr(0, equals);
  description.hasShape = true;
  for (size_t at = 0; at <= shape.size() && !shape.empty();) {
    const size_t end = std::min(shape.find('x', at), shape.size());
    const std::string part = shape.substr(at, end - at);
    int64_t dim = 0;
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), dim);
    DType given;
    if (error == std::errc() && stop == part.data() + part.size() && dim >= 0) {
      description.shape.push_back(dim);
    } else if (end == shape.size() && parseDType(part, given)) {
      description.dtype = given;
    } else {
      return usageError("'" + part + "' is neither a dim nor a type");
    }
    at = end + 1;
  }
  return description;
}

using NamedType = std::pair<std::string, DType>;

// Of the model's inputs, in order: from --inputs (input_0.pb, ... or NAME.npy), then --input.
StatusOr<std::vector<Description>> readDescriptions(const std::vector<NamedType>& inputs,
                                                    const RunOptions& options) {
  std::vector<Description> descriptions(inputs.size());
  for (size_t i = 0; i < inputs.size() && !options.inputsFolder.empty(); ++i) {
    const std::string& folder = options.inputsFolder;
    MLC_ASSIGN_OR_RETURN(descriptions[i].tensor, readValueIn(folder, "input_" + std::to_string(i),
                                                             inputs[i].first, inputs[i].second));
    if (!descriptions[i].tensor) {
      return usageError("--inputs: " + folder + " has neither input_" + std::to_string(i) +
                        ".pb nor " + fileNameOf(inputs[i].first) + ".npy");
    }
  }
  std::set<std::string> described;
  for (const std::string& text : options.inputs) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) return usageError("--input '" + text + "' is not NAME=...");
    const std::string name = text.substr(0, equals), value = text.substr(equals + 1);
    if (!described.insert(name).second)
      return usageError("--input: '" + name + "' is given more than once");
    const auto at = std::find_if(inputs.begin(), inputs.end(),
                                 [&](const NamedType& input) { return input.first == name; });
    if (at == inputs.end()) {
      std::string known;
      for (const NamedType& other : inputs) known += " " + other.first;
      return invalidError("--input: the model has no input '" + name + "'; it has" + known);
    }
    Description& description = descriptions[static_cast<size_t>(at - inputs.begin())];
    if (value.starts_with('@')) {
      MLC_ASSIGN_OR_RETURN(description.tensor, readValue(value.substr(1), at->second));
    } else {
      StatusOr<Description> parsed = parseDescription(value);
      if (!parsed.ok()) return parsed.status().withContext("--input " + name);
      description = *std::move(parsed);
    }
  }
  return descriptions;
}

class InputMaker {
 public:
  InputMaker(const package::Manifest& manifest, const RunOptions& options)
      : manifest_(manifest), options_(options) {}

  StatusOr<std::vector<HostTensor>> run() {
    std::vector<NamedType> named;
    for (const package::TensorSpec& input : manifest_.inputs)
      named.emplace_back(input.name, input.dtype);
    MLC_ASSIGN_OR_RETURN(descriptions_, readDescriptions(named, options_));
    MLC_RETURN_IF_ERROR(bindSymbols());
    std::vector<HostTensor> inputs;
    for (size_t i = 0; i < manifest_.inputs.size(); ++i) {
      StatusOr<HostTensor> tensor = make(i);
      if (!tensor.ok())
        return tensor.status().withContext("input '" + manifest_.inputs[i].name + "'");
      inputs.push_back(*std::move(tensor));
    }
    return inputs;
  }

 private:
  // From the shapes that are given; the rest from --dim and defaults.
  Status bindSymbols() {
    // A run of the tool begins with empty states.
    for (const package::StateSpec& state : manifest_.states) symbols_[state.spec.dims[0]] = 0;
    MLC_ASSIGN_OR_RETURN(auto dims, parseDims(options_.package.dims));
    for (const auto& [name, size] : dims) symbols_[name] = size;
    for (size_t i = 0; i < manifest_.inputs.size(); ++i) {
      const Description& given = descriptions_[i];
      if (!given.tensor && !given.hasShape) continue;
      const std::vector<int64_t>& shape = given.tensor ? given.tensor->shape() : given.shape;
      const std::vector<std::string>& texts = manifest_.inputs[i].dims;
      for (size_t d = 0; d < std::min(shape.size(), texts.size()); ++d)
        symbols_.try_emplace(texts[d], shape[d]);
    }
    // The largest of 128, 64, ... that the model takes.
    SymbolValues bound;
    for (int64_t size = 128; size >= 1; size /= 2) {
      bound = symbols_;
      for (const package::TensorSpec& input : manifest_.inputs) {
        for (size_t d = 0; d < input.dims.size(); ++d)
          bound.try_emplace(input.dims[d], d == 0 ? 1 : size);
      }
      if (executor::checkConstraints(manifest_.constraints, manifest_.inputs, bound).ok()) break;
    }
    symbols_ = std::move(bound);
    return okStatus();
  }

  StatusOr<HostTensor> make(size_t i) {
    const package::TensorSpec& spec = manifest_.inputs[i];
    const std::optional<DType> given =
        descriptions_[i].tensor ? descriptions_[i].tensor->dtype() : descriptions_[i].dtype;
    if (given && *given != spec.dtype) {
      return invalidError("has type " + std::string(dtypeName(*given)) + ", the model wants " +
                          std::string(dtypeName(spec.dtype)));
    }
    if (descriptions_[i].tensor) return *descriptions_[i].tensor;
    std::vector<int64_t> shape = descriptions_[i].shape;
    if (!descriptions_[i].hasShape) {
      for (const std::string& text : spec.dims) {
        MLC_ASSIGN_OR_RETURN(const DimExpr dim, DimExpr::parse(text));
        MLC_ASSIGN_OR_RETURN(const int64_t size, dim.evaluate(symbols_));
        shape.push_back(size);
      }
    }
    try {
      return filled(spec.dtype, shape, descriptions_[i].fill, options_.seed * 1000003 + i);
    } catch (const std::bad_alloc&) {
      return outOfMemoryError("does not fit in memory");
    }
  }

  const package::Manifest& manifest_;
  const RunOptions& options_;
  std::vector<Description> descriptions_;
  SymbolValues symbols_;
};

}  // namespace

StatusOr<std::map<std::string, std::vector<int64_t>>> describedShapes(
    const std::vector<NamedType>& inputs, const RunOptions& options) {
  MLC_ASSIGN_OR_RETURN(const std::vector<Description> descriptions,
                       readDescriptions(inputs, options));
  std::map<std::string, std::vector<int64_t>> shapes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (descriptions[i].tensor) {
      shapes[inputs[i].first] = descriptions[i].tensor->shape();
    } else if (descriptions[i].hasShape) {
      shapes[inputs[i].first] = descriptions[i].shape;
    }
  }
  return shapes;
}

StatusOr<std::vector<HostTensor>> makeInputs(const package::Manifest& manifest,
                                             const RunOptions& options) {
  return InputMaker(manifest, options).run();
}

}  // namespace mlc::tools
