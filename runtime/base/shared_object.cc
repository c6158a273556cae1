#include "runtime/base/shared_object.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mlc {

StatusOr<std::shared_ptr<const SharedObject>> SharedObject::load(const std::string& path) {
  // The loader takes a path that it has loaded for the same object, whatever the file is now. The
  // name of an open file is no other object's as long as it is open.
  const bool isFile = path.find('/') != std::string::npos;
  const int file = isFile ? ::open(path.c_str(), O_RDONLY | O_CLOEXEC) : -1;
  if (isFile && file < 0) return invalidError("cannot load " + path + ": " + std::strerror(errno));
  const std::string name = isFile ? "/proc/self/fd/" + std::to_string(file) : path;
  void* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char* said = ::dlerror();
    std::string reason = said ? said : "unknown reason";
    if (isFile && reason.starts_with(name + ": ")) reason.erase(0, name.size() + 2);
    if (isFile) ::close(file);
    return invalidError("cannot load " + path + ": " + reason);
  }
  return std::shared_ptr<const SharedObject>(new SharedObject(handle, file));
}

SharedObject::~SharedObject() {
  ::dlclose(handle_);
  if (file_ >= 0) ::close(file_);
}

void* SharedObject::find(const std::string& symbol) const {
  return ::dlsym(handle_, symbol.c_str());
}

}  // namespace mlc
