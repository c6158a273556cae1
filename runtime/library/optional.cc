#include "runtime/base/shape_text.h"
#include "runtime/library/references.h"

namespace mlc::library {
namespace {

StatusOr<const HostTensor*> valueOf(const Call& call) {
  const HostTensor* value = call.objects->tensor(referenceOf(call.operands[0]));
  if (!value) return invalidError("the optional has no value");
  return value;
}

// Optional. Operands: a tensor, or none. Results: the optional.
Status optionalOf(const Call& call) {
  return onThreadZero(call, [&] {
    referenceOf(call.results[0]) =
        call.operands.empty() ? 0 : call.objects->addTensor(copyOf(call.operands[0]));
    return okStatus();
  });
}

// OptionalHasElement. Operands: optional. Results: bool.
Status optionalHas(const Call& call) {
  return onThreadZero(call, [&] {
    *dataOf<bool>(call.results[0]) = call.objects->tensor(referenceOf(call.operands[0])) != nullptr;
    return okStatus();
  });
}

// Operands: optional. Results: the dims of its tensor, i64 [rank].
Status optionalShape(const Call& call) {
  return onThreadZero(call, [&]() -> Status {
    MLC_ASSIGN_OR_RETURN(const HostTensor* value, valueOf(call));
    const int64_t rank = call.results[0].dims[0];
    if (value->rank() != rank) {
      return invalidError("the value is a tensor of rank " + std::to_string(value->rank()) +
                          ", must be of rank " + std::to_string(rank));
    }
    std::copy(value->shape().begin(), value->shape().end(), dataOf<int64_t>(call.results[0]));
    return okStatus();
  });
}

// OptionalGetElement. Operands: optional. Results: its tensor.
Status optionalGet(const Call& call) {
  return onThreadZero(call, [&]() -> Status {
    MLC_ASSIGN_OR_RETURN(const HostTensor* value, valueOf(call));
    const MlcTensor& result = call.results[0];
    const auto dtype = static_cast<DType>(result.type);
    if (value->shape() != shapeOf(result) || value->dtype() != dtype) {
      return invalidError("the value is a tensor of " + shapeText(value->shape()) + " " +
                          std::string(dtypeName(value->dtype())) + ", must be of " +
                          shapeText(shapeOf(result)) + " " + std::string(dtypeName(dtype)));
    }
    if (value->bytes() > 0) std::memcpy(result.data, value->raw(), value->bytes());
    return okStatus();
  });
}

const Function kOptionalOf("optional_of", optionalOf);
const Function kOptionalHas("optional_has", optionalHas);
const Function kOptionalShape("optional_shape", optionalShape);
const Function kOptionalGet("optional_get", optionalGet);

}  // namespace
}  // namespace mlc::library
