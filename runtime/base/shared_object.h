// A shared object loaded at run time.
#pragma once

#include <memory>
#include <string>

#include "runtime/base/status.h"

namespace mlc {

// Unloaded with the last owner. Its symbols stay apart from those of other objects.
class SharedObject {
 public:
  // `path`: a file, or a name without a slash that the system's loader finds. What is there now,
  // also where another file was loaded under this path before. Fails with kInvalid and the reason.
  static StatusOr<std::shared_ptr<const SharedObject>> load(const std::string& path);

  SharedObject(const SharedObject&) = delete;
  SharedObject& operator=(const SharedObject&) = delete;
  ~SharedObject();

  // A symbol's address, or null.
  void* find(const std::string& symbol) const;

 private:
  SharedObject(void* handle, int file) : handle_(handle), file_(file) {}
  void* handle_;
  int file_;  // -1: found by the loader
};

}  // namespace mlc
