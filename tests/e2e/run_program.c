/* Runs a compiled program once, on one thread: for aarch64 under an emulator.
 *
 *   run_program PROGRAM.so CALL RESULTS
 *
 * CALL holds int64 numbers and bytes: the symbols (count, values), the inputs (count, then of each
 * its size in bytes and the bytes), the weights likewise, the sizes of the outputs (count, sizes in
 * bytes). RESULTS gets the outputs' bytes, one after the other. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/abi/abi.h"

static FILE* call;

static void die(const char* what) {
  fprintf(stderr, "run_program: %s\n", what);
  exit(1);
}

static int64_t number(void) {
  int64_t value;
  if (fread(&value, sizeof(value), 1, call) != 1) die("the call is cut short");
  return value;
}

static void* aligned(int64_t bytes) {
  void* memory = aligned_alloc(64, (size_t)(bytes + 127) / 64 * 64);
  if (!memory) die("out of memory");
  return memory;
}

static void** buffers(int64_t* count) {
  *count = number();
  void** all = calloc((size_t)*count + 1, sizeof(void*));
  for (int64_t i = 0; i < *count; ++i) {
    const int64_t bytes = number();
    all[i] = aligned(bytes);
    if (fread(all[i], 1, (size_t)bytes, call) != (size_t)bytes) die("the call is cut short");
  }
  return all;
}

static void noBarrier(const MlcThread* thread) { (void)thread; }
static void fail(const MlcThread* thread, const char* message) {
  (void)thread;
  die(message);
}

int main(int count, char** arguments) {
  if (count != 4) die("wants PROGRAM.so CALL RESULTS");
  void* program = dlopen(arguments[1], RTLD_NOW);
  if (!program) die(dlerror());
  MlcProgramArenaBytes arenaBytes = (MlcProgramArenaBytes)dlsym(program, "mlc_program_arena_bytes");
  MlcProgramRun run = (MlcProgramRun)dlsym(program, "mlc_program_run");
  const int32_t* version = (const int32_t*)dlsym(program, "mlc_program_abi_version");
  if (!arenaBytes || !run || !version || *version != MLC_ABI_VERSION) die("not a program");

  call = fopen(arguments[2], "rb");
  if (!call) die("cannot read the call");
  const int64_t symbolCount = number();
  int64_t* symbols = calloc((size_t)symbolCount + 1, sizeof(int64_t));
  for (int64_t i = 0; i < symbolCount; ++i) symbols[i] = number();
  int64_t inputCount, weightCount;
  void** inputs = buffers(&inputCount);
  void** weights = buffers(&weightCount);
  const int64_t outputCount = number();
  void** outputs = calloc((size_t)outputCount + 1, sizeof(void*));
  int64_t* outputBytes = calloc((size_t)outputCount + 1, sizeof(int64_t));
  for (int64_t i = 0; i < outputCount; ++i) {
    outputBytes[i] = number();
    outputs[i] = aligned(outputBytes[i]);
  }

  MlcRuntime runtime;
  memset(&runtime, 0, sizeof(runtime));
  runtime.abi_version = MLC_ABI_VERSION;
  runtime.barrier = noBarrier;
  runtime.fail = fail;
  MlcThread thread;
  memset(&thread, 0, sizeof(thread));
  thread.runtime = &runtime;
  thread.count = 1;
  MlcInvocation invocation;
  memset(&invocation, 0, sizeof(invocation));
  invocation.symbols = symbols;
  invocation.inputs = inputs;
  invocation.outputs = outputs;
  invocation.weights = (const void* const*)weights;
  invocation.arena = aligned(arenaBytes(symbols, 1));
  run(&thread, &invocation);

  FILE* results = fopen(arguments[3], "wb");
  if (!results) die("cannot write the results");
  for (int64_t i = 0; i < outputCount; ++i) {
    if (fwrite(outputs[i], 1, (size_t)outputBytes[i], results) != (size_t)outputBytes[i])
      die("cannot write the results");
  }
  return fclose(results) == 0 ? 0 : 1;
}
