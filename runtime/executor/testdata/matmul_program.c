/* y = relu(x * w), the inner dim split over tp: x is [batch, k], w is [k, 3], both the rank's
 * pieces. */
#include "runtime/abi/abi.h"

enum { kColumns = 3 };

const int32_t mlc_program_abi_version = MLC_ABI_VERSION;
/* PackageFolder writes the right one. */
const char mlc_program_interface[] = "mlc-interface:00000000000000000000000000000000";

int64_t mlc_program_arena_bytes(const int64_t* symbols, int64_t threads) {
  (void)threads;
  return symbols[0] * kColumns * 4;
}

void mlc_program_run(const MlcThread* thread, const MlcInvocation* invocation) {
  const int64_t batch = invocation->symbols[0], k = invocation->symbols[1];
  const float* x = invocation->inputs[0];
  const float* w = invocation->weights[0];
  float* sums = invocation->arena;
  float* y = invocation->outputs[0];
  const int64_t begin = batch * thread->index / thread->count;
  const int64_t end = batch * (thread->index + 1) / thread->count;
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t column = 0; column < kColumns; ++column) {
      float sum = 0;
      for (int64_t i = 0; i < k; ++i) sum += x[row * k + i] * w[i * kColumns + column];
      sums[row * kColumns + column] = sum;
    }
  }
  thread->runtime->barrier(thread);
  thread->runtime->all_reduce(thread, MLC_AXIS_TP, sums, batch * kColumns, 0, MLC_SUM);
  for (int64_t i = begin * kColumns; i < end * kColumns; ++i) y[i] = sums[i] > 0 ? sums[i] : 0;
}
