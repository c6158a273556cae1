#include "compiler/dialect/graph/weight_table.h"

#include <cstring>

#include "runtime/base/mapped_file.h"
#include "runtime/base/strided_view.h"

namespace mlc::graph {
namespace {

HostTensor expandFill(const Weight& weight) {
  HostTensor tensor = HostTensor::uninitialized(weight.dtype, weight.shape);
  char* to = static_cast<char*>(tensor.raw());
  for (size_t i = 0; i < tensor.bytes(); i += weight.fill.size()) {
    std::memcpy(to + i, weight.fill.data(), weight.fill.size());
  }
  return tensor;
}

StatusOr<HostTensor> mapFile(const std::string& name, const Weight& weight) {
  MLC_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::open(weight.file));
  HostTensor extent = HostTensor::wrap(weight.dtype, weight.shape, nullptr, nullptr);
  size_t offset = static_cast<size_t>(weight.offset);
  if (weight.offset < 0 || offset > file->size() || extent.bytes() > file->size() - offset) {
    return invalidError("weight '" + name + "' takes bytes " + std::to_string(weight.offset) +
                        " to " + std::to_string(weight.offset + extent.bytes()) + " of " +
                        weight.file + ", which has " + std::to_string(file->size()));
  }
  const char* data = file->data() + offset;
  if (isPacked(weight.dtype) ||
      reinterpret_cast<uintptr_t>(data) % elementBytes(weight.dtype) == 0) {
    return HostTensor::wrap(weight.dtype, weight.shape, data, file);
  }
  HostTensor aligned = HostTensor::uninitialized(weight.dtype, weight.shape);
  std::memcpy(aligned.raw(), data, aligned.bytes());
  return aligned;
}

bool isSame(const HostTensor& a, const HostTensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

}  // namespace

StatusOr<std::string> WeightTable::addSlice(const std::string& name,
                                            const std::vector<int64_t>& offsets,
                                            const std::vector<int64_t>& sizes) {
  const Weight* whole = find(name);
  if (!whole) return invalidError("there is no weight '" + name + "'");
  bool fits = offsets.size() == whole->shape.size() && sizes.size() == whole->shape.size();
  std::string part;
  for (size_t i = 0; fits && i < sizes.size(); ++i) {
    fits = offsets[i] >= 0 && sizes[i] >= 0 && offsets[i] + sizes[i] <= whole->shape[i];
    part += (part.empty() ? "" : ",") + std::to_string(offsets[i]) + ":" +
            std::to_string(offsets[i] + sizes[i]);
  }
  if (!fits) return invalidError("a slice of weight '" + name + "' is out of its bounds");
  if (sizes == whole->shape) return name;
  std::string partName = name + "[" + part + "]";
  if (find(partName)) return partName;

  Weight slice = *whole;
  slice.shape = sizes;
  if (whole->kind != Weight::Kind::kFill) {
    const StridedView extent = sliceOf(nullptr, whole->dtype, whole->shape, offsets, sizes);
    if (whole->kind == Weight::Kind::kFile && extent.contiguous()) {
      slice.offset += extent.data - static_cast<const char*>(nullptr);
    } else {
      MLC_ASSIGN_OR_RETURN(HostTensor bytes, load(name));
      slice.kind = Weight::Kind::kBytes;
      slice.bytes = HostTensor::uninitialized(whole->dtype, sizes);
      copyOut(sliceOf(bytes.raw(), whole->dtype, whole->shape, offsets, sizes), slice.bytes.raw());
    }
  }
  set(partName, std::move(slice));
  return partName;
}

std::string WeightTable::addBytes(const std::string& hint, HostTensor bytes) {
  for (const auto& [name, weight] : weights_) {
    if (weight.kind == Weight::Kind::kBytes && isSame(weight.bytes, bytes)) return name;
  }
  std::string name = hint;
  for (int i = 1; weights_.count(name); ++i) name = hint + "." + std::to_string(i);
  Weight weight;
  weight.kind = Weight::Kind::kBytes;
  weight.dtype = bytes.dtype();
  weight.shape = bytes.shape();
  weight.bytes = std::move(bytes);
  set(name, std::move(weight));
  return name;
}

const Weight* WeightTable::find(const std::string& name) const {
  auto it = weights_.find(name);
  return it == weights_.end() ? nullptr : &it->second;
}

StatusOr<HostTensor> WeightTable::load(const std::string& name) const {
  const Weight* weight = find(name);
  if (!weight) return invalidError("there is no weight '" + name + "'");
  switch (weight->kind) {
    case Weight::Kind::kFile:
      return mapFile(name, *weight);
    case Weight::Kind::kFill:
      return expandFill(*weight);
    case Weight::Kind::kBytes:
      return weight->bytes;
  }
  return invalidError("weight '" + name + "' is of no kind");
}

}  // namespace mlc::graph
