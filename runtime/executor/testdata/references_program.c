/* Strings w [n], a sequence s and an optional o: gives each string behind itself, the tensor at
 * position 0 of s as an optional, and o as it is. */
#include "runtime/abi/abi.h"

enum { kString = 23, kSequence = 24, kOptional = 25, kI64 = 7 };

const int32_t mlc_program_abi_version = MLC_ABI_VERSION;
/* PackageFolder writes the right one. */
const char mlc_program_interface[] = "mlc-interface:00000000000000000000000000000000";

int64_t mlc_program_arena_bytes(const int64_t* symbols, int64_t threads) {
  (void)symbols;
  (void)threads;
  return 64;
}

void mlc_program_run(const MlcThread* thread, const MlcInvocation* invocation) {
  const MlcRuntime* runtime = thread->runtime;
  void* const* in = invocation->inputs;
  void* const* out = invocation->outputs;
  const MlcTensor words = {in[0], invocation->symbols, 1, kString};
  const MlcTensor twice[] = {words, words};
  const MlcTensor doubled = {out[0], invocation->symbols, 1, kString};
  runtime->call(thread, "string_concat", "double", 0, twice, 2, &doubled, 1);
  int64_t zero = 0;
  const MlcTensor picked[] = {{in[1], 0, 0, kSequence}, {&zero, 0, 0, kI64}};
  const MlcTensor first = {out[1], 0, 0, kOptional};
  runtime->call(thread, "sequence_at", "pick", 0, picked, 2, &first, 1);
  if (thread->index == 0) *(int64_t*)out[2] = *(const int64_t*)in[2];
  runtime->barrier(thread);
}
