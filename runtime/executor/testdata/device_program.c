/* y = the sum over tp of w * x, [batch, 4], on a device: kernel 0 multiplies, kernel 1 copies the
 * sum out of the arena. */
#include "runtime/abi/abi.h"

const int32_t mlc_program_abi_version = MLC_ABI_VERSION;
/* PackageFolder writes the right one. */
const char mlc_program_interface[] = "mlc-interface:00000000000000000000000000000000";

int64_t mlc_program_arena_bytes(const int64_t* symbols, int64_t threads) {
  (void)threads;
  return symbols[0] * 4 * 4;
}

void mlc_program_run(const MlcThread* thread, const MlcInvocation* invocation) {
  int64_t count = invocation->symbols[0] * 4;
  void* arena = invocation->arena;
  void* x = invocation->inputs[0];
  const void* w = invocation->weights[0];
  void* y = invocation->outputs[0];
  const int64_t block = 3, grid = (count + block - 1) / block;
  void* multiply[] = {&x, &w, &arena, &count};
  thread->runtime->launch(thread, 0, grid, block, multiply);
  thread->runtime->all_reduce(thread, MLC_AXIS_TP, arena, count, 0, MLC_SUM);
  void* move[] = {&arena, &y, &count};
  thread->runtime->launch(thread, 1, grid, block, move);
}
