#include "runtime/library/library.h"

#include <map>
#include <new>
#include <string_view>

namespace mlc::library {
namespace {

using Table = std::map<std::string_view, Status (*)(const Call&)>;

// Filled by the globals of the functions' files, before any program runs.
Table& table() {
  static Table functions;
  return functions;
}

}  // namespace

Function::Function(const char* name, Status (*function)(const Call&)) {
  table().emplace(name, function);
}

Status run(const char* function, const Call& call) {
  const auto found = table().find(function);
  if (found == table().end()) {
    return invalidError("the program calls library function " + std::string(function) +
                        ", which this runtime does not have");
  }
  try {
    return found->second(call);
  } catch (const std::bad_alloc&) {
    return outOfMemoryError("not enough memory for what it makes");
  }
}

}  // namespace mlc::library
