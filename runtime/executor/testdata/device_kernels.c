/* The kernels of device_program.c, emulated. */
#include "runtime/abi/emulated_kernel.h"

/* The i-th argument, a pointer to floats. */
static float* floats(void** args, int i) {
  return (float*)(*(int64_t*)args[i] - MLC_FAKE_POINTER_BIAS);
}

void multiply(int64_t block_index, int64_t thread_index, int64_t grid, int64_t block, void** args) {
  (void)grid;
  const float* x = floats(args, 0);
  const float* w = floats(args, 1);
  float* out = floats(args, 2);
  const int64_t i = block_index * block + thread_index;
  if (i < *(int64_t*)args[3]) out[i] = x[i] * w[i % 4];
}

void move(int64_t block_index, int64_t thread_index, int64_t grid, int64_t block, void** args) {
  (void)grid;
  const int64_t i = block_index * block + thread_index;
  if (i < *(int64_t*)args[2]) floats(args, 1)[i] = floats(args, 0)[i];
}
