// For tests: a package folder put together by hand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/package/manifest.h"

namespace mlc::package {

class PackageFolder {
 public:
  // An empty folder under the test's temporary directory; manifest has the versions filled in.
  explicit PackageFolder(const std::string& name);

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

  // Copies a file into the package.
  void addFile(const std::string& source, const std::string& name);
  // Puts a weight into weights.bin at that offset and, as one piece, into the manifest. The bytes
  // are those of the values.
  template <typename T>
  void addWeight(const std::string& weight, DType dtype, const std::vector<int64_t>& shape,
                 const std::vector<T>& values, int64_t offset) {
    addWeightBytes(weight, dtype, shape, values.data(), values.size() * sizeof(T), offset);
  }
  // Writes weights.bin, the hashes of all weights as they are now in their files, plan.json, the
  // interfaces of the programs into their objects, the list of files and manifest.json.
  void write();
  // The manifest alone.
  void writeManifest();
  // The interfaces of the programs, into their objects.
  void writeInterfaces();

  Manifest manifest;

 private:
  void addWeightBytes(const std::string& weight, DType dtype, const std::vector<int64_t>& shape,
                      const void* data, size_t bytes, int64_t offset);
  void writeHashes();
  std::string path_;
  std::vector<std::string> files_;
  std::string weights_;
};

}  // namespace mlc::package
