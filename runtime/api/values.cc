#include "runtime/api/values.h"

#include <algorithm>

#include "runtime/base/objects.h"

namespace mlc::api {
namespace {

// An optional of a sequence of tensors: nothing holds more.
constexpr int kMaxDepth = 3;

StatusOr<HostTensor> valueAt(const mlc_tensor& tensor, const std::string& name, int depth);

StatusOr<HostTensor> sequenceOf(const mlc_tensor& tensor, const std::string& name, int depth) {
  const auto* items = static_cast<const mlc_items*>(tensor.data);
  if (!items || items->count < 0)
    return invalidError(name + " is a sequence without its mlc_items");
  std::vector<HostTensor> tensors;
  for (int64_t i = 0; i < items->count; ++i) {
    MLC_ASSIGN_OR_RETURN(HostTensor item, valueAt(items->tensors[i],
                                                  name + "[" + std::to_string(i) + "]", depth + 1));
    tensors.push_back(std::move(item));
  }
  return sequenceTensor(tensors);
}

// Copies: what a sequence or optional holds outlives the run where it is an output too.
HostTensor copied(const HostTensor& tensor) {
  HostTensor copy = HostTensor::uninitialized(tensor.dtype(), tensor.shape());
  if (copy.bytes() > 0) std::copy_n(tensor.data<char>(), copy.bytes(), copy.data<char>());
  return copy;
}

StatusOr<HostTensor> valueAt(const mlc_tensor& tensor, const std::string& name, int depth) {
  if (tensor.dtype < 0 || static_cast<int>(tensor.dtype) >= kDTypeCount)
    return invalidError(name + " has an unknown element type");
  if (depth == kMaxDepth) return invalidError(name + " is too deep inside of other values");
  if (tensor.rank < 0) return invalidError(name + " has a negative rank");
  const auto dtype = static_cast<DType>(tensor.dtype);
  const bool isHolder = dtype == DType::kSequence || dtype == DType::kOptional;
  if (isHolder && tensor.rank != 0)
    return invalidError(name + " is a " + std::string(dtypeName(dtype)) +
                        " of a rank other than 0");
  std::vector<int64_t> shape(tensor.shape, tensor.shape + tensor.rank);
  for (int64_t dim : shape) {
    if (dim < 0) return invalidError(name + " has a negative dim");
  }
  if (dtype == DType::kSequence) return sequenceOf(tensor, name, depth);
  if (dtype == DType::kOptional) {
    if (!tensor.data) return optionalTensor(std::nullopt);
    MLC_ASSIGN_OR_RETURN(HostTensor value, valueAt(*static_cast<const mlc_tensor*>(tensor.data),
                                                   name + "'s value", depth + 1));
    return optionalTensor(value);
  }
  if (dtype != DType::kString) {
    const HostTensor numbers = HostTensor::wrap(dtype, std::move(shape), tensor.data, nullptr);
    return depth == 0 ? numbers : copied(numbers);
  }
  int64_t count = 1;
  for (int64_t dim : shape) count *= dim;
  const auto* strings = static_cast<const mlc_string*>(tensor.data);
  std::vector<std::string> texts;
  for (int64_t i = 0; i < count; ++i) {
    if (strings[i].bytes < 0) return invalidError(name + " has a string of negative size");
    texts.emplace_back(strings[i].text, static_cast<size_t>(strings[i].bytes));
  }
  return stringTensor(std::move(shape), texts);
}

}  // namespace

StatusOr<HostTensor> valueOf(const mlc_tensor& tensor, const std::string& name) {
  return valueAt(tensor, name, 0);
}

mlc_tensor DescribedValues::describe(const HostTensor& tensor) {
  mlc_tensor description = {static_cast<mlc_dtype>(tensor.dtype()),
                            static_cast<int32_t>(tensor.rank()), tensor.shape().data(),
                            tensor.raw()};
  if (!isReference(tensor.dtype())) return description;
  if (tensor.dtype() == DType::kString) {
    std::vector<mlc_string>& strings = strings_.emplace_back();
    for (const std::string& text : stringsOf(tensor)) {
      const std::string& own = texts_.emplace_back(text);
      strings.push_back({own.c_str(), static_cast<int64_t>(own.size())});
    }
    description.data = strings.data();
    return description;
  }
  std::vector<mlc_tensor> held;
  for (const HostTensor& item : heldBy(tensor))
    held.push_back(describe(owners_.emplace_back(item)));
  const std::vector<mlc_tensor>& tensors = tensors_.emplace_back(std::move(held));
  if (tensor.dtype() == DType::kOptional) {
    description.data = tensors.empty() ? nullptr : tensors.data();
  } else {
    description.data =
        &items_.emplace_back(mlc_items{static_cast<int64_t>(tensors.size()), tensors.data()});
  }
  return description;
}

}  // namespace mlc::api
