#include "runtime/base/objects.h"

#include <cassert>
#include <cstring>
#include <utility>

#include "runtime/base/element.h"

namespace mlc {
namespace {

constexpr int64_t kMaxRank = 64;

// A scalar of one reference.
HostTensor scalarOf(DType dtype, Reference reference, std::shared_ptr<Objects> objects) {
  HostTensor tensor = HostTensor::uninitialized(dtype, {});
  *tensor.data<Reference>() = reference;
  return tensor.withObjects(std::move(objects));
}

// Reads what encodeTensor wrote.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}

  StatusOr<HostTensor> tensor() {
    MLC_ASSIGN_OR_RETURN(const int64_t dtype, number(kDTypeCount - 1));
    MLC_ASSIGN_OR_RETURN(const int64_t rank, number(kMaxRank));
    std::vector<int64_t> shape;
    for (int64_t i = 0; i < rank; ++i) {
      MLC_ASSIGN_OR_RETURN(const int64_t dim, number(INT64_MAX));
      shape.push_back(dim);
    }
    const auto type = static_cast<DType>(dtype);
    if (!isReference(type)) {
      HostTensor tensor = HostTensor::uninitialized(type, std::move(shape));
      MLC_ASSIGN_OR_RETURN(const std::string_view data, take(tensor.bytes()));
      std::memcpy(tensor.raw(), data.data(), data.size());
      return tensor;
    }
    if (type == DType::kString) return strings(std::move(shape));
    MLC_ASSIGN_OR_RETURN(const int64_t count, number(static_cast<int64_t>(bytes_.size())));
    std::vector<HostTensor> items;
    for (int64_t i = 0; i < count; ++i) {
      MLC_ASSIGN_OR_RETURN(HostTensor item, tensor());
      items.push_back(std::move(item));
    }
    if (type == DType::kSequence) return sequenceTensor(items);
    return optionalTensor(items.empty() ? std::nullopt : std::optional(items[0]));
  }

 private:
  StatusOr<HostTensor> strings(std::vector<int64_t> shape) {
    int64_t count = 1;
    for (int64_t dim : shape) count *= dim;
    std::vector<std::string> texts;
    for (int64_t i = 0; i < count; ++i) {
      MLC_ASSIGN_OR_RETURN(const int64_t size, number(static_cast<int64_t>(bytes_.size())));
      MLC_ASSIGN_OR_RETURN(const std::string_view text, take(static_cast<size_t>(size)));
      texts.emplace_back(text);
    }
    return stringTensor(std::move(shape), texts);
  }

  StatusOr<int64_t> number(int64_t most) {
    int64_t value = 0;
    MLC_ASSIGN_OR_RETURN(const std::string_view data, take(sizeof(value)));
    std::memcpy(&value, data.data(), sizeof(value));
    if (value < 0 || value > most) return deviceError("a message between ranks is damaged");
    return value;
  }

  StatusOr<std::string_view> take(size_t count) {
    if (count > bytes_.size()) return deviceError("a message between ranks is damaged");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::string_view bytes_;
};

void appendNumber(std::string& bytes, int64_t value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

Reference Objects::add(Object object) {
  objects_.push_back(std::move(object));
  return objects_.size();
}

Reference Objects::addString(std::string_view text) {
  if (text.empty()) return 0;
  const auto it = strings_.find(text);
  if (it != strings_.end()) return it->second;
  const Reference reference = add(std::string(text));
  strings_.emplace(std::get<std::string>(objects_.back()), reference);
  return reference;
}

Reference Objects::addTensor(const HostTensor& tensor) {
  assert(!tensor.objects() || tensor.objects().get() == this);
  return add(tensor.withObjects(nullptr));
}

Reference Objects::addSequence(std::vector<Reference> tensors) {
  if (tensors.empty()) return 0;
  const size_t length = tensors.size();
  return add(Sequence{std::make_shared<std::vector<Reference>>(std::move(tensors)), length});
}

Reference Objects::append(Reference sequence, Reference tensor) {
  const Sequence* before = find<Sequence>(sequence);
  if (!before) return addSequence({tensor});
  Sequence after = *before;
  if (after.length < after.tensors->size()) {
    after.tensors = std::make_shared<std::vector<Reference>>(
        after.tensors->begin(), after.tensors->begin() + static_cast<ptrdiff_t>(after.length));
  }
  after.tensors->push_back(tensor);
  ++after.length;
  return add(std::move(after));
}

template <typename Kind>
const Kind* Objects::find(Reference reference) const {
  return reference == 0 || reference > objects_.size()
             ? nullptr
             : std::get_if<Kind>(&objects_[reference - 1]);
}

const std::string* Objects::string(Reference reference) const {
  static const std::string kEmpty;
  return reference == 0 ? &kEmpty : find<std::string>(reference);
}

const HostTensor* Objects::tensor(Reference reference) const { return find<HostTensor>(reference); }

std::optional<std::vector<Reference>> Objects::sequence(Reference reference) const {
  if (reference == 0) return std::vector<Reference>();
  const Sequence* found = find<Sequence>(reference);
  if (!found) return std::nullopt;
  return std::vector<Reference>(found->tensors->begin(),
                                found->tensors->begin() + static_cast<ptrdiff_t>(found->length));
}

std::optional<int64_t> Objects::length(Reference sequence) const {
  if (sequence == 0) return 0;
  const Sequence* found = find<Sequence>(sequence);
  return found ? std::optional(static_cast<int64_t>(found->length)) : std::nullopt;
}

std::optional<Reference> Objects::at(Reference sequence, int64_t position) const {
  const Sequence* found = find<Sequence>(sequence);
  if (!found || position < 0 || static_cast<size_t>(position) >= found->length) return std::nullopt;
  return (*found->tensors)[static_cast<size_t>(position)];
}

HostTensor stringTensor(std::vector<int64_t> shape, const std::vector<std::string>& texts) {
  auto objects = std::make_shared<Objects>();
  HostTensor tensor = HostTensor::uninitialized(DType::kString, std::move(shape));
  assert(static_cast<int64_t>(texts.size()) == tensor.numElements());
  for (size_t i = 0; i < texts.size(); ++i)
    tensor.data<Reference>()[i] = objects->addString(texts[i]);
  return tensor.withObjects(std::move(objects));
}

HostTensor sequenceTensor(const std::vector<HostTensor>& tensors) {
  auto objects = std::make_shared<Objects>();
  std::vector<Reference> references;
  for (const HostTensor& tensor : tensors)
    references.push_back(objects->addTensor(adopted(tensor, objects)));
  const Reference sequence = objects->addSequence(std::move(references));
  return scalarOf(DType::kSequence, sequence, std::move(objects));
}

HostTensor optionalTensor(const std::optional<HostTensor>& tensor) {
  auto objects = std::make_shared<Objects>();
  const Reference value = tensor ? objects->addTensor(adopted(*tensor, objects)) : 0;
  return scalarOf(DType::kOptional, value, std::move(objects));
}

std::vector<std::string> stringsOf(const HostTensor& tensor) {
  std::vector<std::string> texts;
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    const std::string* text = tensor.objects()->string(tensor.data<Reference>()[i]);
    assert(text && "elements of a tensor of strings refer to strings");
    texts.push_back(*text);
  }
  return texts;
}

std::vector<HostTensor> itemsOf(const HostTensor& sequence) {
  const auto references = sequence.objects()->sequence(*sequence.data<Reference>());
  assert(references && "a sequence refers to a sequence");
  std::vector<HostTensor> items;
  for (Reference reference : *references) {
    const HostTensor& item = *sequence.objects()->tensor(reference);
    items.push_back(isReference(item.dtype()) ? item.withObjects(sequence.objects()) : item);
  }
  return items;
}

std::optional<HostTensor> valueOf(const HostTensor& optional) {
  const HostTensor* value = optional.objects()->tensor(*optional.data<Reference>());
  if (!value) return std::nullopt;
  return isReference(value->dtype()) ? value->withObjects(optional.objects()) : *value;
}

std::vector<HostTensor> heldBy(const HostTensor& tensor) {
  if (tensor.dtype() == DType::kSequence) return itemsOf(tensor);
  const std::optional<HostTensor> value = valueOf(tensor);
  return value ? std::vector{*value} : std::vector<HostTensor>();
}

std::string valueTypeText(DType dtype, const std::string& holds) {
  return std::string(dtypeName(dtype)) + (holds.empty() ? "" : "(" + holds + ")");
}

bool holdsOnly(const HostTensor& tensor, const std::string& type) {
  if (tensor.dtype() != DType::kSequence && tensor.dtype() != DType::kOptional) return true;
  for (const HostTensor& item : heldBy(tensor)) {
    const std::string name(dtypeName(item.dtype()));
    const bool isNested = item.dtype() == DType::kSequence;
    if (!isNested && name != type) return false;
    if (!isNested) continue;
    if (!type.starts_with(name + "(")) return false;
    if (!holdsOnly(item, type.substr(name.size() + 1, type.size() - name.size() - 2))) return false;
  }
  return true;
}

HostTensor adopted(const HostTensor& tensor, const std::shared_ptr<Objects>& objects) {
  if (!isReference(tensor.dtype()) || tensor.objects() == objects) return tensor;
  switch (tensor.dtype()) {
    case DType::kString: {
      HostTensor copy = HostTensor::uninitialized(DType::kString, tensor.shape());
      const std::vector<std::string> texts = stringsOf(tensor);
      for (size_t i = 0; i < texts.size(); ++i)
        copy.data<Reference>()[i] = objects->addString(texts[i]);
      return copy.withObjects(objects);
    }
    case DType::kSequence: {
      std::vector<Reference> references;
      for (const HostTensor& item : itemsOf(tensor))
        references.push_back(objects->addTensor(adopted(item, objects)));
      return scalarOf(DType::kSequence, objects->addSequence(std::move(references)), objects);
    }
    default: {
      const std::optional<HostTensor> value = valueOf(tensor);
      return scalarOf(DType::kOptional, value ? objects->addTensor(adopted(*value, objects)) : 0,
                      objects);
    }
  }
}

std::string encodeTensor(const HostTensor& tensor) {
  std::string bytes;
  appendNumber(bytes, static_cast<int64_t>(tensor.dtype()));
  appendNumber(bytes, tensor.rank());
  for (int64_t dim : tensor.shape()) appendNumber(bytes, dim);
  if (!isReference(tensor.dtype())) {
    bytes.append(tensor.data<char>(), tensor.bytes());
    return bytes;
  }
  if (tensor.dtype() == DType::kString) {
    for (const std::string& text : stringsOf(tensor)) {
      appendNumber(bytes, static_cast<int64_t>(text.size()));
      bytes += text;
    }
    return bytes;
  }
  const std::vector<HostTensor> items = heldBy(tensor);
  appendNumber(bytes, static_cast<int64_t>(items.size()));
  for (const HostTensor& item : items) bytes += encodeTensor(item);
  return bytes;
}

StatusOr<HostTensor> decodeTensor(std::string_view bytes) { return Decoder(bytes).tensor(); }

}  // namespace mlc
