// All elementary functions of one element type, compiled as a user's model is: an ONNX file with
// one node each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/api/session.h"

namespace mlc::functions {

class CompiledFunctions {
 public:
  // Writes the model and its package into `folder`.
  static StatusOr<CompiledFunctions> compile(DType dtype, const std::string& folder);

  // One result for each of elementaryFunctions(), for arguments of shape [n].
  StatusOr<std::vector<HostTensor>> operator()(const HostTensor& x) { return session_->run({x}); }

 private:
  std::unique_ptr<api::Session> session_;
};

// base ^ exponent, two arguments of shape [n].
StatusOr<std::unique_ptr<api::Session>> compilePower(DType dtype, const std::string& folder);

}  // namespace mlc::functions
