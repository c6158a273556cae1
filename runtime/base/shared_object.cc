#include "runtime/base/shared_object.h"

#include <dlfcn.h>

namespace mlc {

StatusOr<std::shared_ptr<const SharedObject>> SharedObject::load(const std::string& path) {
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char* reason = ::dlerror();
    return invalidError("cannot load " + path + ": " + (reason ? reason : "unknown reason"));
  }
  return std::shared_ptr<const SharedObject>(new SharedObject(handle));
}

SharedObject::~SharedObject() { ::dlclose(handle_); }

void* SharedObject::find(const std::string& symbol) const {
  return ::dlsym(handle_, symbol.c_str());
}

}  // namespace mlc
