/* y = the sum over tp of x, [batch, 5], by way of a reduce-scatter and an all-gather along the last
 * dim. Weight 0 has the ranks' shares of the last dim. */
#include "runtime/abi/abi.h"

enum { kColumns = 5 };

const int32_t mlc_program_abi_version = MLC_ABI_VERSION;
/* PackageFolder writes the right one. */
const char mlc_program_interface[] = "mlc-interface:00000000000000000000000000000000";

int64_t mlc_program_arena_bytes(const int64_t* symbols, int64_t threads) {
  (void)threads;
  return symbols[0] * kColumns * 4;
}

void mlc_program_run(const MlcThread* thread, const MlcInvocation* invocation) {
  const int64_t batch = invocation->symbols[0];
  const int64_t* shares = invocation->weights[0];
  thread->runtime->reduce_scatter(thread, MLC_AXIS_TP, invocation->inputs[0], invocation->arena,
                                  batch, shares, 0, MLC_SUM);
  thread->runtime->all_gather(thread, MLC_AXIS_TP, invocation->arena, invocation->outputs[0], batch,
                              shares, 0);
}
