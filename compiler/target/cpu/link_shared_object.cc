#include "compiler/target/cpu/link_shared_object.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "lld/Common/CommonLinkerContext.h"
#include "lld/Common/Driver.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

namespace mlc::cpu {

Status linkSharedObject(const std::vector<std::string>& objects, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::vector<std::string> files;
  for (size_t i = 0; i < objects.size(); ++i) {
    files.push_back((folder / ("object_" + std::to_string(i) + ".o")).string());
    std::ofstream file(files.back(), std::ios::binary);
    file.write(objects[i].data(), static_cast<std::streamsize>(objects[i].size()));
    file.close();
    if (!file) {
      return invalidError("cannot write temporary file " + files.back() + ": " +
                          std::strerror(errno ? errno : EIO));
    }
  }
  // What is undefined is found in libm and libc, which the process that loads the program has.
  std::vector<const char*> arguments = {"ld.lld",     "-shared",         "-o",
                                        path.c_str(), "--build-id=none", "-z",
                                        "lazy",       "--gc-sections",   "--hash-style=gnu"};
  for (const std::string& file : files) arguments.push_back(file.c_str());

  static std::mutex oneAtATime;
  std::lock_guard lock(oneAtATime);
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  const bool linked = lld::elf::link(arguments, stream, stream, /*exitEarly=*/false,
                                     /*disableOutput=*/false);
  lld::CommonLinkerContext::destroy();
  std::error_code ignored;
  for (const std::string& file : files) std::filesystem::remove(file, ignored);
  if (!linked) return invalidError("cannot link a program: " + messages);
  return okStatus();
}

}  // namespace mlc::cpu
