// Values of the C API and of the runtime.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "runtime/api/mlc.h"
#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"

namespace mlc::api {

// The value that a caller describes; `name` is its name in errors. Borrows the memory of numbers,
// copies all else.
StatusOr<HostTensor> valueOf(const mlc_tensor& tensor, const std::string& name);

// Descriptions of values, with memory of their own for all but numbers and shapes.
class DescribedValues {
 public:
  // As long as both `tensor` and this object live.
  mlc_tensor describe(const HostTensor& tensor);

 private:
  std::deque<HostTensor> owners_;
  std::deque<std::string> texts_;
  std::deque<std::vector<mlc_string>> strings_;
  std::deque<std::vector<mlc_tensor>> tensors_;
  std::deque<mlc_items> items_;
};

}  // namespace mlc::api
