// A file of options is refused with the exit code for bad usage, or read.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "runtime/base/status.h"
#include "tools/options/command_line.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::cout.setstate(std::ios::failbit);
  std::cerr.setstate(std::ios::failbit);
  const int file = ::memfd_create("options", 0);
  if (file < 0 || ::write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  std::string path = "/proc/self/fd/" + std::to_string(file);
  char name[] = "mlc-run", config[] = "--config", model[] = "model.onnx";
  char* arguments[] = {name, config, path.data(), model};
  mlc::tools::RunOptions options;
  CLI::App app("", "mlc-run");
  mlc::tools::addRunOptions(app, options);
  const std::optional<int> code = mlc::tools::parseCommandLine(app, 4, arguments);
  ::close(file);
  if (code && *code != static_cast<int>(mlc::StatusCode::kUsage) && *code != 0) std::abort();
  return 0;
}
