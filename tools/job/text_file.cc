#include "tools/job/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace mlc::tools {
namespace {

constexpr size_t kMostBytes = size_t{1} << 28;

}  // namespace

StatusOr<std::string> readTextFile(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return invalidError(path + ": " + std::strerror(errno));
  std::string text;
  std::vector<char> buffer(1 << 16);
  Status failure;
  while (failure.ok()) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failure = invalidError(path + ": " + std::strerror(errno));
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<size_t>(got));
    if (text.size() > kMostBytes)
      failure = invalidError(path + " is too large: such a file has at most 256 MiB");
  }
  ::close(descriptor);
  if (!failure.ok()) return failure;
  return text;
}

}  // namespace mlc::tools
