// A file mapped into memory, read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "runtime/base/status.h"

namespace mlc {

class MappedFile {
 public:
  // Fails with a message that names the file.
  static StatusOr<std::shared_ptr<const MappedFile>> open(const std::string& path);
  // The `bytes` bytes from `offset` on, with which data() then begins. Fails also where the file
  // ends before.
  static StatusOr<std::shared_ptr<const MappedFile>> openRange(const std::string& path,
                                                               int64_t offset, int64_t bytes);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const char* data() const { return data_; }
  size_t size() const { return size_; }

  // Reads the pages of that range. False where the file cannot be read, or was cut short meanwhile:
  // touching them would end the process. (Before Linux 5.14: always true, and reads nothing.)
  bool fetch(const char* begin, int64_t bytes) const;

  // Gives the memory of whole pages of that range back; they are read again when they are touched
  // again.
  void forget(const char* begin, int64_t bytes) const;

 private:
  MappedFile(const char* data, size_t size) : data_(data), size_(size) {}
  const char* data_;
  size_t size_;
};

}  // namespace mlc
