// How weights lie in the packages that are written, held against what ranks read of them.
#include "compiler/package/write_package.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "runtime/abi/abi.h"
#include "runtime/package/weight_store.h"

namespace mlc::package {
namespace {

namespace fs = std::filesystem;

const Split kColumns{1, "tp", {1, 3}}, kHalves{1, "tp", {1, 1}}, kRows{0, "tp", {1, 1}};
constexpr int64_t kHeight = 8, kWidth = 64;

graph::Weight countingUp() {
  graph::Weight weight;
  weight.kind = graph::Weight::Kind::kBytes;
  weight.shape = {kHeight, kWidth};
  weight.bytes = HostTensor::uninitialized(weight.dtype, weight.shape);
  auto* values = static_cast<float*>(weight.bytes.raw());
  std::iota(values, values + kHeight * kWidth, 0.0f);
  return weight;
}

// Two ranks along tp for each program, whose slots cut the weight like that.
std::shared_ptr<const Package> written(const std::string& name, const graph::WeightTable& table,
                                       const std::vector<std::vector<std::vector<Split>>>& programs,
                                       bool packWeights = true) {
  PackageContents contents;
  Manifest& manifest = contents.manifest;
  manifest.abi_version = MLC_ABI_VERSION;
  manifest.producer = "mlc test";
  manifest.tp = 2;
  manifest.dp = static_cast<int>(programs.size());
  for (const auto& cuts : programs) {
    Program& program = manifest.programs.emplace_back();
    program.target = "cpu";
    for (const std::vector<Split>& splits : cuts) {
      WeightSlot& slot = program.weights.emplace_back();
      slot.name = "w";
      slot.splits = splits;
    }
    contents.programs.push_back({.object = "code", .ptx = "", .emulation = ""});
    for (int rank = 0; rank < 2; ++rank)
      manifest.ranks.push_back({static_cast<int>(manifest.programs.size()) - 1, "cpu"});
  }
  contents.planJson = "{}";
  const std::string path = testing::TempDir() + "/" + name;
  PackageOptions options;
  options.packWeights = packWeights;
  const Status status = writePackage(std::move(contents), table, options, path);
  EXPECT_TRUE(status.ok()) << status.message();
  const auto package = Package::open(path);
  EXPECT_TRUE(package.ok()) << package.status().message();
  return *package;
}

// Every slot has, on each rank, the values of its piece, and all that is stored has its hashes.
void expectTheValues(const std::shared_ptr<const Package>& package) {
  const Manifest& manifest = package->manifest();
  EXPECT_TRUE(WeightFiles(package, 2).check(piecesOf(manifest)).ok());
  WeightStore store(package, 2);
  for (const Program& program : manifest.programs) {
    for (const WeightSlot& slot : program.weights) {
      for (int rank = 0; rank < 2; ++rank) {
        const WeightPiece piece =
            pieceOf(slot, manifest.weights[static_cast<size_t>(slot.source)], rank);
        const StatusOr<Weight> weight = store.make(slot, rank);
        ASSERT_TRUE(weight.ok()) << weight.status().message();
        const auto* values = static_cast<const float*>(weight->data);
        for (int64_t row = 0; row < piece.sizes[0]; ++row) {
          for (int64_t column = 0; column < piece.sizes[1]; ++column) {
            ASSERT_EQ(*values++, static_cast<float>((row + piece.offsets[0]) * kWidth + column +
                                                    piece.offsets[1]));
          }
        }
      }
    }
  }
}

int64_t bytesOfWeights(const Package& package) {
  std::error_code none;
  const auto bytes = fs::file_size(package.pathOf("weights.bin"), none);
  return none ? 0 : static_cast<int64_t>(bytes);
}

constexpr int64_t kAll = kHeight * kWidth * 4;

TEST(WritePackage, ColumnsLieSideBySide) {
  graph::WeightTable table;
  table.set("w", countingUp());
  const auto package = written("columns", table, {{{kColumns}}});
  expectTheValues(package);
  EXPECT_EQ(package->manifest().weights[0].offsets, (std::vector<int64_t>{0, kAll / 4}));
  EXPECT_EQ(bytesOfWeights(*package), kAll);
  WeightStore store(package, 1);
  EXPECT_TRUE(store.make(package->manifest().programs[0].weights[0], 1)->mapped);
  EXPECT_EQ(store.checkedBytes(), kAll * 3 / 4);
}

TEST(WritePackage, RowsLieInTheWhole) {
  graph::WeightTable table;
  table.set("w", countingUp());
  const auto package = written("rows", table, {{{kRows}, {}}});
  expectTheValues(package);
  ASSERT_EQ(package->manifest().weights.size(), 2u);
  for (const WeightSource& source : package->manifest().weights)
    EXPECT_EQ(source.offsets, (std::vector<int64_t>{0}));
  EXPECT_EQ(bytesOfWeights(*package), kAll);
}

TEST(WritePackage, WhatIsCutInSeveralWaysIsStoredOnce) {
  graph::WeightTable table;
  table.set("w", countingUp());
  const auto package = written("several", table, {{{kColumns}}, {{kHalves}}});
  expectTheValues(package);
  EXPECT_EQ(bytesOfWeights(*package), kAll);
}

TEST(WritePackage, WeightsOfTheModelsFilesStayThere) {
  const std::string path = testing::TempDir() + "/model.data";
  graph::Weight weight = countingUp();
  std::ofstream(path, std::ios::binary)
      << std::string(4, 'x')
      << std::string_view(static_cast<const char*>(weight.bytes.raw()), kAll);
  weight.kind = graph::Weight::Kind::kFile;
  weight.bytes = {};
  weight.file = path;
  weight.offset = 4;
  graph::WeightTable table;
  table.set("w", weight);
  const auto package = written("referring", table, {{{kColumns}}}, /*packWeights=*/false);
  expectTheValues(package);
  EXPECT_EQ(bytesOfWeights(*package), 0);
  EXPECT_EQ(package->manifest().weights[0].file, path);
  // Each rank reads its columns there.
  WeightStore store(package, 1);
  ASSERT_TRUE(store.make(package->manifest().programs[0].weights[0], 0).ok());
  EXPECT_EQ(store.checkedBytes(), kAll / 4);
  // And in the package, where they lie in it.
  expectTheValues(written("holding", table, {{{kColumns}}}));
}

// They cannot be hashed each by itself.
TEST(WritePackage, PiecesThatEndInsideOfAByteAreCutOutOfTheWhole) {
  graph::Weight weight;
  weight.kind = graph::Weight::Kind::kBytes;
  weight.dtype = DType::kI4;
  weight.shape = {2, 6};
  weight.bytes = HostTensor::uninitialized(weight.dtype, weight.shape);
  const unsigned char bytes[] = {0x10, 0x32, 0x54, 0x76, 0x21, 0x43};
  std::copy(std::begin(bytes), std::end(bytes), static_cast<unsigned char*>(weight.bytes.raw()));
  graph::WeightTable table;
  table.set("w", weight);
  const auto package = written("packed", table, {{{kHalves}}});
  EXPECT_TRUE(package->manifest().weights[0].splits.empty());
  WeightStore store(package, 1);
  // 3 4 5 and 2 3 4, of rows 0 1 2 3 4 5 and 6 7 1 2 3 4.
  const StatusOr<Weight> right = store.make(package->manifest().programs[0].weights[0], 1);
  ASSERT_TRUE(right.ok()) << right.status().message();
  const auto* packed = static_cast<const unsigned char*>(right->data);
  EXPECT_EQ(packed[0], 0x43);
  EXPECT_EQ(packed[1], 0x25);
  EXPECT_EQ(packed[2], 0x43);
}

TEST(WritePackage, AValueHasNoPieces) {
  graph::Weight weight = countingUp();
  weight.kind = graph::Weight::Kind::kFill;
  weight.fill = std::string("\0\0\x80\x3f", 4);
  graph::WeightTable table;
  table.set("w", weight);
  const auto package = written("value", table, {{{kColumns}, {}}});
  ASSERT_EQ(package->manifest().weights.size(), 1u);
  EXPECT_EQ(package->manifest().weight_hashes, "");
  WeightStore store(package, 1);
  const StatusOr<Weight> right = store.make(package->manifest().programs[0].weights[0], 1);
  ASSERT_TRUE(right.ok()) << right.status().message();
  EXPECT_EQ(right->bytes, kAll * 3 / 4);
  EXPECT_EQ(static_cast<const float*>(right->data)[7], 1.0f);
}

}  // namespace
}  // namespace mlc::package
