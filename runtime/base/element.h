// Single elements of tensors, whatever their type: floats as double, integers and bools as int64_t.
//
// The one place that knows how an element of every type lies in memory; nothing here is fast.
#pragma once

#include <cstdint>

#include "runtime/base/host_tensor.h"
#include "runtime/base/small_float.h"

namespace mlc {

// An element of a type for which isFloat holds.
double loadFloat(const HostTensor& tensor, int64_t i);
// An element of any other type; u64 and references as their bits.
int64_t loadInteger(const HostTensor& tensor, int64_t i);
// An element of any type as a double.
double loadNumber(const HostTensor& tensor, int64_t i);

// Rounds to the tensor's float type.
void storeFloat(HostTensor& tensor, int64_t i, double value, Conversion conversion = {});
// Keeps the low bits; a bool is value != 0.
void storeInteger(HostTensor& tensor, int64_t i, int64_t value);
// Rounds to a float; to an integer, truncates a value of its range.
void storeNumber(HostTensor& tensor, int64_t i, double value);

// Between tensors of one type, bit by bit.
void copyElement(HostTensor& to, int64_t i, const HostTensor& from, int64_t j);

// Whether two elements of one type have the same bits.
bool sameElement(const HostTensor& a, int64_t i, const HostTensor& b, int64_t j);

// A tensor whose elements all are the first of `one`. The bits behind the last element are filled
// too.
HostTensor filledTensor(DType dtype, std::vector<int64_t> shape, const HostTensor& one);

// The bits of the i-th element of `bits` <= 8 bits each that lie packed at `data`.
uint8_t loadPacked(const void* data, int bits, int64_t i);
// Leaves the bits around it. Two threads must not store to one byte.
void storePacked(void* data, int bits, int64_t i, uint8_t value);

}  // namespace mlc
