/* The C ABI between an emulation object (device kernels compiled for the CPU) and the fake device
 * that runs it. */
#ifndef MLC_RUNTIME_ABI_EMULATED_KERNEL_H_
#define MLC_RUNTIME_ABI_EMULATED_KERNEL_H_

#include <stdint.h>

/* A pointer to the fake device's memory, as the host sees it, is that much more than the address:
 * it points nowhere on x86-64, so that host code which follows it faults. Emulated kernels take it
 * away again. */
#define MLC_FAKE_POINTER_BIAS (INT64_C(1) << 47)

/* Does what one thread of one block of the launch does. arguments[i] points to the i-th argument's
 * value. */
typedef void (*MlcEmulatedKernel)(int64_t block, int64_t thread, int64_t blocks,
                                  int64_t block_threads, void** arguments);

#endif /* MLC_RUNTIME_ABI_EMULATED_KERNEL_H_ */
