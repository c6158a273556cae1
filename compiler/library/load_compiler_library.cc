#include <dlfcn.h>

#include <filesystem>

#include "compiler/library/compiler_library.h"

namespace mlc {

StatusOr<CompilerLibrary*> loadCompilerLibrary() {
  std::error_code error;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string path = (executable.parent_path() / "libmlc_compiler.so").string();
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    return unsupportedError(
        std::string("models are compiled by libmlc_compiler.so, which cannot be loaded: ") +
        ::dlerror());
  }
  using Factory = CompilerLibrary* (*)();
  auto factory = reinterpret_cast<Factory>(::dlsym(handle, "mlcCompilerLibrary"));
  if (!factory) return unsupportedError(path + " is not mlc's compiler");
  return factory();
}

}  // namespace mlc
