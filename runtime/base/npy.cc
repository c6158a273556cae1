#include "runtime/base/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "runtime/base/element.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/objects.h"
#include "runtime/base/output_file.h"

namespace mlc {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

struct TypeName {
  DType dtype;
  std::string_view name;
};

constexpr TypeName kTypeNames[] = {
    {DType::kF32, "<f4"}, {DType::kF64, "<f8"}, {DType::kF16, "<f2"}, {DType::kBF16, "<V2"},
    {DType::kI8, "|i1"},  {DType::kI16, "<i2"}, {DType::kI32, "<i4"}, {DType::kI64, "<i8"},
    {DType::kU8, "|u1"},  {DType::kU16, "<u2"}, {DType::kU32, "<u4"}, {DType::kU64, "<u8"},
    {DType::kBool, "|b1"}};

// Types that are a record of one byte: integers as such, floats as their bits.
bool isRecord(DType dtype) { return dtype > DType::kBool && !isReference(dtype); }

std::string_view byteOf(DType dtype) {
  return dtype == DType::kI4 || dtype == DType::kI2 ? "|i1" : "|u1";
}

// Strings of a fixed number of characters: "<U5" of four bytes each, "|S5" of one.
struct Characters {
  int64_t count = 0;
  int64_t width = 4;
};

struct Header {
  DType dtype = DType::kF32;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
  Characters characters;     // where elements are strings
  size_t start = 0;          // of the elements in the file
  int64_t payloadBytes = 0;  // of the elements

  // Bytes of an element in the file.
  size_t width() const {
    if (dtype == DType::kString) return static_cast<size_t>(characters.count * characters.width);
    return isPacked(dtype) ? 1 : elementBytes(dtype);
  }
};

std::optional<Characters> parseCharacters(std::string_view text) {
  if (text.size() < 4 || (text[2] != 'U' && text[2] != 'S')) return std::nullopt;
  Characters characters;
  characters.width = text[2] == 'U' ? 4 : 1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 3, end, characters.count);
  const bool isGood = error == std::errc() && stop != end && *stop == text[0] &&
                      characters.count >= 0 && characters.count <= INT32_MAX;
  return isGood ? std::optional(characters) : std::nullopt;
}

void appendUtf8(std::string& text, uint32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xc0, 0xe0, 0xf0};
  text += static_cast<char>(kLead[more] | c >> (6 * more));
  for (int i = more - 1; i >= 0; --i) text += static_cast<char>(0x80 | (c >> (6 * i) & 0x3f));
}

// Zeros fill up what is shorter.
StatusOr<HostTensor> readStrings(const char* data, const Characters& characters,
                                 const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t dim : shape) count *= dim;
  std::vector<std::string> texts(static_cast<size_t>(count));
  for (std::string& text : texts) {
    std::vector<uint32_t> codes(static_cast<size_t>(characters.count));
    for (uint32_t& code : codes) {
      std::memcpy(&code, data, static_cast<size_t>(characters.width));
      data += characters.width;
    }
    while (!codes.empty() && codes.back() == 0) codes.pop_back();
    for (uint32_t code : codes) {
      if (code > 0x10ffff)
        return invalidError("a string has a character that is none of Unicode's");
      if (characters.width == 1) {
        text += static_cast<char>(code);
      } else {
        appendUtf8(text, code);
      }
    }
  }
  return stringTensor(shape, texts);
}

// The characters of UTF-8; bytes that are none stand for themselves.
std::vector<uint32_t> charactersOf(const std::string& text) {
  std::vector<uint32_t> codes;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    uint32_t code = more == 0 ? lead : lead & (0x3fu >> more);
    bool isGood = i + more < text.size();
    for (size_t j = 1; isGood && j <= more; ++j) {
      const auto byte = static_cast<unsigned char>(text[i + j]);
      isGood = (byte & 0xc0) == 0x80;
      code = code << 6 | (byte & 0x3f);
    }
    codes.push_back(isGood ? code : lead);
    i += isGood ? more + 1 : 1;
  }
  return codes;
}

// The elements' type and bytes.
std::pair<std::string, std::string> printedStrings(const HostTensor& tensor) {
  std::vector<std::vector<uint32_t>> rows;
  size_t longest = 1;
  for (const std::string& text : stringsOf(tensor)) {
    rows.push_back(charactersOf(text));
    longest = std::max(longest, rows.back().size());
  }
  std::string bytes;
  for (std::vector<uint32_t>& row : rows) {
    row.resize(longest);
    bytes.append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(uint32_t));
  }
  return {"'<U" + std::to_string(longest) + "'", bytes};
}

std::string recordName(DType dtype) {
  return "[('" + std::string(dtypeName(dtype)) + "', '" + std::string(byteOf(dtype)) + "')]";
}

// The text after `key` and its colon in the header's dictionary, or an empty view.
std::string_view valueOf(std::string_view dictionary, const std::string& key) {
  for (const char quote : {'\'', '"'}) {
    const size_t at = dictionary.find(quote + key + quote);
    if (at == std::string_view::npos) continue;
    std::string_view rest = dictionary.substr(at + key.size() + 2);
    const size_t begin = rest.find_first_not_of(": ");
    return begin == std::string_view::npos ? std::string_view() : rest.substr(begin);
  }
  return {};
}

// "[('i4', '|i1')]".
bool parseRecord(std::string_view text, DType& dtype) {
  for (int type = 0; type < kDTypeCount; ++type) {
    dtype = static_cast<DType>(type);
    if (isRecord(dtype) && text.starts_with(recordName(dtype))) return true;
  }
  return false;
}

bool parseType(std::string_view text, DType& dtype) {
  if (text.starts_with('[')) return parseRecord(text, dtype);
  if (text.size() < 5) return false;
  const std::string_view name = text.substr(1, 3);
  for (const TypeName& type : kTypeNames) {
    const bool oneByte = dtypeBits(type.dtype) == 8;
    if (name.substr(1) == type.name.substr(1) &&
        (name[0] == type.name[0] || (oneByte && name[0] == '<'))) {
      dtype = type.dtype;
      return text[4] == text[0];
    }
  }
  if (name == "|V2") {
    dtype = DType::kBF16;
    return true;
  }
  return false;
}

bool parseShape(std::string_view text, std::vector<int64_t>& shape) {
  if (text.empty() || text[0] != '(') return false;
  size_t at = 1;
  while (at < text.size() && text[at] != ')') {
    if (text[at] == ' ' || text[at] == ',' || text[at] == 'L') {
      ++at;
      continue;
    }
    int64_t dim = 0;
    const size_t begin = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      if (__builtin_mul_overflow(dim, 10, &dim) ||
          __builtin_add_overflow(dim, text[at] - '0', &dim)) {
        return false;
      }
    }
    if (at == begin) return false;
    shape.push_back(dim);
  }
  return at < text.size();
}

// Bytes of the elements, or -1 where 64 bits do not count them, or those along all dims but the
// ones of 0.
int64_t payloadBytes(const Header& header) {
  // What an element takes in memory, where that is more.
  int64_t bytes = std::max<int64_t>(static_cast<int64_t>(header.width()), 8);
  bool isEmpty = false;
  for (int64_t dim : header.shape) {
    isEmpty |= dim == 0;
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(dim, 1), &bytes)) return -1;
  }
  if (isEmpty) return 0;
  bytes = static_cast<int64_t>(header.width());
  for (int64_t dim : header.shape) bytes *= dim;
  return bytes;
}

// Elements whose first index runs fastest, in row-major order.
std::string fromFortranOrder(const char* source, const Header& header) {
  const size_t width = header.width();
  const std::vector<int64_t>& shape = header.shape;
  std::vector<int64_t> index(shape.size(), 0);
  int64_t count = 1;
  for (int64_t dim : shape) count *= dim;
  std::string ordered(static_cast<size_t>(count) * width, 0);
  for (int64_t i = 0; i < count; ++i) {
    int64_t offset = 0;
    for (size_t dim = shape.size(); dim-- > 0;) offset = offset * shape[dim] + index[dim];
    std::memcpy(ordered.data() + static_cast<size_t>(i) * width,
                source + static_cast<size_t>(offset) * width, width);
    for (size_t dim = shape.size(); dim-- > 0;) {
      if (++index[dim] < shape[dim]) break;
      index[dim] = 0;
    }
  }
  return ordered;
}

std::string typeText(DType dtype) {
  if (isRecord(dtype)) return recordName(dtype);
  return "'" + std::string(kTypeNames[static_cast<int>(dtype)].name) + "'";
}

// A byte for each packed element.
std::string unpacked(const HostTensor& tensor) {
  std::string bytes;
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    bytes += static_cast<char>(isFloat(tensor.dtype()) ? loadPacked(tensor.raw(), 4, i)
                                                       : loadInteger(tensor, i));
  }
  return bytes;
}

Status badFile(const std::string& name, const char* what) {
  return invalidError(name + " is not a good .npy file: " + what);
}

// Of a file that begins with the text.
StatusOr<Header> parseHeader(std::string_view text, const std::string& name) {
  if (text.size() < 10 || text.substr(0, 6) != kMagic)
    return badFile(name, "it has another format");
  const int version = text[6];
  if (version < 1 || version > 3) return badFile(name, "its version is not known");
  const size_t lengthBytes = version == 1 ? 2 : 4;
  const size_t start = 8 + lengthBytes;
  if (text.size() < start) return badFile(name, "it is cut short");
  size_t length = 0;
  for (size_t i = lengthBytes; i-- > 0;)
    length = length << 8 | static_cast<unsigned char>(text[8 + i]);
  if (length > kMostNpyHeaderBytes - start) return badFile(name, "its header is too long");
  if (text.size() - start < length) return badFile(name, "it is cut short");

  const std::string_view dictionary = text.substr(start, length);
  Header header;
  header.start = start + length;
  const std::string_view type = valueOf(dictionary, "descr");
  if (type.size() > 1 && type[1] == '>') return unsupportedError(name + " is in big-endian order");
  const std::optional<Characters> characters = parseCharacters(type);
  if (!characters && !parseType(type, header.dtype))
    return badFile(name, "its element type is not known");
  const std::string_view order = valueOf(dictionary, "fortran_order");
  header.fortranOrder = order.starts_with("True");
  if (!header.fortranOrder && !order.starts_with("False"))
    return badFile(name, "its order is not given");
  if (!parseShape(valueOf(dictionary, "shape"), header.shape))
    return badFile(name, "its shape is not given");
  if (characters) {
    header.dtype = DType::kString;
    header.characters = *characters;
  }
  header.payloadBytes = payloadBytes(header);
  if (header.payloadBytes < 0) return badFile(name, "its shape is too large");
  // No bytes are needed for them, so their number may be anything.
  if (characters && header.width() == 0 && std::ranges::find(header.shape, 0) == header.shape.end())
    return badFile(name, "its strings have no characters");
  return header;
}

}  // namespace

StatusOr<HostTensor> readNpy(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  return parseNpy({file->data(), file->size()}, path);
}

StatusOr<int64_t> npyBytes(std::string_view first, const std::string& name) {
  MLC_ASSIGN_OR_RETURN(const Header header, parseHeader(first, name));
  int64_t bytes = 0;
  if (__builtin_add_overflow(static_cast<int64_t>(header.start), header.payloadBytes, &bytes))
    return badFile(name, "its shape is too large");
  return bytes;
}

StatusOr<HostTensor> parseNpy(std::string_view text, const std::string& name) {
  MLC_ASSIGN_OR_RETURN(const Header header, parseHeader(text, name));
  if (text.size() - header.start < static_cast<size_t>(header.payloadBytes))
    return badFile(name, "it is cut short");
  const char* payload = text.data() + header.start;
  std::string ordered;
  if (header.fortranOrder) {
    ordered = fromFortranOrder(payload, header);
    payload = ordered.data();
  }
  if (header.dtype == DType::kString) return readStrings(payload, header.characters, header.shape);
  HostTensor tensor = HostTensor::zeros(header.dtype, header.shape);
  if (!isPacked(header.dtype)) {
    std::memcpy(tensor.raw(), payload, static_cast<size_t>(header.payloadBytes));
    return tensor;
  }
  for (int64_t i = 0; i < header.payloadBytes; ++i)
    storePacked(tensor.raw(), dtypeBits(header.dtype), i, static_cast<uint8_t>(payload[i]));
  return tensor;
}

Status writeNpy(const std::string& path, const HostTensor& tensor) {
  std::string shape;
  for (int64_t dim : tensor.shape())
    shape += std::to_string(dim) + (tensor.rank() == 1 ? "," : ", ");
  if (tensor.rank() > 1) shape.resize(shape.size() - 2);
  const bool hasStrings = tensor.dtype() == DType::kString;
  const auto [stringType, strings] =
      hasStrings ? printedStrings(tensor) : std::pair<std::string, std::string>();
  std::string header = "{'descr': " + (hasStrings ? stringType : typeText(tensor.dtype())) +
                       ", 'fortran_order': False, 'shape': (" + shape + "), }";
  // The elements begin at a multiple of 64 bytes.
  constexpr size_t kStart = 10;
  while ((kStart + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string preamble(kMagic);
  preamble +=
      {1, 0, static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  MLC_ASSIGN_OR_RETURN(OutputFile file, OutputFile::open(path));
  MLC_RETURN_IF_ERROR(file.write(preamble + header));
  if (hasStrings) {
    MLC_RETURN_IF_ERROR(file.write(strings));
  } else if (isPacked(tensor.dtype())) {
    MLC_RETURN_IF_ERROR(file.write(unpacked(tensor)));
  } else {
    MLC_RETURN_IF_ERROR(file.write({tensor.data<char>(), tensor.bytes()}));
  }
  return file.finish();
}

}  // namespace mlc
