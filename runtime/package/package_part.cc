#include "runtime/package/package_part.h"

#include <algorithm>
#include <set>

#include "runtime/package/validate_manifest.h"

namespace mlc::package {
namespace {

// Maps pages of it; kernels want 64 bytes.
constexpr int64_t kAlignment = 4096;

}  // namespace

std::vector<int> weightsOf(const Manifest& manifest, const std::vector<int>& ranks) {
  std::set<int> weights;
  for (const int rank : ranks) {
    if (static_cast<size_t>(rank) >= manifest.ranks.size()) continue;
    const int program = manifest.ranks[static_cast<size_t>(rank)].program;
    if (program < 0) continue;
    for (const WeightSlot& slot : manifest.programs[static_cast<size_t>(program)].weights) {
      if (!manifest.weights[static_cast<size_t>(slot.source)].file.empty())
        weights.insert(slot.source);
    }
  }
  return {weights.begin(), weights.end()};
}

int64_t bytesOf(const WeightSource& source) {
  return dtypeBytes(source.dtype, numElements(source.shape));
}

Manifest manifestOfPart(const Manifest& whole, const std::vector<int>& weights) {
  Manifest part = whole;
  std::set<std::string> data;
  for (const WeightSource& weight : whole.weights) data.insert(weight.file);
  std::erase_if(part.files, [&](const FileEntry& file) { return data.contains(file.path); });
  if (weights.empty()) return part;
  FileEntry file;
  file.path = "weights_of_part.bin";
  const auto isTaken = [&](const FileEntry& other) { return other.path == file.path; };
  while (std::ranges::any_of(whole.files, isTaken)) file.path = "_" + file.path;
  for (const int index : weights) {
    WeightSource& weight = part.weights[static_cast<size_t>(index)];
    file.bytes = (file.bytes + kAlignment - 1) / kAlignment * kAlignment;
    weight.file = file.path;
    weight.offset = file.bytes;
    file.bytes += bytesOf(weight);
  }
  part.files.insert(part.files.begin(), file);
  return part;
}

}  // namespace mlc::package
