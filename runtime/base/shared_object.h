// A shared object loaded at run time.
#pragma once

#include <memory>
#include <string>

#include "runtime/base/status.h"

namespace mlc {

// Unloaded with the last owner. Its symbols stay apart from those of other objects.
class SharedObject {
 public:
  // `path`: a file, or a name that the system's loader finds. Fails with kInvalid and the loader's
  // reason.
  static StatusOr<std::shared_ptr<const SharedObject>> load(const std::string& path);

  SharedObject(const SharedObject&) = delete;
  SharedObject& operator=(const SharedObject&) = delete;
  ~SharedObject();

  // A symbol's address, or null.
  void* find(const std::string& symbol) const;

 private:
  explicit SharedObject(void* handle) : handle_(handle) {}
  void* handle_;
};

}  // namespace mlc
