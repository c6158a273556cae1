#include "runtime/base/element.h"

#include <gtest/gtest.h>

#include "runtime/base/strided_view.h"

namespace mlc {
namespace {

HostTensor counting(DType dtype, std::vector<int64_t> shape) {
  HostTensor tensor = HostTensor::zeros(dtype, std::move(shape));
  for (int64_t i = 0; i < tensor.numElements(); ++i) storeInteger(tensor, i, i);
  return tensor;
}

TEST(Element, PackedElementsLieFromTheLowestBitsOn) {
  HostTensor nibbles = HostTensor::zeros(DType::kI4, {3});
  EXPECT_EQ(nibbles.bytes(), 2u);
  storeInteger(nibbles, 0, 1);
  storeInteger(nibbles, 1, -2);
  storeInteger(nibbles, 2, 7);
  EXPECT_EQ(nibbles.data<uint8_t>()[0], 0xe1);
  EXPECT_EQ(nibbles.data<uint8_t>()[1], 0x07);
  EXPECT_EQ(loadInteger(nibbles, 1), -2);

  HostTensor pairs = HostTensor::zeros(DType::kU2, {5});
  EXPECT_EQ(pairs.bytes(), 2u);
  for (int i = 0; i < 5; ++i) storeInteger(pairs, i, i % 4);
  EXPECT_EQ(pairs.data<uint8_t>()[0], 0b11100100);
  EXPECT_EQ(loadInteger(pairs, 3), 3);
}

// 1 is a number of every type; in i2 it is the largest.
TEST(Element, EveryTypeHasOne) {
  for (int type = 0; type < kDTypeCount; ++type) {
    HostTensor tensor = HostTensor::zeros(static_cast<DType>(type), {5});
    storeNumber(tensor, 3, 1);
    EXPECT_EQ(loadNumber(tensor, 3), 1) << dtypeName(tensor.dtype());
    copyElement(tensor, 0, tensor, 3);
    EXPECT_EQ(loadNumber(tensor, 0), 1) << dtypeName(tensor.dtype());
    EXPECT_TRUE(sameElement(tensor, 0, tensor, 3));
    EXPECT_TRUE(sameElement(tensor, 1, tensor, 4));
    EXPECT_FALSE(sameElement(tensor, 0, tensor, 1));
  }
}

// Parts that begin inside of a byte, against elements one by one.
TEST(Element, PartsOfPackedTensors) {
  for (DType dtype : {DType::kU4, DType::kU2, DType::kU8}) {
    const HostTensor whole = counting(dtype, {4, 5, 7});
    const std::vector<int64_t> offsets = {1, 2, 3}, sizes = {2, 3, 3};
    HostTensor part = HostTensor::uninitialized(dtype, sizes);
    copyOut(sliceOf(whole.raw(), dtype, whole.shape(), offsets, sizes), part.raw());
    HostTensor back = HostTensor::zeros(dtype, whole.shape());
    copyIn(part.raw(), sliceOf(back.raw(), dtype, back.shape(), offsets, sizes));
    for (int64_t i = 0; i < whole.numElements(); ++i) {
      const int64_t a = i / 35, b = i / 7 % 5, c = i % 7;
      const bool inside = a >= 1 && a < 3 && b >= 2 && c >= 3 && c < 6;
      EXPECT_EQ(loadInteger(back, i), inside ? loadInteger(whole, i) : 0) << i;
      if (inside) {
        EXPECT_EQ(loadInteger(part, ((a - 1) * 3 + b - 2) * 3 + c - 3), loadInteger(whole, i));
      }
    }
  }
}

TEST(Element, OnlyPartsOfWholeBytesAreUsedInPlace) {
  const HostTensor whole = counting(DType::kU4, {3, 4});
  auto part = [&](std::vector<int64_t> offsets, std::vector<int64_t> sizes) {
    return sliceOf(whole.raw(), DType::kU4, whole.shape(), offsets, sizes);
  };
  EXPECT_TRUE(part({1, 0}, {2, 4}).contiguous());
  EXPECT_EQ(part({1, 0}, {2, 4}).data - whole.data<char>(), 2);
  EXPECT_TRUE(part({1, 2}, {1, 2}).contiguous());
  EXPECT_FALSE(part({1, 1}, {1, 2}).contiguous());
  EXPECT_EQ(part({1, 1}, {1, 3}).bytes(), 2);
}

}  // namespace
}  // namespace mlc
