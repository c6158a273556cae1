#include "compiler/dialect/graph/weight_table.h"

#include <cstring>

#include "runtime/base/mapped_file.h"

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
  if (reinterpret_cast<uintptr_t>(data) % dtypeBytes(weight.dtype) == 0) {
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

std::vector<int64_t> stridesOf(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

// Whether a part of a row-major tensor is one range: before the last dim that is cut there are only
// single indices.
bool isContiguous(const std::vector<int64_t>& shape, const std::vector<int64_t>& sizes) {
  size_t lastCut = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (sizes[i] != shape[i]) lastCut = i;
  }
  for (size_t i = 0; i < lastCut; ++i) {
    if (sizes[i] != 1) return false;
  }
  return true;
}

// Copies the part, row by row of its last dim.
HostTensor copyPart(const HostTensor& whole, const std::vector<int64_t>& offsets,
                    const std::vector<int64_t>& sizes) {
  HostTensor part = HostTensor::uninitialized(whole.dtype(), sizes);
  if (part.bytes() == 0) return part;
  const size_t elementBytes = dtypeBytes(whole.dtype());
  const std::vector<int64_t> strides = stridesOf(whole.shape());
  const char* from = static_cast<const char*>(whole.raw());
  char* to = static_cast<char*>(part.raw());
  const size_t rank = sizes.size();
  const size_t rowBytes = (rank == 0 ? 1 : sizes.back()) * elementBytes;
  std::vector<int64_t> index(rank, 0);
  for (size_t written = 0; written < part.bytes(); written += rowBytes) {
    int64_t element = 0;
    for (size_t i = 0; i < rank; ++i) element += (offsets[i] + index[i]) * strides[i];
    std::memcpy(to + written, from + element * elementBytes, rowBytes);
    for (size_t i = rank; i-- > 1;) {
      if (++index[i - 1] < sizes[i - 1]) break;
      index[i - 1] = 0;
    }
  }
  return part;
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
  if (whole->kind == Weight::Kind::kFile && isContiguous(whole->shape, sizes)) {
    const std::vector<int64_t> strides = stridesOf(whole->shape);
    for (size_t i = 0; i < sizes.size(); ++i) {
      slice.offset += offsets[i] * strides[i] * static_cast<int64_t>(dtypeBytes(whole->dtype));
    }
  } else if (whole->kind != Weight::Kind::kFill) {
    MLC_ASSIGN_OR_RETURN(HostTensor bytes, load(name));
    slice.kind = Weight::Kind::kBytes;
    slice.bytes = copyPart(bytes, offsets, sizes);
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
