#include <dlfcn.h>

#include <filesystem>

#include "compiler/library/compiler_library.h"

namespace mlc {

StatusOr<CompilerLibrary*> loadCompilerLibrary(const std::string& what) {
  std::error_code error;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string path = (executable.parent_path() / "libmlc_compiler.so").string();
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    return unsupportedError(what +
                            " by libmlc_compiler.so, which cannot be loaded: " + ::dlerror());
  }
  using Factory = CompilerLibrary* (*)();
  auto factory = reinterpret_cast<Factory>(::dlsym(handle, "mlcCompilerLibrary"));
  if (!factory) return unsupportedError(path + " is not mlc's compiler");
  CompilerLibrary* compiler = factory();
  // Packages in the cache would be found by it.
  if (compiler->buildId().empty())
    return unsupportedError(path + " has no build id: link it with --build-id");
  return compiler;
}

}  // namespace mlc
