// Why a job of several processes ends early.
#pragma once

#include "runtime/base/status.h"

namespace mlc::collectives {

struct JobFailure {
  Status cause;
  bool reports = false;            // this is the rank that should tell the user
  bool hostIsUnreachable = false;  // of the rank that was lost: nothing there answers
};

}  // namespace mlc::collectives
