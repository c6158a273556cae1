#include "runtime/package/package_folder.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "runtime/abi/abi.h"
#include "runtime/base/checksum.h"

namespace mlc::package {

namespace fs = std::filesystem;

PackageFolder::PackageFolder(const std::string& name) : path_(testing::TempDir() + "/" + name) {
  fs::remove_all(path_);
  fs::create_directories(path_);
  manifest.abi_version = MLC_ABI_VERSION;
}

void PackageFolder::addFile(const std::string& source, const std::string& name) {
  fs::copy_file(source, file(name), fs::copy_options::overwrite_existing);
  fs::permissions(file(name), fs::perms::owner_write, fs::perm_options::add);
  files_.push_back(name);
}

void PackageFolder::addWeightBytes(const std::string& weight, DType dtype,
                                   const std::vector<int64_t>& shape, const void* data,
                                   size_t bytes, int64_t offset) {
  const size_t end = static_cast<size_t>(offset) + bytes;
  if (weights_.size() < end) weights_.resize(end);
  std::memcpy(weights_.data() + offset, data, bytes);
  manifest.weights.push_back(
      {weight, dtype, shape, "weights.bin", offset, "", checksumOf(data, bytes)});
}

void PackageFolder::write() {
  std::ofstream(file("weights.bin"), std::ios::binary) << weights_;
  manifest.files.clear();
  std::vector<std::string> names = files_;
  names.push_back("weights.bin");
  for (const std::string& name : names) {
    manifest.files.push_back(
        {name, static_cast<int64_t>(fs::file_size(file(name))), *checksumOfFile(file(name))});
  }
  manifest.checksum = checksumOfManifest(manifest);
  std::ofstream(file("manifest.json")) << printManifest(manifest);
}

}  // namespace mlc::package
