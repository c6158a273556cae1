#include "compiler/package/write_package.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <tuple>

#include "llvm/Support/JSON.h"
#include "runtime/base/checksum.h"
#include "runtime/base/content_hash.h"
#include "runtime/base/mapped_file.h"
#include "runtime/package/staging_folder.h"

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

// Appends weights to weights.bin, each aligned, and lists every weight that the programs use.
class WeightWriter {
 public:
  WeightWriter(const graph::WeightTable& table, const PackageOptions& options, std::string folder)
      : table_(table), options_(options), folder_(std::move(folder)) {}

  // The index of that weight's source, made at the first call.
  StatusOr<int> sourceOf(const std::string& name) {
    auto it = indices_.find(name);
    if (it != indices_.end()) return it->second;
    const graph::Weight* weight = table_.find(name);
    if (!weight) return invalidError("weight '" + name + "' is not in the weight table");
    WeightSource source;
    source.name = name;
    source.dtype = weight->dtype;
    source.shape = weight->shape;
    if (weight->kind == graph::Weight::Kind::kFill) {
      source.fill = hex(weight->fill);
    } else {
      MLC_ASSIGN_OR_RETURN(HostTensor tensor, table_.load(name));
      source.checksum = checksumOf(tensor.raw(), tensor.bytes());
      // A manifest can name files in UTF-8 only.
      if (weight->kind == graph::Weight::Kind::kFile && !options_.packWeights &&
          llvm::json::isUTF8(weight->file)) {
        source.file = weight->file;
        source.offset = weight->offset;
      } else {
        MLC_RETURN_IF_ERROR(append(tensor, source));
      }
    }
    sources_.push_back(std::move(source));
    return indices_[name] = static_cast<int>(sources_.size()) - 1;
  }

  Status finish() {
    if (!file_.is_open()) return okStatus();
    file_.close();
    if (!file_)
      return invalidError(std::string("cannot write weights.bin: ") + std::strerror(errno));
    return okStatus();
  }

  std::vector<WeightSource> take() { return std::move(sources_); }

 private:
  Status append(const HostTensor& tensor, WeightSource& source) {
    if (!file_.is_open()) file_.open(folder_ + "/weights.bin", std::ios::binary);
    static constexpr char kZeros[kAlignment] = {};
    const int64_t padding = (kAlignment - written_ % kAlignment) % kAlignment;
    file_.write(kZeros, padding);
    written_ += padding;
    source.file = "weights.bin";
    source.offset = written_;
    file_.write(static_cast<const char*>(tensor.raw()),
                static_cast<std::streamsize>(tensor.bytes()));
    written_ += static_cast<int64_t>(tensor.bytes());
    if (!file_)
      return invalidError(std::string("cannot write weights.bin: ") + std::strerror(errno));
    return okStatus();
  }

  const graph::WeightTable& table_;
  const PackageOptions& options_;
  std::string folder_;
  std::ofstream file_;
  int64_t written_ = 0;
  std::map<std::string, int> indices_;
  std::vector<WeightSource> sources_;
};

Status listFiles(const std::string& folder, Manifest& manifest) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    FileEntry file;
    file.path = at->path().filename().string();
    file.bytes = static_cast<int64_t>(at->file_size(error));
    if (error) break;
    MLC_ASSIGN_OR_RETURN(file.checksum, contentHashOfFile(at->path().string()));
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
  WeightWriter writer(weights, options, folder.path());
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
      MLC_ASSIGN_OR_RETURN(slot.source, writer.sourceOf(slot.name));
    }
  }
  MLC_RETURN_IF_ERROR(writer.finish());
  manifest.weights = writer.take();
  manifest.plan = "plan.json";
  MLC_RETURN_IF_ERROR(writeFile(folder.path() + "/plan.json", contents.planJson));
  MLC_RETURN_IF_ERROR(listFiles(folder.path(), manifest));
  manifest.checksum = checksumOfManifest(manifest);
  MLC_RETURN_IF_ERROR(writeFile(folder.path() + "/manifest.json", printManifest(manifest)));
  return folder.commit();
}

}  // namespace mlc::package
