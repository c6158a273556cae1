#include "tools/job/package_transfer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>

#include "runtime/base/mapped_file.h"
#include "runtime/base/output_file.h"
#include "runtime/executor/agreement.h"
#include "runtime/package/package.h"
#include "runtime/package/stored_piece.h"
#include "runtime/package/weight_files.h"

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;
using collectives::Communicator;

constexpr int64_t kMostBytes = int64_t{4} << 20;  // of a message
constexpr int64_t kMostManifestBytes = int64_t{1} << 30;
constexpr int64_t kMostSignatureBytes = 4096;
constexpr int kTag = 0;

enum class Wants : int64_t { kEnd, kFile, kPiece };

// Bytes from offset on of a file, or of a weight's piece, of the whole package.
struct Request {
  Wants what = Wants::kEnd;
  int64_t index = 0, piece = 0, offset = 0, bytes = 0;
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
      : world_(world), package_(package), weights_(std::move(package), /*threads=*/1) {}

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
    if (request.offset < 0 || request.bytes < 0 || request.bytes > kMostBytes)
      return invalidError("a rank asks for what the package does not have");
    return request.what == Wants::kPiece ? findInPiece(request) : findInFile(request);
  }

  StatusOr<const char*> findInFile(const Request& request) {
    const package::Manifest& manifest = package_->manifest();
    const auto index = static_cast<size_t>(request.index);
    if (request.what != Wants::kFile || request.index < 0 || index >= manifest.files.size() ||
        request.offset > manifest.files[index].bytes ||
        request.bytes > manifest.files[index].bytes - request.offset)
      return invalidError("a rank asks for what the package does not have");
    const std::string path = package_->pathOf(manifest.files[index].path);
    MLC_ASSIGN_OR_RETURN(const auto file, open(path));
    const auto size = static_cast<int64_t>(file->size());
    if (request.offset > size || request.bytes > size - request.offset)
      return invalidError(path + " was cut short while it was sent");
    return file->data() + request.offset;
  }

  // Whoever asks checks what comes.
  StatusOr<const char*> findInPiece(const Request& request) {
    const std::vector<package::WeightSource>& weights = package_->manifest().weights;
    const auto index = static_cast<size_t>(request.index);
    if (request.index < 0 || index >= weights.size() || weights[index].file.empty() ||
        request.piece < 0 || request.piece >= numPieces(weights[index])) {
      return invalidError("a rank asks for what the package does not have");
    }
    const package::PackagePiece piece = {static_cast<int>(request.index),
                                         static_cast<int>(request.piece)};
    const package::PieceRuns runs = storedRuns(weights[index], piece.piece);
    if (request.offset > runs.total() || request.bytes > runs.total() - request.offset)
      return invalidError("a rank asks for what the package does not have");
    if (!mapped_ || piece != mappedPiece_) {
      MLC_ASSIGN_OR_RETURN(mapped_, weights_.map(piece));
      mappedPiece_ = piece;
    }
    gathered_.clear();
    forEachStretch(runs, request.offset, request.bytes, [&](int64_t at, int64_t count) {
      gathered_.insert(gathered_.end(), mapped_->data() + at, mapped_->data() + at + count);
    });
    return gathered_.data();
  }

  Communicator& world_;
  std::shared_ptr<const package::Package> package_;
  package::WeightFiles weights_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
  // The piece that was asked for last, and bytes of it.
  package::PackagePiece mappedPiece_;
  std::shared_ptr<const MappedFile> mapped_;
  std::vector<char> gathered_;
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
  int64_t piece = 0;
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
  for (int64_t offset = 0; offset < bytes; offset += kMostBytes) {
    const Request request = {source.what, source.index, source.piece, offset,
                             std::min(kMostBytes, bytes - offset)};
    MLC_RETURN_IF_ERROR(give(world_, &request, sizeof request, 0));
    message_.resize(static_cast<size_t>(request.bytes));
    MLC_RETURN_IF_ERROR(take(world_, message_.data(), request.bytes, 0));
    MLC_RETURN_IF_ERROR(file.write({message_.data(), message_.size()}));
  }
  return okStatus();
}

Status PackageReceiver::receiveFiles(const package::Manifest& whole,
                                     const std::vector<package::PackagePiece>& pieces,
                                     const std::string& path) {
  std::error_code error;
  fs::create_directory(path, error);
  if (error) return invalidError("cannot write " + path + ": " + error.message());
  package::Manifest part = package::manifestOfPart(whole, pieces);
  for (size_t i = 0; i < whole.files.size(); ++i) {
    const package::FileEntry& entry = whole.files[i];
    if (std::ranges::find(part.files, entry.path, &package::FileEntry::path) == part.files.end())
      continue;
    MLC_ASSIGN_OR_RETURN(OutputFile file, OutputFile::open(path + "/" + entry.path));
    MLC_RETURN_IF_ERROR(receiveInto(file, {Wants::kFile, static_cast<int64_t>(i)}, entry.bytes));
    MLC_RETURN_IF_ERROR(file.finish());
  }
  if (!pieces.empty()) {
    MLC_ASSIGN_OR_RETURN(OutputFile file, OutputFile::open(path + "/" + part.files.front().path));
    int64_t written = 0;
    for (const package::PackagePiece& piece : pieces) {
      const package::PieceRuns runs =
          storedRuns(part.weights[static_cast<size_t>(piece.weight)], piece.piece);
      MLC_RETURN_IF_ERROR(
          file.write(std::string(static_cast<size_t>(runs.offset - written), '\0')));
      MLC_RETURN_IF_ERROR(
          receiveInto(file, {Wants::kPiece, piece.weight, piece.piece}, runs.total()));
      written = runs.offset + runs.total();
    }
    MLC_RETURN_IF_ERROR(file.finish());
  }
  part.checksum = checksumOfManifest(part);
  return writeFile(path + "/manifest.json", printManifest(part));
}

}  // namespace mlc::tools
