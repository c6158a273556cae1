#include "runtime/package/package.h"

#include <filesystem>

#include "runtime/base/checksum.h"
#include "runtime/base/content_hash.h"
#include "runtime/base/mapped_file.h"
#include "runtime/package/package_part.h"
#include "runtime/package/validate_manifest.h"

namespace mlc::package {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kChecksumLimit = int64_t{1} << 30;

Status checkFile(const std::string& path, const FileEntry& file) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return invalidError("the package lacks its file " + path + ": " + error.message());
  if (size != static_cast<uint64_t>(file.bytes)) {
    return invalidError(path + " has " + std::to_string(size) +
                        " bytes, the package was written with " + std::to_string(file.bytes));
  }
  MLC_ASSIGN_OR_RETURN(const std::string checksum, contentHashOfFile(path));
  if (checksum != file.checksum) {
    return invalidError(path + " was changed after the package was written (its checksum differs)");
  }
  return okStatus();
}

Status checkSignature(const std::string& path, const std::string& manifest,
                      const std::vector<PublicKey>& trusted) {
  const auto signature = MappedFile::open(path + "/" + kSignatureFile);
  if (!signature.ok()) return invalidError(path + " is not signed: it has no " + kSignatureFile);
  if (isSignedBy(manifest, {(*signature)->data(), (*signature)->size()}, trusted))
    return okStatus();
  return invalidError(path + " is not signed by a trusted key");
}

}  // namespace

StatusOr<std::shared_ptr<const Package>> Package::open(const std::string& path,
                                                       const std::vector<PublicKey>& trusted) {
  std::error_code error;
  if (!fs::is_directory(path, error))
    return invalidError(path + " is not a package: there is no such folder");
  const std::string manifestPath = path + "/manifest.json";
  if (!fs::exists(manifestPath, error))
    return invalidError(path + " is not a package: it has no manifest.json");
  MLC_ASSIGN_OR_RETURN(auto file, MappedFile::open(manifestPath));
  const std::string text(file->data(), file->size());
  if (!trusted.empty()) MLC_RETURN_IF_ERROR(checkSignature(path, text, trusted));
  StatusOr<Manifest> manifest = parseManifest(text);
  if (!manifest.ok()) return manifest.status().withContext(path);
  MLC_RETURN_IF_ERROR(validateManifest(*manifest).withContext(path));
  if (checksumOfManifest(*manifest) != manifest->checksum) {
    return invalidError(manifestPath +
                        " was changed after the package was written (its checksum differs)");
  }
  std::shared_ptr<const Package> package(new Package(path, *std::move(manifest)));
  for (const FileEntry& entry : package->manifest().files) {
    MLC_RETURN_IF_ERROR(checkFile(package->pathOf(entry.path), entry));
  }
  return package;
}

Status Package::checkWeight(int index, bool evenIfLarge) const {
  const WeightSource& source = manifest_.weights[static_cast<size_t>(index)];
  const std::string path = pathOf(source.file);
  std::error_code error;
  const auto size = static_cast<int64_t>(fs::file_size(path, error));
  if (error) return invalidError("cannot read " + path + ": " + error.message());
  const int64_t bytes = bytesOf(source);
  if (source.offset > size || bytes > size - source.offset) {
    return invalidError(path + " is cut short: it has " + std::to_string(size) +
                        " bytes, weight '" + source.name + "' ends at " +
                        std::to_string(source.offset) + " + " + std::to_string(bytes));
  }
  const bool inPackage = !fs::path(source.file).is_absolute();
  if (!inPackage && size > kChecksumLimit && !evenIfLarge) return okStatus();
  MLC_ASSIGN_OR_RETURN(const std::string checksum, checksumOfFileRange(path, source.offset, bytes));
  if (checksum == source.checksum) return okStatus();
  return invalidError(path + " was changed after the package was written: weight '" + source.name +
                      "' has other bytes");
}

std::string Package::pathOf(const std::string& file) const {
  return fs::path(file).is_absolute() ? file : path_ + "/" + file;
}

}  // namespace mlc::package
