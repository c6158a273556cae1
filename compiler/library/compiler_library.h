// The compiler as a shared object, for tools that run packages without it: libmlc_compiler.so is
// loaded when a model has to be compiled, checked against the reference evaluation, or an ONNX
// tensor read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/pipeline.h"
#include "runtime/base/host_tensor.h"
#include "runtime/base/progress.h"
#include "runtime/base/status.h"

namespace mlc {

struct ModelOutline {
  // The model itself, then those of all its external data: regular files, where they may be.
  std::vector<std::string> files;
  // Names and types of elements, in order.
  std::vector<std::pair<std::string, DType>> inputs;
};

class CompilerLibrary {
 public:
  virtual ~CompilerLibrary() = default;

  // What tells this compiler from any other: a hash of its code. Never empty.
  virtual const std::string& buildId() const = 0;

  virtual StatusOr<CompileReport> compile(const std::string& modelPath,
                                          const CompileOptions& options,
                                          const std::string& packagePath) = 0;

  // The model's outputs by the reference evaluation of the imported graph: one device, no
  // optimization. Slow; progress counts its ops.
  virtual StatusOr<std::vector<HostTensor>> evaluate(const std::string& modelPath,
                                                     const std::map<std::string, int64_t>& dims,
                                                     const std::vector<HostTensor>& inputs,
                                                     const Progress& progress) = 0;

  // A file of an onnx.TensorProto (.pb), as in ONNX test data; of a SequenceProto or OptionalProto
  // where a value of that type is expected.
  virtual StatusOr<HostTensor> readTensorProto(const std::string& path, DType expected) = 0;
  virtual Status writeTensorProto(const std::string& path, const std::string& name,
                                  const HostTensor& tensor) = 0;

  // What can be said of a model without compiling it.
  virtual StatusOr<ModelOutline> outline(const std::string& modelPath) = 0;
};

// Loads libmlc_compiler.so from beside the executable; it stays loaded. Fails with kUnsupported if
// it is not there, or says nothing that tells it from others; `what` is done by it, for the
// message: "models are compiled".
StatusOr<CompilerLibrary*> loadCompilerLibrary(const std::string& what);

}  // namespace mlc
