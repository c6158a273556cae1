#include "runtime/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace mlc {

namespace {

uintptr_t pageBytes() { return static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE)); }

// Where the page of an address begins.
uintptr_t pageOf(const char* address) {
  return reinterpret_cast<uintptr_t>(address) / pageBytes() * pageBytes();
}

// An open file, closed at the end, and its size.
struct Source {
  int descriptor = -1;
  int64_t size = 0;

  explicit Source(int opened) : descriptor(opened) {}
  Source(Source&& other) noexcept
      : descriptor(std::exchange(other.descriptor, -1)), size(other.size) {}
  Source& operator=(Source&&) = delete;
  ~Source() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

StatusOr<Source> openSource(const std::string& path) {
  // Of a named pipe an opening would wait for its writer.
  Source source(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (source.descriptor < 0)
    return invalidError("cannot open " + path + ": " + std::strerror(errno));
  struct stat info;
  if (::fstat(source.descriptor, &info) != 0 || !S_ISREG(info.st_mode))
    return invalidError("cannot read " + path + ": not a regular file");
  source.size = info.st_size;
  return source;
}

// The first byte; null where there are no bytes.
StatusOr<const char*> mapRange(const std::string& path, const Source& source, int64_t offset,
                               int64_t bytes) {
  if (bytes == 0) return nullptr;
  const auto before = static_cast<int64_t>(static_cast<uint64_t>(offset) % pageBytes());
  void* memory = ::mmap(nullptr, static_cast<size_t>(before + bytes), PROT_READ, MAP_PRIVATE,
                        source.descriptor, offset - before);
  if (memory == MAP_FAILED) {
    const int error = errno;
    const std::string text = "cannot map " + path + ": " + std::strerror(error);
    return error == ENOMEM ? outOfMemoryError(text) : invalidError(text);
  }
  return static_cast<const char*>(memory) + before;
}

}  // namespace

StatusOr<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(const Source source, openSource(path));
  MLC_ASSIGN_OR_RETURN(const char* data, mapRange(path, source, 0, source.size));
  return std::shared_ptr<const MappedFile>(new MappedFile(data, static_cast<size_t>(source.size)));
}

StatusOr<std::shared_ptr<const MappedFile>> MappedFile::openRange(const std::string& path,
                                                                  int64_t offset, int64_t bytes) {
  MLC_ASSIGN_OR_RETURN(const Source source, openSource(path));
  if (offset > source.size || bytes > source.size - offset) {
    return invalidError(path + " is cut short: it has " + std::to_string(source.size) +
                        " bytes, needed are " + std::to_string(bytes) + " from byte " +
                        std::to_string(offset) + " on");
  }
  MLC_ASSIGN_OR_RETURN(const char* data, mapRange(path, source, offset, bytes));
  return std::shared_ptr<const MappedFile>(new MappedFile(data, static_cast<size_t>(bytes)));
}

bool MappedFile::fetch(const char* begin, int64_t bytes) const {
  const uintptr_t first = pageOf(begin),
                  end = reinterpret_cast<uintptr_t>(begin) + static_cast<uintptr_t>(bytes);
  const int result = ::madvise(reinterpret_cast<void*>(first), end - first, MADV_POPULATE_READ);
  return result == 0 || (errno != EFAULT && errno != EHWPOISON);
}

void MappedFile::forget(const char* begin, int64_t bytes) const {
  const uintptr_t page = pageBytes();
  const uintptr_t first = (reinterpret_cast<uintptr_t>(begin) + page - 1) / page * page;
  const uintptr_t last =
      std::min(reinterpret_cast<uintptr_t>(begin) + static_cast<uintptr_t>(bytes),
               reinterpret_cast<uintptr_t>(data_) + size_) /
      page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (size_ == 0) return;
  const uintptr_t first = pageOf(data_), end = reinterpret_cast<uintptr_t>(data_) + size_;
  ::munmap(reinterpret_cast<void*>(first), end - first);
}

}  // namespace mlc
