/* y[t, c] = the sum of all rows up to t that the sequence has seen: x is [seq, columns], the state
 * [past, columns] of rows. A row that begins with a negative number fails the run. */
#include "runtime/abi/abi.h"

const int32_t mlc_program_abi_version = MLC_ABI_VERSION;
/* PackageFolder writes the right one. */
const char mlc_program_interface[] = "mlc-interface:00000000000000000000000000000000";

int64_t mlc_program_arena_bytes(const int64_t* symbols, int64_t threads) {
  (void)symbols;
  (void)threads;
  return 64;
}

void mlc_program_run(const MlcThread* thread, const MlcInvocation* invocation) {
  const int64_t columns = invocation->symbols[0], past = invocation->symbols[1];
  const int64_t seq = invocation->symbols[2];
  const float* x = invocation->inputs[0];
  float* rows = invocation->states[0];
  float* y = invocation->outputs[0];
  if (thread->index > 0) return;
  for (int64_t t = 0; t < seq; ++t) {
    for (int64_t c = 0; c < columns; ++c) rows[(past + t) * columns + c] = x[t * columns + c];
    for (int64_t c = 0; c < columns; ++c) {
      float sum = 0;
      for (int64_t i = 0; i <= past + t; ++i) sum += rows[i * columns + c];
      y[t * columns + c] = sum;
    }
    if (x[t * columns] < 0) thread->runtime->fail(thread, "a row is negative");
  }
}
