/* A program that does nothing, to be loaded. */
#include "runtime/abi/abi.h"

const int32_t mlc_program_abi_version = MLC_ABI_VERSION;
/* PackageFolder writes the right one. */
const char mlc_program_interface[] = "mlc-interface:00000000000000000000000000000000";

int64_t mlc_program_arena_bytes(const int64_t* symbols, int64_t threads) {
  (void)symbols;
  return 64 * threads;
}

void mlc_program_run(const MlcThread* thread, const MlcInvocation* invocation) {
  (void)thread;
  (void)invocation;
}
