#include <locale.h>
#include <wchar.h>
#include <wctype.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "runtime/library/references.h"

namespace mlc::library {
namespace {

StatusOr<std::vector<std::string>> stringsOf(const Call& call, const MlcTensor& tensor) {
  std::vector<std::string> texts;
  for (int64_t i = 0; i < elementsOf(tensor); ++i) {
    const std::string* text = call.objects->string(dataOf<Reference>(tensor)[i]);
    if (!text) return invalidError("a value that should be a string is none");
    texts.push_back(*text);
  }
  return texts;
}

HostTensor tensorOf(const Call& call, std::vector<int64_t> shape,
                    const std::vector<std::string>& texts) {
  HostTensor tensor = HostTensor::uninitialized(DType::kString, std::move(shape));
  for (size_t i = 0; i < texts.size(); ++i)
    tensor.data<Reference>()[i] = call.objects->addString(texts[i]);
  return tensor;
}

bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Between runs of white space; those at both ends count for nothing, but behind the last split.
std::vector<std::string> splitAtSpace(const std::string& text, int64_t most) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (true) {
    while (at < text.size() && isSpace(text[at])) ++at;
    if (at == text.size()) return parts;
    if (static_cast<int64_t>(parts.size()) == most) {
      parts.push_back(text.substr(at));
      return parts;
    }
    const size_t begin = at;
    while (at < text.size() && !isSpace(text[at])) ++at;
    parts.push_back(text.substr(begin, at - begin));
  }
}

std::vector<std::string> splitAt(const std::string& text, const std::string& delimiter,
                                 int64_t most) {
  if (delimiter.empty()) return splitAtSpace(text, most);
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end = text.find(delimiter);
       end != std::string::npos && static_cast<int64_t>(parts.size()) != most;
       end = text.find(delimiter, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + delimiter.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// The letters of Unicode, whatever the process's locale is.
class Letters {
 public:
  static StatusOr<Letters> make() {
    Letters letters;
    letters.locale_.reset(newlocale(LC_ALL_MASK, "C.UTF-8", nullptr));
    if (!letters.locale_) return unsupportedError("this system has no locale C.UTF-8");
    return letters;
  }

  // letterCase: -1 lower, 1 upper. Bytes that are no UTF-8 stay.
  std::string inCase(const std::string& text, int64_t letterCase) const {
    const locale_t before = uselocale(locale_.get());
    std::string result;
    mbstate_t reading{}, writing{};
    for (size_t at = 0; at < text.size();) {
      wchar_t letter = 0;
      const size_t size = mbrtowc(&letter, text.data() + at, text.size() - at, &reading);
      if (size == 0 || size > text.size() - at) {
        reading = {};
        result += text[at++];
        continue;
      }
      const wint_t changed = letterCase < 0 ? towlower(static_cast<wint_t>(letter))
                                            : towupper(static_cast<wint_t>(letter));
      char bytes[16];
      result.append(bytes, wcrtomb(bytes, static_cast<wchar_t>(changed), &writing));
      at += size;
    }
    uselocale(before);
    return result;
  }

 private:
  struct Free {
    void operator()(locale_t locale) const { freelocale(locale); }
  };
  std::unique_ptr<std::remove_pointer_t<locale_t>, Free> locale_;
};

// Constant strings. Attributes: the address of their texts, each behind its size (i64). Results:
// the strings.
Status strings(const Call& call) {
  return onThreadZero(call, [&] {
    const auto* at = reinterpret_cast<const char*>(call.attributes[0]);
    for (int64_t i = 0; i < elementsOf(call.results[0]); ++i) {
      int64_t size = 0;
      std::memcpy(&size, at, sizeof(size));
      at += sizeof(size);
      dataOf<Reference>(call.results[0])[i] =
          call.objects->addString({at, static_cast<size_t>(size)});
      at += size;
    }
    return okStatus();
  });
}

// StringConcat. Operands: two tensors of strings of one shape. Results: the strings.
Status stringConcat(const Call& call) {
  return onThreadZero(call, [&]() -> Status {
    MLC_ASSIGN_OR_RETURN(std::vector<std::string> texts, stringsOf(call, call.operands[0]));
    MLC_ASSIGN_OR_RETURN(const std::vector<std::string> ends, stringsOf(call, call.operands[1]));
    for (size_t i = 0; i < texts.size(); ++i)
      dataOf<Reference>(call.results[0])[i] = call.objects->addString(texts[i] + ends[i]);
    return okStatus();
  });
}

// StringSplit. Operands: strings, the delimiter (a scalar; empty: runs of white space). Attributes:
// the most splits of a string, or -1. Results: an optional with the parts, in a new last dim; their
// counts (i64).
Status stringSplit(const Call& call) {
  return onThreadZero(call, [&]() -> Status {
    MLC_ASSIGN_OR_RETURN(const std::vector<std::string> texts, stringsOf(call, call.operands[0]));
    MLC_ASSIGN_OR_RETURN(const std::vector<std::string> delimiter,
                         stringsOf(call, call.operands[1]));
    std::vector<std::vector<std::string>> rows;
    size_t width = 0;
    for (const std::string& text : texts) {
      rows.push_back(splitAt(text, delimiter[0], call.attributes[0]));
      width = std::max(width, rows.back().size());
    }
    std::vector<std::string> parts;
    for (size_t i = 0; i < rows.size(); ++i) {
      dataOf<int64_t>(call.results[1])[i] = static_cast<int64_t>(rows[i].size());
      rows[i].resize(width);
      parts.insert(parts.end(), rows[i].begin(), rows[i].end());
    }
    std::vector<int64_t> shape = shapeOf(call.operands[0]);
    shape.push_back(static_cast<int64_t>(width));
    referenceOf(call.results[0]) = call.objects->addTensor(tensorOf(call, shape, parts));
    return okStatus();
  });
}

// StringNormalizer. Operands: strings [n] or [1, n], stopwords [m]. Attributes: the letter case (-1
// lower, 0 as it is, 1 upper), whether stopwords must have the same case. Results: an optional with
// the strings.
Status stringNormalize(const Call& call) {
  return onThreadZero(call, [&]() -> Status {
    const MlcTensor& x = call.operands[0];
    const int64_t letterCase = call.attributes[0];
    const bool isCaseSensitive = call.attributes[1] != 0;
    MLC_ASSIGN_OR_RETURN(const std::vector<std::string> texts, stringsOf(call, x));
    MLC_ASSIGN_OR_RETURN(std::vector<std::string> stopwords, stringsOf(call, call.operands[1]));
    MLC_ASSIGN_OR_RETURN(const Letters letters, Letters::make());
    if (!isCaseSensitive) {
      for (std::string& word : stopwords) word = letters.inCase(word, -1);
    }
    std::vector<std::string> kept;
    for (const std::string& text : texts) {
      const std::string key = isCaseSensitive ? text : letters.inCase(text, -1);
      if (std::find(stopwords.begin(), stopwords.end(), key) != stopwords.end()) continue;
      kept.push_back(letterCase == 0 ? text : letters.inCase(text, letterCase));
    }
    if (kept.empty()) kept.emplace_back();
    std::vector<int64_t> shape = shapeOf(x);
    shape.back() = static_cast<int64_t>(kept.size());
    referenceOf(call.results[0]) = call.objects->addTensor(tensorOf(call, shape, kept));
    return okStatus();
  });
}

const Function kStrings("strings", strings);
const Function kStringConcat("string_concat", stringConcat);
const Function kStringSplit("string_split", stringSplit);
const Function kStringNormalize("string_normalize", stringNormalize);

}  // namespace
}  // namespace mlc::library
