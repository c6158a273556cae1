// Errors of MPI calls as Status.
#pragma once

#include <mpi/mpi.h>

#include <string>

#include "runtime/base/status.h"

namespace mlc::collectives {

inline Status fromMpi(int error, const char* what) {
  if (error == MPI_SUCCESS) return okStatus();
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(error, text, &length);
  return deviceError(std::string(what) + " failed: " + text);
}

#define MLC_MPI(call) MLC_RETURN_IF_ERROR(::mlc::collectives::fromMpi((call), #call))

}  // namespace mlc::collectives
