// Compares tensors as ONNX's backend tests do.
#pragma once

#include <string>

#include "runtime/base/host_tensor.h"

namespace mlc::onnx_suite {

// Empty if `actual` is close enough to `expected`: the same type and shape, integers equal, numbers
// within 1e-7 + 1e-3 * |expected|, floats of 8 bits and less equal, and NaN where NaN is expected.
// Otherwise, what differs first. Where it is wider, two units in the last place of f16 and bf16 are
// allowed: the expected values were rounded after each step of a formula, ours are computed in f32
// and rounded once.
std::string difference(const HostTensor& actual, const HostTensor& expected);

}  // namespace mlc::onnx_suite
