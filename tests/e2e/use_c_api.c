/* A user's program: runs a package with one f32 matrix in and one out.
 *
 *   use_c_api PACKAGE ROWS COLUMNS < INPUT > OUTPUT */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/api/mlc.h"

static void check(mlc_error* error) {
  if (!error) return;
  fprintf(stderr, "use_c_api: %s\n", mlc_error_message(error));
  exit(mlc_error_code(error));
}

int main(int count, char** arguments) {
  if (count != 4) return 2;
  const int64_t shape[] = {atol(arguments[2]), atol(arguments[3])};
  const size_t elements = (size_t)(shape[0] * shape[1]);
  float* data = malloc(elements * sizeof(float));
  if (!data || fread(data, sizeof(float), elements, stdin) != elements) return 3;
  mlc_session* session;
  check(mlc_open(arguments[1], NULL, &session));
  const mlc_tensor input = {MLC_F32, 2, shape, data};
  mlc_result* result;
  check(mlc_run(session, &input, 1, &result));
  const mlc_tensor* output = mlc_result_tensor(result, 0);
  fwrite(output->data, sizeof(float), (size_t)(output->shape[0] * output->shape[1]), stdout);
  mlc_result_free(result);
  mlc_close(session);
  free(data);
  return 0;
}
