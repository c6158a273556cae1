#include "runtime/package/package_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "runtime/abi/abi.h"
#include "runtime/base/content_hash.h"
#include "runtime/base/mapped_file.h"
#include "runtime/package/program_interface.h"
#include "runtime/package/weight_hashes.h"

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
  manifest.weights.push_back({weight, dtype, shape, {}, "weights.bin", {offset}});
}

void PackageFolder::writeHashes() {
  std::string hashes;
  for (WeightSource& source : manifest.weights) {
    if (source.file.empty()) continue;
    source.first_hash = static_cast<int64_t>(hashes.size() / ContentDigest().size());
    const std::string path = source.file.starts_with("/") ? source.file : file(source.file);
    const auto bytes = *MappedFile::open(path);
    for (int piece = 0; piece < numPieces(source); ++piece) {
      const PieceRuns runs = storedRuns(source, piece);
      for (int64_t chunk = 0; chunk < chunksOf(runs); ++chunk) {
        const ContentDigest digest = hashOfChunk(runs, bytes->data() + runs.offset, chunk);
        hashes.append(digest.begin(), digest.end());
      }
    }
  }
  manifest.weight_hashes = "weight_hashes";
  std::ofstream(file(manifest.weight_hashes), std::ios::binary) << hashes;
}

// A program that another one shares its object with, but not the interface, gets a copy of its own.
void PackageFolder::writeInterfaces() {
  std::map<std::string, std::string> written;  // by object
  for (size_t i = 0; i < manifest.programs.size(); ++i) {
    Program& program = manifest.programs[i];
    const auto runs = [&](const RankEntry& rank) { return rank.program == static_cast<int>(i); };
    const auto rank = std::ranges::find_if(manifest.ranks, runs);
    const auto tpRank = static_cast<int>((rank - manifest.ranks.begin()) % manifest.tp);
    const std::string interface = interfaceOf(program, manifest, tpRank);
    if (const auto [known, isNew] = written.emplace(program.object, interface);
        !isNew && known->second != interface) {
      const std::string copy = std::to_string(i) + "_" + program.object;
      addFile(file(program.object), copy);
      program.object = copy;
    }
    std::fstream object(file(program.object), std::ios::binary | std::ios::in | std::ios::out);
    const std::string bytes{std::istreambuf_iterator<char>(object), {}};
    const size_t at = bytes.find(interface.substr(0, interface.find(':') + 1));
    if (at == std::string::npos) continue;
    object.seekp(static_cast<std::streamoff>(at));
    object << interface;
  }
}

void PackageFolder::write() {
  std::ofstream(file("weights.bin"), std::ios::binary) << weights_;
  std::ofstream(file("plan.json")) << "{}";
  manifest.plan = "plan.json";
  writeHashes();
  writeInterfaces();
  manifest.files = {{"weights.bin", static_cast<int64_t>(weights_.size()), ""}};
  std::vector<std::string> names = files_;
  names.insert(names.end(), {manifest.plan, manifest.weight_hashes});
  for (const std::string& name : names) {
    manifest.files.push_back(
        {name, static_cast<int64_t>(fs::file_size(file(name))), *contentHashOfFile(file(name))});
  }
  writeManifest();
}

void PackageFolder::writeManifest() {
  manifest.checksum = checksumOfManifest(manifest);
  std::ofstream(file("manifest.json")) << printManifest(manifest);
}

}  // namespace mlc::package
