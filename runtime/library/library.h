// Functions that compiled programs call instead of code of their own: ops whose work depends on
// data. What each takes and gives stands before it, in its file; positions in sequences are scalars
// of i64, and negative ones count from the end.
//
// Tensors are in host memory, row-major, and do not overlap. A result whose size depends on data is
// as large as it can become; a scalar i64 result says how much of it is filled.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/abi/abi.h"
#include "runtime/base/objects.h"
#include "runtime/base/status.h"

namespace mlc::library {

// What one thread of the team gets. All threads of a call get the same but for `thread`.
struct Call {
  const int64_t* attributes = nullptr;
  std::span<const MlcTensor> operands, results;
  int64_t thread = 0, threads = 1;
  Objects* objects = nullptr;  // what elements of strings, sequences and optionals refer to
};

// A function under its name, that of the graph op that it computes. A global of the file that
// defines it: the function is in the library from then on.
class Function {
 public:
  Function(const char* name, Status (*function)(const Call&));
};

// Calls the function of that name. Safe to call from several threads.
Status run(const char* function, const Call& call);

}  // namespace mlc::library
