/* The C ABI between a compiled program (a shared object made by mlc) and the runtime that loads it.
 *
 * A program is SPMD over the threads of a rank's team: every thread calls the entry point with its
 * own MlcThread; kernels compute the thread's static share; threads meet in `barrier`. Versioned: a
 * program names the version it was compiled for in mlc_program_abi_version, the runtime refuses any
 * other.
 *
 * A program reaches the runtime only through MlcRuntime's function pointers, never through symbols.
 * All pointers are 64-byte aligned. All sizes are elements unless a name says bytes. */
#ifndef MLC_RUNTIME_ABI_ABI_H_
#define MLC_RUNTIME_ABI_ABI_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MLC_ABI_VERSION 5

/* Element types, equal to mlc::DType. Elements of strings, sequences and optionals are 64-bit
 * references to objects of the run (runtime/base/objects.h): programs move and compare them,
 * library functions look behind them. */
typedef int32_t MlcDType;

typedef enum { MLC_SUM = 0, MLC_MIN = 1, MLC_MAX = 2, MLC_PROD = 3 } MlcReduction;

/* Mesh axes over which a collective runs. */
typedef enum { MLC_AXIS_DP = 0, MLC_AXIS_PP = 1, MLC_AXIS_TP = 2 } MlcAxis;

/* Directions of a copy. */
typedef enum { MLC_TO_DEVICE = 0, MLC_TO_HOST = 1, MLC_WITHIN_DEVICE = 2 } MlcDirection;

typedef struct MlcRuntime MlcRuntime;

/* One thread of the team during one run. */
typedef struct MlcThread {
  const MlcRuntime* runtime;
  int64_t index; /* 0 .. count-1 */
  int64_t count;
  void* team; /* the runtime's own */
} MlcThread;

/* A tensor as library functions and outputs of run-time shapes see it: row-major. */
typedef struct MlcTensor {
  void* data;
  const int64_t* dims;
  int32_t rank;
  MlcDType type;
} MlcTensor;

/* The arguments of one run. Shared by all threads of the team; read-only but for what the pointers
 * name. */
typedef struct MlcInvocation {
  const int64_t* symbols; /* values, in the order of the manifest's program.symbols */
  void* const* inputs;    /* in the order of the manifest's program.inputs */
  /* Likewise program.outputs. The executor allocates those whose shapes follow from the inputs'
   * shapes; the others are null, and the program asks for them (MlcRuntime.output). */
  void* const* outputs;
  const void* const* weights; /* likewise program.weights (after packing) */
  void* arena;                /* at least mlc_program_arena_bytes(symbols, threads) bytes */
  /* Likewise program.states: what the sequence holds, with room for what the run adds. */
  void* const* states;
} MlcInvocation;

/* What the runtime gives to a program. Every function is called by all threads of the team at the
 * same point, except `fail`, `launch` and `copy`, and returns on each when the effect is visible to
 * all of them. A failing collective marks the run as failed (the executor reports it); the program
 * goes on to its end. */
struct MlcRuntime {
  int32_t abi_version;
  void (*barrier)(const MlcThread* thread);
  /* In place over the ranks of `axis`. */
  void (*all_reduce)(const MlcThread* thread, int32_t axis, void* data, int64_t count,
                     MlcDType type, int32_t reduction);
  /* Concatenates along a dim: rank r gives outer x inner[r], every rank gets outer x sum(inner). */
  void (*all_gather)(const MlcThread* thread, int32_t axis, const void* in, void* out,
                     int64_t outer, const int64_t* inner, MlcDType type);
  /* The opposite: every rank gives outer x sum(inner), rank r gets the sum over ranks of its outer
   * x inner[r]. */
  void (*reduce_scatter)(const MlcThread* thread, int32_t axis, const void* in, void* out,
                         int64_t outer, const int64_t* inner, MlcDType type, int32_t reduction);
  /* Launches device kernel `kernel` (an index into the manifest's program.device_kernels) over
   * `grid` blocks of `block` threads on the rank's stream, in order. args[i] points to the i-th
   * argument's value (a device pointer or an int64). One thread only. */
  void (*launch)(const MlcThread* thread, int64_t kernel, int64_t grid, int64_t block, void** args);
  /* Copies between host and device memory on the rank's stream and waits. direction: an
   * MlcDirection. One thread only. */
  void (*copy)(const MlcThread* thread, void* destination, const void* source, int64_t bytes,
               int32_t direction);
  /* Marks the run as failed with a message in the user's terms (an index out of range, a symbol
   * mismatch). */
  void (*fail)(const MlcThread* thread, const char* message);
  /* Memory for tensors whose sizes the program learned while it runs: at least `bytes` (and 64) in
   * segment `segment`, counted from 0; its first `kept` bytes stay, the rest of what it held is
   * lost. Null, and the run marked as failed, where there is no such memory. Segments belong to the
   * program and are used again by later runs. */
  void* (*allocate)(const MlcThread* thread, int64_t segment, int64_t bytes, int64_t kept);
  /* Memory for output `index` of the program, which has this shape in this run; null as above. */
  void* (*output)(const MlcThread* thread, int64_t index, const int64_t* dims, int64_t rank);
  /* Runs a function of the runtime's library (runtime/library), by its name, on tensors that do not
   * overlap. What it finds wrong marks the run as failed, in the name of the model's node. */
  void (*call)(const MlcThread* thread, const char* function, const char* node,
               const int64_t* attributes, const MlcTensor* operands, int64_t operand_count,
               const MlcTensor* results, int64_t result_count);
};

/* What a program exports, by these names:
 *
 *     extern const int32_t mlc_program_abi_version;
 *     extern const char mlc_program_interface[];  // runtime/package/program_interface.h
 *     int64_t mlc_program_arena_bytes(const int64_t* symbols, int64_t threads);
 *     void mlc_program_run(const MlcThread* thread, const MlcInvocation* invocation);
 *
 * `threads` are those of the team. The bytes are negative where 64 bits do not count them. */
typedef int64_t (*MlcProgramArenaBytes)(const int64_t* symbols, int64_t threads);
typedef void (*MlcProgramRun)(const MlcThread* thread, const MlcInvocation* invocation);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* MLC_RUNTIME_ABI_ABI_H_ */
