#include "runtime/base/json_reader.h"

#include <algorithm>

namespace mlc {

void JsonReader::refuseUnknownKeys() {
  for (const auto& [key, value] : json_.items()) {
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end())
      wrong(key, "is no key that is known here");
  }
}

}  // namespace mlc
