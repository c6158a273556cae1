/* mlc's C API: runs a compiled package (a model.mlcpkg folder). Stable: functions are only added,
 * and fields only at the end of structs that begin with struct_bytes; other structs stay as they
 * are.
 *
 *     mlc_session* session;
 *     mlc_error* error = mlc_open("model.mlcpkg", NULL, &session);
 *     if (!error) error = mlc_run(session, inputs, 1, &result);
 *     if (error) fprintf(stderr, "%s\n", mlc_error_message(error)), exit(mlc_error_code(error));
 *
 * A package is native code, which runs with the process's rights: open only those that you trust.
 *
 * Functions that can fail return NULL, or an error that the caller frees. A session is used by one
 * thread at a time; different sessions are independent. After an error a session is usable as
 * before, unless it ended some ranks in the middle of their work: then every call says so, and it
 * can only be closed. */
#ifndef MLC_RUNTIME_API_MLC_H_
#define MLC_RUNTIME_API_MLC_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MLC_API __attribute__((visibility("default")))

typedef struct mlc_error mlc_error;
typedef struct mlc_session mlc_session;
typedef struct mlc_result mlc_result;

/* The codes are the tools' exit codes. */
enum {
  MLC_ERROR_USAGE = 2,
  MLC_ERROR_INVALID = 3, /* bad package or input */
  MLC_ERROR_UNSUPPORTED = 4,
  MLC_ERROR_OUT_OF_MEMORY = 5,
  MLC_ERROR_DEVICE = 6 /* a device, rank or link failed */
};

MLC_API int32_t mlc_error_code(const mlc_error* error);
MLC_API const char* mlc_error_message(const mlc_error* error);
/* NULL is allowed, here and in the other functions that free. */
MLC_API void mlc_error_free(mlc_error* error);

typedef enum {
  MLC_F32 = 0,
  MLC_F64,
  MLC_F16,
  MLC_BF16,
  MLC_I8,
  MLC_I16,
  MLC_I32,
  MLC_I64,
  MLC_U8,
  MLC_U16,
  MLC_U32,
  MLC_U64,
  MLC_BOOL, /* one byte, 0 or 1 */
  /* Packed: two elements to a byte (four of the 2-bit types), the first in the lowest bits, rows
   * without gaps, as ONNX stores them. */
  MLC_I4,
  MLC_U4,
  MLC_I2,
  MLC_U2,
  MLC_F4E2M1,
  /* One byte. */
  MLC_F8E4M3FN,
  MLC_F8E4M3FNUZ,
  MLC_F8E5M2,
  MLC_F8E5M2FNUZ,
  MLC_F8E8M0,
  /* Values that are no numbers; see mlc_tensor.data. */
  MLC_STRING,
  MLC_SEQUENCE,
  MLC_OPTIONAL
} mlc_dtype;

/* A dense row-major tensor. A sequence or optional is a scalar (rank 0). */
typedef struct {
  mlc_dtype dtype;
  int32_t rank;
  const int64_t* shape;
  /* The elements. Of strings: an array of mlc_string. Of a sequence: its mlc_items. Of an optional:
   * an mlc_tensor, or NULL for nothing; an optional sequence has the tensor of the sequence. */
  const void* data;
} mlc_tensor;

typedef struct {
  const char* text; /* UTF-8; what an output gives ends with a NUL */
  int64_t bytes;    /* without that */
} mlc_string;

/* The tensors of a sequence, all of one type. */
typedef struct {
  int64_t count;
  const mlc_tensor* tensors;
} mlc_items;

/* What an input or output of the model looks like. Dims are numbers or expressions of symbols: "8",
 * "batch", "seq + 1". */
typedef struct {
  const char* name;
  mlc_dtype dtype;
  int32_t rank;
  const char* const* dims;
  /* What a sequence or optional holds: "f32", or, in an optional, "sequence(f32)". Else NULL. */
  const char* holds;
} mlc_tensor_info;

typedef struct {
  int32_t threads; /* of each rank; 0: its share of the cores */
  int32_t no_pin;  /* not 0: threads are not pinned to cores */
} mlc_options;

/* Opens a package with all of its ranks as threads of this process. options may be NULL. */
MLC_API mlc_error* mlc_open(const char* package, const mlc_options* options, mlc_session** session);
MLC_API void mlc_close(mlc_session* session);

/* Descriptions live as long as the session. NULL where there is no such input or output. */
MLC_API int32_t mlc_input_count(const mlc_session* session);
MLC_API int32_t mlc_output_count(const mlc_session* session);
MLC_API const mlc_tensor_info* mlc_input(const mlc_session* session, int32_t index);
MLC_API const mlc_tensor_info* mlc_output(const mlc_session* session, int32_t index);

/* Runs the model on inputs in its order. The inputs are not kept. */
MLC_API mlc_error* mlc_run(mlc_session* session, const mlc_tensor* inputs, int32_t count,
                           mlc_result** result);

/* A package that was compiled with --keep-states has states: tensors of its own, such as the keys
 * and values of a decoder, which live from run to run. A sequence is one instance of all of them,
 * empty at first; a session may have many. Each run of a sequence adds the rows that it computes
 * to its states; a run that fails leaves it as it was. mlc_run begins with empty states
 * and forgets them.
 *
 *     mlc_sequence sequence;
 *     error = mlc_sequence_create(session, NULL, &sequence);
 *     while (...) error = mlc_run_sequence(session, sequence, inputs, 1, &result);
 *     error = mlc_sequence_drop(session, sequence); */
typedef int64_t mlc_sequence; /* greater than 0; of its session, never used again after a drop */

typedef struct {
  /* sizeof(mlc_sequence_options) as the caller knows it; later fields have their defaults. */
  int64_t struct_bytes;
  int64_t max_rows; /* that a state may have; 0: as many as there is memory for */
} mlc_sequence_options;

/* Dim 0 of a state is its length. */
MLC_API int32_t mlc_state_count(const mlc_session* session);
MLC_API const mlc_tensor_info* mlc_state(const mlc_session* session, int32_t index);

/* options may be NULL. */
MLC_API mlc_error* mlc_sequence_create(mlc_session* session, const mlc_sequence_options* options,
                                       mlc_sequence* sequence);
/* Another sequence with the same contents and options, which goes on by itself. */
MLC_API mlc_error* mlc_sequence_copy(mlc_session* session, mlc_sequence sequence,
                                     mlc_sequence* copy);
MLC_API mlc_error* mlc_sequence_drop(mlc_session* session, mlc_sequence sequence);
/* The rows of its longest state. */
MLC_API mlc_error* mlc_sequence_length(const mlc_session* session, mlc_sequence sequence,
                                       int64_t* length);

/* As mlc_run, with the states of the sequence. MLC_ERROR_INVALID where there is no such sequence
 * (any more), where it would have more than max_rows, or where its states have other dims than
 * the inputs ask for (a batch of another size); MLC_ERROR_OUT_OF_MEMORY where they cannot grow. */
MLC_API mlc_error* mlc_run_sequence(mlc_session* session, mlc_sequence sequence,
                                    const mlc_tensor* inputs, int32_t count, mlc_result** result);

/* Outputs in the model's order; what they point to lives as long as the result. */
MLC_API int32_t mlc_result_count(const mlc_result* result);
MLC_API const mlc_tensor* mlc_result_tensor(const mlc_result* result, int32_t index);
MLC_API void mlc_result_free(mlc_result* result);

/* Of the last run; memory so far. */
typedef struct {
  double milliseconds;
  double compute_milliseconds;
  int64_t arena_bytes;
  int64_t copied_weight_bytes;
  int64_t mapped_weight_bytes;
  int64_t peak_resident_bytes;
} mlc_statistics;
MLC_API mlc_statistics mlc_session_statistics(const mlc_session* session);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* MLC_RUNTIME_API_MLC_H_ */
