#include "runtime/library/library.h"

#include <new>

namespace mlc::library {
namespace {

Status dispatch(int32_t function, const Call& call) {
  switch (function) {
    case MLC_LIBRARY_TOP_K:
      return topK(call);
    case MLC_LIBRARY_NON_ZERO:
      return nonZero(call);
    case MLC_LIBRARY_UNIQUE:
      return unique(call);
    case MLC_LIBRARY_NON_MAX_SUPPRESSION:
      return nonMaxSuppression(call);
    case MLC_LIBRARY_STRINGS:
      return strings(call);
    case MLC_LIBRARY_STRING_CONCAT:
      return stringConcat(call);
    case MLC_LIBRARY_STRING_SPLIT:
      return stringSplit(call);
    case MLC_LIBRARY_STRING_NORMALIZE:
      return stringNormalize(call);
    case MLC_LIBRARY_SEQUENCE_OF:
      return sequenceOf(call);
    case MLC_LIBRARY_SEQUENCE_INSERT:
      return sequenceInsert(call);
    case MLC_LIBRARY_SEQUENCE_ERASE:
      return sequenceErase(call);
    case MLC_LIBRARY_SEQUENCE_AT:
      return sequenceAt(call);
    case MLC_LIBRARY_SEQUENCE_LENGTH:
      return sequenceLength(call);
    case MLC_LIBRARY_SPLIT_TO_SEQUENCE:
      return splitToSequence(call);
    case MLC_LIBRARY_CONCAT_FROM_SEQUENCE:
      return concatFromSequence(call);
    case MLC_LIBRARY_OPTIONAL_OF:
      return optionalOf(call);
    case MLC_LIBRARY_OPTIONAL_HAS:
      return optionalHas(call);
    case MLC_LIBRARY_OPTIONAL_SHAPE:
      return optionalShape(call);
    case MLC_LIBRARY_OPTIONAL_GET:
      return optionalGet(call);
    default:
      return invalidError("the program calls library function " + std::to_string(function) +
                          ", which this runtime does not have");
  }
}

}  // namespace

Status run(int32_t function, const Call& call) {
  try {
    return dispatch(function, call);
  } catch (const std::bad_alloc&) {
    return outOfMemoryError("not enough memory for what it makes");
  }
}

}  // namespace mlc::library
