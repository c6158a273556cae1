// What elements of tensors of strings, sequences and optionals refer to.
//
// Such an element is a 64-bit reference to an object of one Objects: a string, a tensor, or a
// sequence of tensors. Objects never change and live as long as their Objects. Reference 0 is the
// empty string, the empty sequence, an optional without a value.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"

namespace mlc {

using Reference = uint64_t;

// Used by one thread at a time.
class Objects {
 public:
  // Equal strings have equal references.
  Reference addString(std::string_view text);
  // What a sequence or optional holds. A tensor of references must be of these objects.
  Reference addTensor(const HostTensor& tensor);
  Reference addSequence(std::vector<Reference> tensors);
  // The sequence with one more tensor at its end; copies nothing where it is the latest of its
  // kind.
  Reference append(Reference sequence, Reference tensor);

  // Null, or none, where the reference is of no such object. Tensors come without their objects
  // (HostTensor::objects).
  const std::string* string(Reference reference) const;
  const HostTensor* tensor(Reference reference) const;
  std::optional<std::vector<Reference>> sequence(Reference reference) const;
  std::optional<int64_t> length(Reference sequence) const;
  std::optional<Reference> at(Reference sequence, int64_t position) const;

 private:
  // The first `length` of `tensors`, which others may share.
  struct Sequence {
    std::shared_ptr<std::vector<Reference>> tensors;
    size_t length = 0;
  };
  using Object = std::variant<std::string, HostTensor, Sequence>;

  template <typename Kind>
  const Kind* find(Reference reference) const;
  Reference add(Object object);

  std::deque<Object> objects_;  // the views of strings_ stay
  std::unordered_map<std::string_view, Reference> strings_;
};

// Tensors with objects of their own.
HostTensor stringTensor(std::vector<int64_t> shape, const std::vector<std::string>& texts);
HostTensor sequenceTensor(const std::vector<HostTensor>& tensors);
HostTensor optionalTensor(const std::optional<HostTensor>& tensor);

// What such tensors hold. The tensors come with their objects.
std::vector<std::string> stringsOf(const HostTensor& tensor);
std::vector<HostTensor> itemsOf(const HostTensor& sequence);
std::optional<HostTensor> valueOf(const HostTensor& optional);
// The items of a sequence; the value of an optional, if there is one.
std::vector<HostTensor> heldBy(const HostTensor& tensor);

// The type of a value as the manifest names it: "f32", "sequence(f32)", "optional(sequence(f32))".
std::string valueTypeText(DType dtype, const std::string& holds);
// Whether what a sequence or optional holds is of the type of that name. Always true of other
// values.
bool holdsOnly(const HostTensor& tensor, const std::string& type);

// The tensor with references to these objects, copied there if need be. Tensors of other types are
// given back as they are.
HostTensor adopted(const HostTensor& tensor, const std::shared_ptr<Objects>& objects);

// Bytes for another process, and back.
std::string encodeTensor(const HostTensor& tensor);
StatusOr<HostTensor> decodeTensor(std::string_view bytes);

}  // namespace mlc
