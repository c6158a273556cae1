// The weights of a model: where each one's bytes are. Never in the IR.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/dtype.h"
#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"

namespace mlc::graph {

struct Weight {
  enum class Kind {
    kFile,   // a range of a file, by reference; little endian, row-major
    kFill,   // one value repeated
    kBytes,  // made while compiling (constant folding, or inline in the model file)
  };
  Kind kind = Kind::kFile;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::string file;    // kFile: absolute path
  int64_t offset = 0;  // kFile: bytes
  std::string fill;    // kFill: the bytes of one element; of packed ones, a byte full of them
  HostTensor bytes;    // kBytes
};

// Names are unique. Not thread-safe while being changed.
class WeightTable {
 public:
  // Adds or replaces.
  void set(const std::string& name, Weight weight) { weights_[name] = std::move(weight); }
  // Adds folded bytes under a name not in use yet, made from `hint`; returns it. The same bytes and
  // type get the same name.
  std::string addBytes(const std::string& hint, HostTensor bytes);
  // A rectangular part of a weight under a name of its own, which is returned: by reference where
  // the part is contiguous in the file, a copy otherwise. The whole weight keeps its name. Fails if
  // the weight is not there, cannot be read or is not that large.
  StatusOr<std::string> addSlice(const std::string& name, const std::vector<int64_t>& offsets,
                                 const std::vector<int64_t>& sizes);
  const Weight* find(const std::string& name) const;
  void erase(const std::string& name) { weights_.erase(name); }
  const std::map<std::string, Weight>& all() const { return weights_; }

  // The tensor itself: mapped (kFile; copied only where its offset is not aligned), expanded
  // (kFill) or shared (kBytes).
  StatusOr<HostTensor> load(const std::string& name) const;

 private:
  std::map<std::string, Weight> weights_;
};

}  // namespace mlc::graph
