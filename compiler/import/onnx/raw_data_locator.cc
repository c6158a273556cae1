#include "compiler/import/onnx/raw_data_locator.h"

#include <optional>
#include <set>
#include <string_view>

namespace mlc::onnx_import {
namespace {

// Field numbers in onnx.proto.
constexpr uint64_t kModelGraph = 7;
constexpr uint64_t kGraphInitializer = 5;
constexpr uint64_t kTensorName = 8;
constexpr uint64_t kTensorRawData = 9;

// One field of a message; `bytes` is empty but for length-delimited fields.
struct Field {
  uint64_t number = 0;
  bool delimited = false;
  std::string_view bytes;
};

// Iterates over the fields of a message (protobuf's wire format).
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : rest_(message) {}

  std::optional<Field> next() {
    std::optional<uint64_t> tag = varint();
    if (!tag) return std::nullopt;
    Field field{*tag >> 3, false, {}};
    switch (*tag & 7) {
      case 0:
        return varint() ? std::optional(field) : std::nullopt;
      case 1:
        return skip(8) ? std::optional(field) : std::nullopt;
      case 2: {
        std::optional<uint64_t> length = varint();
        if (!length || *length > rest_.size()) return std::nullopt;
        field.delimited = true;
        field.bytes = rest_.substr(0, *length);
        rest_.remove_prefix(*length);
        return field;
      }
      case 5:
        return skip(4) ? std::optional(field) : std::nullopt;
      default:
        return std::nullopt;
    }
  }

 private:
  bool skip(size_t count) {
    if (count > rest_.size()) return false;
    rest_.remove_prefix(count);
    return true;
  }

  std::optional<uint64_t> varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const uint8_t byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace

RawDataOffsets locateRawData(const char* data, size_t size) {
  RawDataOffsets offsets;
  std::set<std::string> seen;
  FieldReader model({data, size});
  while (std::optional<Field> modelField = model.next()) {
    if (modelField->number != kModelGraph || !modelField->delimited) continue;
    FieldReader graph(modelField->bytes);
    while (std::optional<Field> graphField = graph.next()) {
      if (graphField->number != kGraphInitializer || !graphField->delimited) continue;
      std::string name;
      std::optional<int64_t> offset;
      FieldReader tensor(graphField->bytes);
      while (std::optional<Field> field = tensor.next()) {
        if (!field->delimited) continue;
        if (field->number == kTensorName) name = std::string(field->bytes);
        if (field->number == kTensorRawData) offset = field->bytes.data() - data;
      }
      if (!seen.insert(name).second) {
        offsets.erase(name);
      } else if (offset) {
        offsets[name] = *offset;
      }
    }
  }
  return offsets;
}

}  // namespace mlc::onnx_import
