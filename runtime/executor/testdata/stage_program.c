/* Every output is SCALE * input + OFFSET, over [batch, 4]. Refuses a 13. */
#include "runtime/abi/abi.h"

const int32_t mlc_program_abi_version = MLC_ABI_VERSION;
/* PackageFolder writes the right one. */
const char mlc_program_interface[] = "mlc-interface:00000000000000000000000000000000";

int64_t mlc_program_arena_bytes(const int64_t* symbols, int64_t threads) {
  (void)symbols;
  (void)threads;
  return 0;
}

void mlc_program_run(const MlcThread* thread, const MlcInvocation* invocation) {
  const int64_t count = invocation->symbols[0] * 4;
  const float* x = invocation->inputs[0];
  const int64_t begin = count * thread->index / thread->count;
  const int64_t end = count * (thread->index + 1) / thread->count;
  for (int output = 0; output < OUTPUTS; ++output) {
    float* y = invocation->outputs[output];
    for (int64_t i = begin; i < end; ++i) {
      if (x[i] == 13) thread->runtime->fail(thread, "13 brings bad luck");
      y[i] = SCALE * x[i] + OFFSET;
    }
  }
}
