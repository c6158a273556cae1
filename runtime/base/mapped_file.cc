#include "runtime/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace mlc {

StatusOr<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  // Of a named pipe an opening would wait for its writer.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return invalidError("cannot open " + path + ": " + std::strerror(errno));
  struct stat info;
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(descriptor);
    return invalidError("cannot read " + path + ": not a regular file");
  }
  const size_t size = static_cast<size_t>(info.st_size);
  void* memory = nullptr;
  if (size > 0) memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int error = errno;
  ::close(descriptor);
  if (memory == MAP_FAILED) return invalidError("cannot map " + path + ": " + std::strerror(error));
  return std::shared_ptr<const MappedFile>(new MappedFile(static_cast<const char*>(memory), size));
}

void MappedFile::forget(const char* begin, int64_t bytes) const {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const uintptr_t first = (reinterpret_cast<uintptr_t>(begin) + page - 1) / page * page;
  const uintptr_t last =
      std::min(reinterpret_cast<uintptr_t>(begin) + static_cast<uintptr_t>(bytes),
               reinterpret_cast<uintptr_t>(data_) + size_) /
      page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (size_ > 0) ::munmap(const_cast<char*>(data_), size_);
}

}  // namespace mlc
