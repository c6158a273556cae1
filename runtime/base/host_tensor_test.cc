#include "runtime/base/host_tensor.h"

#include <gtest/gtest.h>

#include <new>

namespace mlc {
namespace {

// 2^64 bytes are not none.
TEST(HostTensor, MoreBytesThan64BitsCountAreNoMemory) {
  constexpr int64_t kMany = int64_t{1} << 31;
  EXPECT_THROW(HostTensor::uninitialized(DType::kF64, {kMany, kMany / 2}), std::bad_alloc);
  EXPECT_THROW(HostTensor::uninitialized(DType::kI8, {kMany, kMany, kMany}), std::bad_alloc);
  EXPECT_THROW(HostTensor::uninitialized(DType::kF32, {0, kMany, kMany, kMany}), std::bad_alloc);
  EXPECT_EQ(HostTensor::uninitialized(DType::kF32, {0, kMany}).bytes(), 0u);
}

}  // namespace
}  // namespace mlc
