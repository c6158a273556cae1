// What a rank reads of its package's weights: its own pieces, each once, and nothing else.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "runtime/base/content_hash.h"
#include "runtime/package/loader.h"
#include "runtime/package/package_folder.h"
#include "runtime/package/weight_hashes.h"

namespace mlc::package {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRows = 512, kColumns = 1024, kBytes = kRows * kColumns * 4;

PackageFolder emptyPackage(const std::string& name, int tp) {
  PackageFolder folder(name);
  folder.addFile("runtime/package/empty_program.so", "rank0.so");
  folder.manifest.tp = tp;
  folder.manifest.ranks.assign(static_cast<size_t>(tp), {0, "cpu"});
  Program program;
  program.target = "cpu";
  program.object = "rank0.so";
  folder.manifest.programs = {program};
  return folder;
}

// Row-major in its file, or each piece by itself.
enum class Storage { kRowMajor, kInPieces };

float valueAt(int64_t row, int64_t column) { return static_cast<float>(row * kColumns + column); }

// One weight, of which each of two ranks has half of the columns.
PackageFolder halves(const std::string& name, Storage storage) {
  PackageFolder folder = emptyPackage(name, 2);
  std::vector<float> values;
  const bool isInPieces = storage == Storage::kInPieces;
  for (int64_t piece = 0; piece < (isInPieces ? 2 : 1); ++piece) {
    for (int64_t row = 0; row < kRows; ++row) {
      for (int64_t column = 0; column < kColumns; ++column) {
        if (!isInPieces || column / (kColumns / 2) == piece) values.push_back(valueAt(row, column));
      }
    }
  }
  folder.addWeight("w", DType::kF32, {kRows, kColumns}, values, 0);
  const Split columns{1, "tp", {1, 1}};
  WeightSource& source = folder.manifest.weights[0];
  source.splits = {columns};
  if (isInPieces) source.offsets = {0, kBytes / 2};
  folder.manifest.programs[0].weights = {{"w", 0, {columns}, WeightLayout::kPlain, false, 0},
                                         {"w", 0, {columns}, WeightLayout::kPanels, false, 16}};
  folder.write();
  return folder;
}

// Where a value lies in weights.bin.
int64_t placeOf(const PackageFolder& folder, int64_t row, int64_t column) {
  if (folder.manifest.weights[0].offsets.size() == 1) return (row * kColumns + column) * 4;
  const int64_t half = kColumns / 2;
  return column / half * (kBytes / 2) + (row * half + column % half) * 4;
}

void flipByte(const std::string& path, int64_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(at);
  const char old = static_cast<char>(file.get());
  file.seekp(at);
  file.put(static_cast<char>(old ^ 1));
}

struct Loaded {
  StatusOr<LoadedProgram> program;
  int64_t checkedBytes = 0;
};

Loaded load(const std::string& path, int rank, bool isChecked = false) {
  const auto package = Package::open(path);
  if (!package.ok()) return {package.status()};
  const auto store = std::make_shared<WeightStore>(*package, 2, isChecked);
  Loaded loaded{loadProgram(*package, rank, store)};
  loaded.checkedBytes = store->checkedBytes();
  return loaded;
}

std::string errorOf(const Loaded& loaded) { return loaded.program.status().message(); }

class WeightSlices : public testing::TestWithParam<Storage> {};

TEST_P(WeightSlices, ARankChecksItsOwnOnce) {
  const PackageFolder folder = halves("own", GetParam());
  for (const int rank : {0, 1}) {
    const Loaded loaded = load(folder.path(), rank);
    ASSERT_TRUE(loaded.program.ok()) << errorOf(loaded);
    // For two slots.
    EXPECT_EQ(loaded.checkedBytes, kBytes / 2);
    const Weight& weight = loaded.program->weights[0];
    const auto* values = static_cast<const float*>(weight.data);
    ASSERT_EQ(weight.bytes, kBytes / 2);
    // Nothing is copied where nothing lies between.
    EXPECT_EQ(weight.mapped, GetParam() == Storage::kInPieces);
    for (const int64_t row : {int64_t{0}, kRows / 2, kRows - 1}) {
      for (const int64_t column : {int64_t{0}, kColumns / 2 - 1}) {
        EXPECT_EQ(values[row * kColumns / 2 + column], valueAt(row, column + rank * kColumns / 2));
      }
    }
  }
}

TEST_P(WeightSlices, DamageIsNoticedByWhomItConcerns) {
  const PackageFolder folder = halves("damaged", GetParam());
  for (const int64_t column : {int64_t{0}, kColumns / 2 - 1, kColumns / 2, kColumns - 1}) {
    for (const int64_t row : {int64_t{0}, kRows / 2, kRows - 1}) {
      const int64_t place = placeOf(folder, row, column);
      flipByte(folder.file("weights.bin"), place);
      const int rank = column < kColumns / 2 ? 0 : 1;
      const Loaded concerned = load(folder.path(), rank), other = load(folder.path(), 1 - rank);
      EXPECT_EQ(concerned.program.status().code(), StatusCode::kInvalid);
      EXPECT_NE(errorOf(concerned).find("weights.bin"), std::string::npos) << errorOf(concerned);
      EXPECT_NE(errorOf(concerned).find("weight 'w' has other bytes"), std::string::npos);
      EXPECT_TRUE(other.program.ok()) << errorOf(other);
      // Whoever asks for all of them finds it.
      const auto package = *Package::open(folder.path());
      EXPECT_FALSE(WeightFiles(package, 2).check(piecesOf(package->manifest())).ok());
      flipByte(folder.file("weights.bin"), place);
    }
  }
  EXPECT_TRUE(load(folder.path(), 0).program.ok());
}

TEST_P(WeightSlices, WhatWasCheckedIsNotReadAgain) {
  const PackageFolder folder = halves("checked", GetParam());
  EXPECT_EQ(load(folder.path(), 0, /*isChecked=*/true).checkedBytes, 0);
}

TEST_P(WeightSlices, APartHasThoseOfItsRanks) {
  const PackageFolder whole = halves("whole", GetParam());
  PackageFolder folder = emptyPackage("part", 2);
  folder.manifest = manifestOfPart(whole.manifest, piecesOf(whole.manifest, {1}));
  const FileEntry weights = folder.manifest.files.front();
  EXPECT_EQ(weights.bytes, kBytes / 2);
  for (const FileEntry& file : whole.manifest.files) {
    fs::copy_file(whole.file(file.path), folder.file(file.path),
                  fs::copy_options::overwrite_existing);
  }
  std::vector<float> values;
  for (int64_t row = 0; row < kRows; ++row) {
    for (int64_t column = kColumns / 2; column < kColumns; ++column)
      values.push_back(valueAt(row, column));
  }
  std::ofstream(folder.file(weights.path), std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()), weights.bytes);
  folder.writeManifest();
  // The hashes are those of the whole package.
  const Loaded own = load(folder.path(), 1), other = load(folder.path(), 0);
  EXPECT_TRUE(own.program.ok()) << errorOf(own);
  EXPECT_EQ(own.checkedBytes, kBytes / 2);
  EXPECT_NE(errorOf(other).find("made for other ranks: it has no weight 'w'"), std::string::npos)
      << errorOf(other);
}

INSTANTIATE_TEST_SUITE_P(, WeightSlices, testing::Values(Storage::kRowMajor, Storage::kInPieces));

// A number of this process, by its name in a file of /proc/self.
int64_t numberOf(const std::string& file, const std::string& name) {
  std::ifstream stream("/proc/self/" + file);
  for (std::string word; stream >> word;) {
    if (word != name) continue;
    int64_t value = 0;
    stream >> value;
    return value;
  }
  return -1;
}

struct Usage {
  int64_t read = numberOf("io", "rchar:");
  int64_t mapped = numberOf("status", "VmSize:") * 1024;
  int64_t resident = numberOf("status", "VmRSS:") * 1024;
};

// 100 GiB for 1024 ranks; nearly nothing of it is on the disk.
TEST(LargePackages, OpenInSecondsAndLittleMemory) {
  constexpr int kRanks = 1024;
  constexpr int64_t kMiB = int64_t{1} << 20, kOfRank = 100 * kMiB, kAll = kRanks * kOfRank;
  PackageFolder folder = emptyPackage("large", kRanks);
  folder.write();
  const Split rows{0, "tp", std::vector<int64_t>(kRanks, 1)};
  Manifest& manifest = folder.manifest;
  manifest.weights = {{"w", DType::kU8, {kAll / 4096, 4096}, {rows}, "weights.bin", {0}}};
  manifest.programs[0].weights = {{"w", 0, {rows}, WeightLayout::kPlain, false, 0}};
  {
    const ContentDigest digest = ContentHash().add(std::string(kChunkBytes, '\0')).digest();
    std::ofstream hashes(folder.file("weight_hashes"), std::ios::binary);
    for (int64_t i = 0; i < chunksOf(manifest.weights[0]); ++i)
      hashes.write(reinterpret_cast<const char*>(digest.data()), digest.size());
  }
  fs::resize_file(folder.file("weights.bin"), static_cast<uintmax_t>(kAll));
  for (FileEntry& file : manifest.files) {
    file.bytes = static_cast<int64_t>(fs::file_size(folder.file(file.path)));
    if (file.path == "weight_hashes") file.checksum = *contentHashOfFile(folder.file(file.path));
  }
  folder.writeInterfaces();
  for (FileEntry& file : manifest.files) {
    if (file.path == "rank0.so") file.checksum = *contentHashOfFile(folder.file(file.path));
  }
  folder.writeManifest();

  const Usage before;
  const auto begin = std::chrono::steady_clock::now();
  const auto package = Package::open(folder.path());
  ASSERT_TRUE(package.ok()) << package.status().message();
  const double openSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto store = std::make_shared<WeightStore>(*package, 2);
  const auto loaded = loadProgram(*package, 700, store);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const Usage after;
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded->weights[0].bytes, kOfRank);
  EXPECT_TRUE(loaded->weights[0].mapped);
  EXPECT_EQ(store->checkedBytes(), kOfRank);
  RecordProperty("open_seconds", std::to_string(openSeconds));
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LT(seconds, 10);
  EXPECT_LT(after.read - before.read, 64 * kMiB);
  // The slice, and the threads' stacks.
  EXPECT_LT(after.mapped - before.mapped, 1024 * kMiB);
  EXPECT_LT(after.resident - before.resident, 64 * kMiB);
  fs::remove(folder.file("weights.bin"));
}

}  // namespace
}  // namespace mlc::package
