#include "compiler/package/write_package.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <tuple>

#include "llvm/Support/JSON.h"
#include "runtime/base/content_hash.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/parallel_for.h"
#include "runtime/package/staging_folder.h"
#include "runtime/package/stored_piece.h"
#include "runtime/package/validate_manifest.h"
#include "runtime/package/weight_hashes.h"

namespace mlc::package {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kAlignment = 64;

Status writeFile(const std::string& path, const char* data, size_t bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(data, static_cast<std::streamsize>(bytes));
  file.close();
  if (!file) {
    return invalidError("cannot write " + fs::path(path).filename().string() + ": " +
                        std::strerror(errno));
  }
  return okStatus();
}

Status writeFile(const std::string& path, const std::string& text) {
  return writeFile(path, text.data(), text.size());
}

std::string hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

constexpr char kWeights[] = "weights.bin";
constexpr char kWeightHashes[] = "weight_hashes";

using Splits = std::vector<Split>;

bool isBefore(const Split& a, const Split& b) {
  return std::tie(a.dim, a.axis, a.shares) < std::tie(b.dim, b.axis, b.shares);
}

struct SplitsOrder {
  bool operator()(const Splits& a, const Splits& b) const {
    return std::ranges::lexicographical_compare(a, b, isBefore);
  }
};

// The ways in which programs cut each weight, by its name.
using Cuts = std::map<std::string, std::set<Splits, SplitsOrder>>;

Cuts cutsOf(const Manifest& manifest) {
  Cuts cuts;
  for (const Program& program : manifest.programs) {
    for (const WeightSlot& slot : program.weights) cuts[slot.name].insert(slot.splits);
  }
  return cuts;
}

// A weight's bytes, row-major, and what they lie in.
class WeightBytes {
 public:
  static StatusOr<WeightBytes> of(const graph::WeightTable& table, const std::string& name,
                                  const graph::Weight& weight) {
    WeightBytes bytes;
    if (weight.kind == graph::Weight::Kind::kFile) {
      const int64_t count = dtypeBytes(weight.dtype, numElements(weight.shape));
      auto file = MappedFile::openRange(weight.file, weight.offset, count);
      if (!file.ok()) return file.status().withContext("weight '" + name + "'");
      bytes.file_ = *std::move(file);
    } else {
      MLC_ASSIGN_OR_RETURN(bytes.tensor_, table.load(name));
    }
    return bytes;
  }

  const char* data() const {
    return file_ ? file_->data() : static_cast<const char*>(tensor_.raw());
  }

  // Those of a file do not stay in memory.
  void forget(int64_t at, int64_t count) const {
    if (file_) file_->forget(file_->data() + at, count);
  }

 private:
  std::shared_ptr<const MappedFile> file_;
  HostTensor tensor_;
};

// Lists the weights that the programs use, hashes their pieces, and appends those that are not left
// in the model's files to weights.bin, each aligned.
class WeightWriter {
 public:
  WeightWriter(const graph::WeightTable& table, const PackageOptions& options, std::string folder,
               Cuts cuts)
      : table_(table), options_(options), folder_(std::move(folder)), cuts_(std::move(cuts)) {}

  // The index of the source of that weight, in those pieces, made at the first call.
  StatusOr<int> sourceOf(const WeightSlot& slot) {
    const graph::Weight* weight = table_.find(slot.name);
    if (!weight) return invalidError("weight '" + slot.name + "' is not in the weight table");
    const bool isFill = weight->kind == graph::Weight::Kind::kFill;
    const bool isCut = !isFill && hasWholeBytes(weight->dtype, weight->shape, slot.splits);
    const Splits splits = isCut ? slot.splits : Splits();
    auto [known, isNew] =
        indices_[slot.name].try_emplace(splits, static_cast<int>(sources_.size()));
    if (!isNew) return known->second;
    WeightSource source;
    source.name = slot.name;
    source.dtype = weight->dtype;
    source.shape = weight->shape;
    source.splits = splits;
    if (isFill) {
      source.fill = hex(weight->fill);
    } else {
      MLC_RETURN_IF_ERROR(addBytes(*weight, source));
    }
    sources_.push_back(std::move(source));
    return known->second;
  }

  // The files' names; nothing more can be added.
  Status finish(Manifest& manifest) {
    if (file_.is_open()) {
      file_.close();
      if (!file_) return failure();
    }
    manifest.weights = std::move(sources_);
    if (hashes_.empty()) return okStatus();
    manifest.weight_hashes = kWeightHashes;
    return writeFile(folder_ + "/" + kWeightHashes, hashes_);
  }

 private:
  Status addBytes(const graph::Weight& weight, WeightSource& source) {
    MLC_ASSIGN_OR_RETURN(const WeightBytes bytes, WeightBytes::of(table_, source.name, weight));
    source.first_hash = static_cast<int64_t>(hashes_.size() / ContentDigest().size());
    for (int piece = 0; piece < numPieces(source); ++piece) addHashes(source, piece, bytes);
    // A manifest can name files in UTF-8 only.
    if (weight.kind == graph::Weight::Kind::kFile && !options_.packWeights &&
        llvm::json::isUTF8(weight.file)) {
      source.file = weight.file;
      source.offsets = {weight.offset};
      return okStatus();
    }
    source.file = kWeights;
    return isInPieces(source) ? appendPieces(bytes, source) : appendWhole(bytes, source);
  }

  void addHashes(const WeightSource& source, int piece, const WeightBytes& bytes) {
    const PieceRuns runs = runsOf(source.dtype, source.shape, source.splits, piece);
    const size_t first = hashes_.size();
    hashes_.resize(first + static_cast<size_t>(chunksOf(runs)) * ContentDigest().size());
    const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    parallelFor(threads, chunksOf(runs), [&](int64_t chunk) {
      const ContentDigest digest = hashOfChunk(runs, bytes.data() + runs.offset, chunk);
      const ChunkRange range = rangeOf(runs, chunk);
      forEachStretch(runs, range.from, range.bytes,
                     [&](int64_t at, int64_t count) { bytes.forget(runs.offset + at, count); });
      std::ranges::copy(digest, hashes_.begin() + static_cast<ptrdiff_t>(first) +
                                    chunk * static_cast<ptrdiff_t>(digest.size()));
    });
  }

  // A rank that reads many short runs reads its neighbours' bytes too; but what is cut in several
  // ways is stored once.
  bool isInPieces(const WeightSource& source) const {
    bool isInRuns = false;
    for (int piece = 0; piece < numPieces(source); ++piece)
      isInRuns |= runsOf(source.dtype, source.shape, source.splits, piece).count > 1;
    return isInRuns && cuts_.at(source.name).size() == 1;
  }

  Status appendWhole(const WeightBytes& bytes, WeightSource& source) {
    auto [offset, isNew] = wholes_.try_emplace(source.name, 0);
    if (isNew) {
      offset->second = align();
      append(bytes, 0, dtypeBytes(source.dtype, numElements(source.shape)));
    }
    source.offsets = {offset->second};
    return file_ ? okStatus() : failure();
  }

  Status appendPieces(const WeightBytes& bytes, WeightSource& source) {
    for (int piece = 0; piece < numPieces(source); ++piece) {
      const PieceRuns runs = runsOf(source.dtype, source.shape, source.splits, piece);
      source.offsets.push_back(align());
      forEachStretch(runs, 0, runs.total(),
                     [&](int64_t at, int64_t count) { append(bytes, runs.offset + at, count); });
    }
    return file_ ? okStatus() : failure();
  }

  // Where the next bytes lie.
  int64_t align() {
    if (!file_.is_open()) file_.open(folder_ + "/" + kWeights, std::ios::binary);
    static constexpr char kZeros[kAlignment] = {};
    const int64_t padding = (kAlignment - written_ % kAlignment) % kAlignment;
    file_.write(kZeros, padding);
    return written_ += padding;
  }

  void append(const WeightBytes& bytes, int64_t from, int64_t count) {
    for (int64_t done = 0; done < count; done += kChunkBytes) {
      const int64_t part = std::min(kChunkBytes, count - done);
      file_.write(bytes.data() + from + done, static_cast<std::streamsize>(part));
      bytes.forget(from + done, part);
    }
    written_ += count;
  }

  static Status failure() {
    return invalidError(std::string("cannot write ") + kWeights + ": " + std::strerror(errno));
  }

  const graph::WeightTable& table_;
  const PackageOptions& options_;
  const std::string folder_;
  const Cuts cuts_;
  std::ofstream file_;
  int64_t written_ = 0;
  std::string hashes_;
  std::map<std::string, std::map<Splits, int, SplitsOrder>> indices_;
  std::map<std::string, int64_t> wholes_;  // offsets of weights that are stored row-major
  std::vector<WeightSource> sources_;
};

Status listFiles(const std::string& folder, Manifest& manifest) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    FileEntry file;
    file.path = at->path().filename().string();
    file.bytes = static_cast<int64_t>(at->file_size(error));
    if (error) break;
    if (file.path != kWeights) {
      MLC_ASSIGN_OR_RETURN(file.checksum, contentHashOfFile(at->path().string()));
    }
    manifest.files.push_back(std::move(file));
  }
  if (error) return invalidError("cannot read " + folder + ": " + error.message());
  std::sort(manifest.files.begin(), manifest.files.end(),
            [](const FileEntry& a, const FileEntry& b) { return a.path < b.path; });
  return okStatus();
}

}  // namespace

Status writePackage(PackageContents contents, const graph::WeightTable& weights,
                    const PackageOptions& options, const std::string& path) {
  MLC_ASSIGN_OR_RETURN(StagingFolder folder, StagingFolder::create(path));
  Manifest& manifest = contents.manifest;
  WeightWriter writer(weights, options, folder.path(), cutsOf(manifest));
  for (size_t i = 0; i < manifest.programs.size(); ++i) {
    Program& program = manifest.programs[i];
    const ProgramFiles& files = contents.programs[i];
    const std::string name = "program_" + std::to_string(i);
    const std::tuple<std::string&, std::string, const std::string&> named[] = {
        {program.object, name + ".so", files.object},
        {program.ptx, name + ".ptx", files.ptx},
        {program.emulation, name + "_emulation.so", files.emulation}};
    for (const auto& [entry, file, bytes] : named) {
      if (bytes.empty()) continue;
      entry = file;
      MLC_RETURN_IF_ERROR(writeFile(folder.path() + "/" + file, bytes));
    }
    for (WeightSlot& slot : program.weights) {
      MLC_ASSIGN_OR_RETURN(slot.source, writer.sourceOf(slot));
    }
  }
  MLC_RETURN_IF_ERROR(writer.finish(manifest));
  manifest.plan = "plan.json";
  MLC_RETURN_IF_ERROR(writeFile(folder.path() + "/plan.json", contents.planJson));
  MLC_RETURN_IF_ERROR(listFiles(folder.path(), manifest));
  manifest.checksum = checksumOfManifest(manifest);
  MLC_RETURN_IF_ERROR(writeFile(folder.path() + "/manifest.json", printManifest(manifest)));
  return folder.commit();
}

}  // namespace mlc::package
