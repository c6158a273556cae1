#include "runtime/library/library.h"

namespace mlc::library {

Status run(int32_t function, const Call& call) {
  switch (function) {
    case MLC_LIBRARY_TOP_K:
      return topK(call);
    case MLC_LIBRARY_NON_ZERO:
      return nonZero(call);
    case MLC_LIBRARY_UNIQUE:
      return unique(call);
    case MLC_LIBRARY_NON_MAX_SUPPRESSION:
      return nonMaxSuppression(call);
    default:
      return invalidError("the program calls library function " + std::to_string(function) +
                          ", which this runtime does not have");
  }
}

}  // namespace mlc::library
