#include "tools/job/package_transfer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>

#include "runtime/base/content_hash.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/output_file.h"
#include "runtime/executor/agreement.h"
#include "runtime/package/package.h"
#include "runtime/package/package_part.h"

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;
using collectives::Communicator;

constexpr int64_t kPieceBytes = int64_t{4} << 20;
constexpr int64_t kMostManifestBytes = int64_t{1} << 30;
constexpr int64_t kMostSignatureBytes = 4096;
constexpr int kTag = 0;

enum class Wants : int64_t { kEnd, kFile, kWeight };

// Bytes from offset on of a file, or of a weight, of the whole package.
struct Request {
  Wants what = Wants::kEnd;
  int64_t index = 0, offset = 0, bytes = 0;
};

struct Sizes {
  int64_t manifest = 0, signature = 0;
};

Status give(Communicator& world, const void* data, int64_t bytes, int to) {
  return bytes == 0 ? okStatus() : world.send(data, bytes, to, kTag)->wait();
}

Status take(Communicator& world, void* data, int64_t bytes, int from) {
  return bytes == 0 ? okStatus() : world.receive(data, bytes, from, kTag)->wait();
}

// The files of a package as they are asked for.
class Sender {
 public:
  Sender(Communicator& world, std::shared_ptr<const package::Package> package)
      : world_(world), package_(std::move(package)) {}

  Status serve(int rank) {
    MLC_ASSIGN_OR_RETURN(const auto manifest, open(package_->pathOf("manifest.json")));
    const std::string signaturePath = package_->pathOf(package::kSignatureFile);
    std::error_code error;
    std::shared_ptr<const MappedFile> signature;
    if (fs::exists(signaturePath, error)) {
      MLC_ASSIGN_OR_RETURN(signature, open(signaturePath));
    }
    const Sizes sizes = {static_cast<int64_t>(manifest->size()),
                         signature ? static_cast<int64_t>(signature->size()) : 0};
    MLC_RETURN_IF_ERROR(give(world_, &sizes, sizeof sizes, rank));
    MLC_RETURN_IF_ERROR(give(world_, manifest->data(), sizes.manifest, rank));
    if (signature) MLC_RETURN_IF_ERROR(give(world_, signature->data(), sizes.signature, rank));
    while (true) {
      Request request;
      MLC_RETURN_IF_ERROR(take(world_, &request, sizeof request, rank));
      if (request.what == Wants::kEnd) return okStatus();
      MLC_ASSIGN_OR_RETURN(const char* data, find(request));
      MLC_RETURN_IF_ERROR(give(world_, data, request.bytes, rank));
    }
  }

 private:
  StatusOr<std::shared_ptr<const MappedFile>> open(const std::string& path) {
    std::shared_ptr<const MappedFile>& file = files_[path];
    if (!file) {
      MLC_ASSIGN_OR_RETURN(file, MappedFile::open(path));
    }
    return file;
  }

  StatusOr<const char*> find(const Request& request) {
    const package::Manifest& manifest = package_->manifest();
    const auto index = static_cast<size_t>(request.index);
    const bool isWeight = request.what == Wants::kWeight;
    const size_t count = isWeight ? manifest.weights.size() : manifest.files.size();
    const Status bad = invalidError("a rank asks for what the package does not have");
    if ((!isWeight && request.what != Wants::kFile) || request.index < 0 || index >= count ||
        (isWeight && manifest.weights[index].file.empty()))
      return bad;
    const int64_t most =
        isWeight ? package::bytesOf(manifest.weights[index]) : manifest.files[index].bytes;
    if (request.bytes < 0 || request.bytes > std::min(most, kPieceBytes) || request.offset < 0 ||
        request.offset > most - request.bytes)
      return bad;
    const std::string& name = isWeight ? manifest.weights[index].file : manifest.files[index].path;
    const int64_t begin = isWeight ? manifest.weights[index].offset : 0;
    MLC_ASSIGN_OR_RETURN(const auto file, open(package_->pathOf(name)));
    const auto size = static_cast<int64_t>(file->size());
    if (begin > size || request.offset + request.bytes > size - begin)
      return invalidError(package_->pathOf(name) + " is cut short");
    return file->data() + begin + request.offset;
  }

  Communicator& world_;
  std::shared_ptr<const package::Package> package_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

}  // namespace

Status sendPackage(Communicator& world, std::shared_ptr<const package::Package> package,
                   const std::vector<char>& wants) {
  Sender sender(world, std::move(package));
  for (size_t rank = 0; rank < wants.size(); ++rank) {
    if (wants[rank]) MLC_RETURN_IF_ERROR(sender.serve(static_cast<int>(rank)));
  }
  return okStatus();
}

struct PackageReceiver::Source {
  Wants what;
  int64_t index;
};

PackageReceiver::~PackageReceiver() {
  const Request end;
  (void)give(world_, &end, sizeof end, 0);
}

StatusOr<SentManifest> PackageReceiver::receiveManifest() {
  Sizes sizes;
  MLC_RETURN_IF_ERROR(take(world_, &sizes, sizeof sizes, 0));
  if (sizes.manifest < 0 || sizes.manifest > kMostManifestBytes || sizes.signature < 0 ||
      sizes.signature > kMostSignatureBytes) {
    // Rank 0 is about to send more, and listens to nothing else.
    return executor::endWorld(world_, invalidError("rank 0 sends no manifest"));
  }
  SentManifest sent;
  sent.text.resize(static_cast<size_t>(sizes.manifest));
  sent.signature.resize(static_cast<size_t>(sizes.signature));
  MLC_RETURN_IF_ERROR(take(world_, sent.text.data(), sizes.manifest, 0));
  MLC_RETURN_IF_ERROR(take(world_, sent.signature.data(), sizes.signature, 0));
  return sent;
}

Status PackageReceiver::receiveInto(OutputFile& file, const Source& source, int64_t bytes) {
  for (int64_t offset = 0; offset < bytes; offset += kPieceBytes) {
    const Request request = {source.what, source.index, offset,
                             std::min(kPieceBytes, bytes - offset)};
    MLC_RETURN_IF_ERROR(give(world_, &request, sizeof request, 0));
    piece_.resize(static_cast<size_t>(request.bytes));
    MLC_RETURN_IF_ERROR(take(world_, piece_.data(), request.bytes, 0));
    MLC_RETURN_IF_ERROR(file.write({piece_.data(), piece_.size()}));
  }
  return okStatus();
}

Status PackageReceiver::receiveFiles(const package::Manifest& whole,
                                     const std::vector<int>& weights, const std::string& path) {
  std::error_code error;
  fs::create_directory(path, error);
  if (error) return invalidError("cannot write " + path + ": " + error.message());
  package::Manifest part = package::manifestOfPart(whole, weights);
  for (size_t i = 0; i < whole.files.size(); ++i) {
    const package::FileEntry& entry = whole.files[i];
    const auto isIt = [&](const package::FileEntry& other) { return other.path == entry.path; };
    if (std::ranges::none_of(part.files, isIt)) continue;
    MLC_ASSIGN_OR_RETURN(OutputFile file, OutputFile::open(path + "/" + entry.path));
    MLC_RETURN_IF_ERROR(receiveInto(file, {Wants::kFile, static_cast<int64_t>(i)}, entry.bytes));
    MLC_RETURN_IF_ERROR(file.finish());
  }
  if (!weights.empty()) {
    package::FileEntry& entry = part.files.front();
    MLC_ASSIGN_OR_RETURN(OutputFile file, OutputFile::open(path + "/" + entry.path));
    int64_t written = 0;
    for (const int index : weights) {
      const package::WeightSource& weight = part.weights[static_cast<size_t>(index)];
      MLC_RETURN_IF_ERROR(
          file.write(std::string(static_cast<size_t>(weight.offset - written), '\0')));
      MLC_RETURN_IF_ERROR(receiveInto(file, {Wants::kWeight, index}, bytesOf(weight)));
      written = weight.offset + bytesOf(weight);
    }
    MLC_RETURN_IF_ERROR(file.finish());
    MLC_ASSIGN_OR_RETURN(entry.checksum, contentHashOfFile(path + "/" + entry.path));
  }
  part.checksum = checksumOfManifest(part);
  return writeFile(path + "/manifest.json", printManifest(part));
}

}  // namespace mlc::tools
