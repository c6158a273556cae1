#include "compiler/target/cpu/link_shared_object.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include "lld/Common/CommonLinkerContext.h"
#include "lld/Common/Driver.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/base/staging.h"

LLD_HAS_DRIVER(elf)

namespace mlc::cpu {
namespace {

Status writeFile(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) return okStatus();
  return invalidError("cannot write temporary file " + path + ": " +
                      std::strerror(errno ? errno : EIO));
}

Status link(const std::vector<std::string>& files, const std::string& output) {
  // What is undefined is found in libm and libc, which the process that loads the program has.
  std::vector<const char*> arguments = {"ld.lld",       "-shared",         "-o",
                                        output.c_str(), "--build-id=none", "-z",
                                        "lazy",         "--gc-sections",   "--hash-style=gnu"};
  for (const std::string& file : files) arguments.push_back(file.c_str());

  static std::mutex oneAtATime;
  std::lock_guard lock(oneAtATime);
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  const bool linked = lld::elf::link(arguments, stream, stream, /*exitEarly=*/false,
                                     /*disableOutput=*/false);
  lld::CommonLinkerContext::destroy();
  return linked ? okStatus() : invalidError("cannot link a program: " + messages);
}

}  // namespace

StatusOr<std::string> linkSharedObject(const std::vector<std::string>& objects) {
  std::error_code error;
  const auto temporary = std::filesystem::temp_directory_path(error);
  if (error) return invalidError("TMPDIR is no folder for temporary files: " + error.message());
  MLC_ASSIGN_OR_RETURN(const Staging folder, Staging::folder((temporary / "link").string()));
  std::vector<std::string> files;
  for (const std::string& object : objects) {
    files.push_back(folder.path() + "/object_" + std::to_string(files.size()) + ".o");
    MLC_RETURN_IF_ERROR(writeFile(files.back(), object));
  }
  const std::string output = folder.path() + "/program.so";
  MLC_RETURN_IF_ERROR(link(files, output));
  std::ifstream file(output, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (!file) return invalidError("cannot read " + output);
  return bytes;
}

}  // namespace mlc::cpu
