// Compares tensors as ONNX's backend tests do.
#pragma once

#include <string>

#include "runtime/base/host_tensor.h"

namespace mlc::onnx_suite {

// Empty if `actual` is close enough to `expected`: the same type and shape, integers equal, numbers within
// 1e-7 + 1e-3 * |expected|, and NaN where NaN is expected. Otherwise, what differs first.
std::string difference(const HostTensor& actual, const HostTensor& expected);

}  // namespace mlc::onnx_suite
