#include "runtime/package/package.h"

#include <filesystem>

#include "runtime/base/content_hash.h"
#include "runtime/base/mapped_file.h"
#include "runtime/package/validate_manifest.h"

namespace mlc::package {
namespace {

namespace fs = std::filesystem;

Status checkSize(const std::string& path, const FileEntry& file) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return invalidError("the package lacks its file " + path + ": " + error.message());
  if (size == static_cast<uint64_t>(file.bytes)) return okStatus();
  return invalidError(path + " has " + std::to_string(size) +
                      " bytes, the package was written with " + std::to_string(file.bytes));
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
  std::shared_ptr<Package> package(new Package(path, *std::move(manifest)));
  MLC_RETURN_IF_ERROR(package->checkFiles());
  return std::shared_ptr<const Package>(std::move(package));
}

Status Package::checkFiles() {
  for (const FileEntry& entry : manifest_.files) {
    const std::string path = pathOf(entry.path);
    MLC_RETURN_IF_ERROR(checkSize(path, entry));
    if (entry.checksum.empty()) continue;
    std::string checksum;
    if (entry.path == manifest_.weight_hashes) {
      MLC_ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));
      // What is kept is what is checked.
      weightHashes_.assign(file->data(), file->size());
      checksum = contentHashOf(weightHashes_);
    } else {
      MLC_ASSIGN_OR_RETURN(checksum, contentHashOfFile(path));
    }
    if (checksum != entry.checksum) {
      return invalidError(path +
                          " was changed after the package was written (its checksum differs)");
    }
  }
  return okStatus();
}

std::string_view Package::weightHash(int64_t index) const {
  constexpr size_t kBytes = ContentDigest().size();
  return std::string_view(weightHashes_).substr(static_cast<size_t>(index) * kBytes, kBytes);
}

std::string Package::pathOf(const std::string& file) const {
  return fs::path(file).is_absolute() ? file : path_ + "/" + file;
}

}  // namespace mlc::package
