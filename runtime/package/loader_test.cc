#include "runtime/package/loader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>

#include "runtime/package/package_folder.h"

namespace mlc::package {
namespace {

namespace fs = std::filesystem;

// A package of one program that does nothing, on each of tp ranks.
PackageFolder oneRank(const std::string& name, int tp = 1) {
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

// Pieces of unlike sizes are wanted by unlike programs.
void giveEachRankAProgram(Manifest& manifest) {
  manifest.programs.resize(manifest.ranks.size(), manifest.programs[0]);
  for (size_t i = 0; i < manifest.ranks.size(); ++i)
    manifest.ranks[i].program = static_cast<int>(i);
}

std::vector<float> countingUp(size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

StatusOr<LoadedProgram> load(const PackageFolder& folder, int rank = 0) {
  MLC_ASSIGN_OR_RETURN(auto package, Package::open(folder.path()));
  return loadProgram(package, rank, std::make_shared<WeightStore>(package, 2));
}

void flipByte(const std::string& path, int64_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(at);
  const char old = static_cast<char>(file.get());
  file.seekp(at);
  file.put(static_cast<char>(old ^ 1));
}

std::vector<float> floats(const Weight& weight) {
  const float* data = static_cast<const float*>(weight.data);
  return {data, data + weight.bytes / 4};
}

TEST(Loader, LoadsCodeAndWeights) {
  PackageFolder folder = oneRank("good", 3);
  folder.addWeight("w", DType::kF32, {4, 6}, countingUp(24), 64);
  const Split rows{0, "tp", {1, 2, 1}}, columns{1, "tp", {2, 3, 1}};
  folder.manifest.programs[0].weights = {{"w", 0, {}, WeightLayout::kPlain, false, 0},
                                         {"w", 0, {rows}, WeightLayout::kPlain, false, 0},
                                         {"w", 0, {columns}, WeightLayout::kPlain, false, 0},
                                         {"w", 0, {columns}, WeightLayout::kPlain, false, 0}};
  giveEachRankAProgram(folder.manifest);
  folder.write();
  StatusOr<LoadedProgram> loaded = load(folder, 1);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded->arenaBytes(nullptr, 3), 192);
  ASSERT_EQ(loaded->weights.size(), 4u);
  EXPECT_EQ(floats(loaded->weights[0])[23], 23.0f);
  EXPECT_EQ(floats(loaded->weights[1]),
            (std::vector<float>{6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}));
  EXPECT_EQ(floats(loaded->weights[2]),
            (std::vector<float>{2, 3, 4, 8, 9, 10, 14, 15, 16, 20, 21, 22}));
  EXPECT_EQ(loaded->weights[2].data, loaded->weights[3].data);
  for (const Weight& weight : loaded->weights) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(weight.data) % 64, 0u);
  }
  // The whole lies aligned in the file, the rows (24 bytes in) and the columns do not.
  EXPECT_TRUE(loaded->weights[0].mapped);
  for (size_t i : {1, 2, 3}) EXPECT_FALSE(loaded->weights[i].mapped);
  // Another rank has other pieces.
  loaded = load(folder, 2);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(floats(loaded->weights[1]), (std::vector<float>{18, 19, 20, 21, 22, 23}));
  EXPECT_EQ(floats(loaded->weights[2]), (std::vector<float>{5, 11, 17, 23}));
}

// Panels against the definition, element by element.
TEST(Loader, PacksPanels) {
  PackageFolder folder = oneRank("panels", 2);
  folder.addWeight("w", DType::kF32, {2, 5, 7}, countingUp(70), 12);
  Program program = folder.manifest.programs[0];
  for (bool transposed : {false, true}) {
    for (int64_t panel : {1, 3, 4, 16}) {
      for (int64_t group : {1, 2, 4}) {
        for (const std::vector<Split>& splits : {std::vector<Split>{},
                                                 {{0, "tp", {1, 1}}},
                                                 {{1, "tp", {2, 3}}},
                                                 {{2, "tp", {3, 4}}}}) {
          program.weights.push_back(
              {"w", 0, splits, WeightLayout::kPanels, transposed, panel, group});
        }
      }
    }
  }
  folder.manifest.programs[0] = program;
  giveEachRankAProgram(folder.manifest);
  folder.write();
  StatusOr<LoadedProgram> loaded = load(folder, 1);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  for (size_t i = 0; i < program.weights.size(); ++i) {
    const WeightSlot& slot = program.weights[i];
    std::vector<int64_t> sizes = {2, 5, 7}, offsets = {0, 0, 0};
    for (const Split& split : slot.splits) {
      sizes[static_cast<size_t>(split.dim)] = split.shares[1];
      offsets[static_cast<size_t>(split.dim)] = split.shares[0];
    }
    const int64_t k = sizes[slot.transposed ? 2 : 1], n = sizes[slot.transposed ? 1 : 2];
    std::vector<float> expected;
    for (int64_t b = 0; b < sizes[0]; ++b) {
      for (int64_t first = 0; first < n; first += slot.panel) {
        for (int64_t top = 0; top < k; top += slot.group) {
          for (int64_t column = first; column < first + slot.panel; ++column) {
            for (int64_t row = top; row < top + slot.group; ++row) {
              const int64_t x = slot.transposed ? column : row, y = slot.transposed ? row : column;
              expected.push_back(
                  column < n && row < k
                      ? static_cast<float>(((b + offsets[0]) * 5 + x + offsets[1]) * 7 + y +
                                           offsets[2])
                      : 0.0f);
            }
          }
        }
      }
    }
    EXPECT_EQ(floats(loaded->weights[i]), expected) << i;
  }
}

TEST(Loader, FillsRepeatedValues) {
  PackageFolder folder = oneRank("filled");
  folder.manifest.weights = {
      {"c", DType::kF32, {3, 5}, {}, "", {}, "00002040"}};  // 2.5, little-endian
  folder.manifest.programs[0].weights = {{"c", 0, {}, WeightLayout::kPlain, false, 0},
                                         {"c", 0, {}, WeightLayout::kPanels, false, 4}};
  folder.write();
  StatusOr<LoadedProgram> loaded = load(folder);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(floats(loaded->weights[0]), std::vector<float>(15, 2.5f));
  std::vector<float> expected(24, 2.5f);
  for (size_t row = 0; row < 3; ++row)
    std::fill_n(expected.begin() + static_cast<long>(12 + row * 4 + 1), 3, 0.0f);
  EXPECT_EQ(floats(loaded->weights[1]), expected);
}

TEST(Loader, WeightsOutsideThePackageAreChecked) {
  const std::string external = testing::TempDir() + "/external.bin";
  std::ofstream(external, std::ios::binary) << std::string(64, 'a');
  PackageFolder folder = oneRank("external");
  folder.manifest.weights = {{"e", DType::kU8, {60}, {}, external, {4}}};
  folder.manifest.programs[0].weights = {{"e", 0, {}, WeightLayout::kPlain, false, 0}};
  folder.write();
  ASSERT_TRUE(load(folder).ok()) << load(folder).status().message();
  flipByte(external, 30);
  EXPECT_NE(load(folder).status().message().find(external), std::string::npos);
  fs::resize_file(external, 63);
  EXPECT_NE(load(folder).status().message().find("cut short"), std::string::npos);
  fs::remove(external);
  EXPECT_NE(load(folder).status().message().find(external), std::string::npos);
}

TEST(Loader, DamageIsNoticedAndNamed) {
  for (const char* name : {"rank0.so", "weights.bin", "weight_hashes", "plan.json"}) {
    PackageFolder folder = oneRank("damaged");
    folder.addWeight("w", DType::kF32, {4, 4}, countingUp(16), 0);
    folder.manifest.programs[0].weights = {{"w", 0, {}, WeightLayout::kPlain, false, 0}};
    folder.write();
    ASSERT_TRUE(load(folder).ok()) << load(folder).status().message();
    for (int64_t at : {int64_t{0}, static_cast<int64_t>(fs::file_size(folder.file(name))) / 2}) {
      flipByte(folder.file(name), at);
      const Status status = load(folder).status();
      EXPECT_EQ(status.code(), StatusCode::kInvalid);
      EXPECT_NE(status.message().find(name), std::string::npos) << status.message();
      flipByte(folder.file(name), at);
    }
    ASSERT_TRUE(load(folder).ok());
    fs::resize_file(folder.file(name), fs::file_size(folder.file(name)) - 1);
    EXPECT_NE(load(folder).status().message().find(name), std::string::npos);
    fs::remove(folder.file(name));
    EXPECT_NE(load(folder).status().message().find(name), std::string::npos);
  }
}

TEST(Loader, RefusesOtherVersionsAndFeatures) {
  PackageFolder folder = oneRank("versions");
  folder.manifest.programs[0].cpu_features = {"sse2", "no_such_feature"};
  folder.write();
  EXPECT_NE(
      load(folder).status().message().find("compiled for no_such_feature, which this CPU lacks"),
      std::string::npos);
  folder.manifest.programs[0].cpu_features = {"sse2"};
  folder.manifest.programs[0].cpu = "aarch64";
  folder.write();
  EXPECT_NE(load(folder).status().message().find("compiled for aarch64, this CPU is x86-64"),
            std::string::npos);
  folder.manifest.programs[0].cpu = "x86-64";
  folder.manifest.abi_version = 77;
  folder.write();
  EXPECT_NE(load(folder).status().message().find("abi_version is 77"), std::string::npos);
}

// What the code finds behind its pointers is what it was compiled for.
TEST(Loader, AProgramThatWasCompiledForSomethingElseIsRefused) {
  const auto expectRefused = [](PackageFolder& folder) {
    folder.writeManifest();
    EXPECT_NE(load(folder).status().message().find("rank0.so was compiled for other"),
              std::string::npos)
        << load(folder).status().message();
  };
  const auto whole = [] {
    PackageFolder folder = oneRank("interface");
    folder.addWeight("w", DType::kF32, {4, 4}, countingUp(16), 128);
    Manifest& manifest = folder.manifest;
    manifest.inputs = manifest.outputs = {{"x", DType::kF32, {"n", "4"}}};
    manifest.states = {{{"s", DType::kF32, {"past", "4"}}, "past + n"}};
    Program& program = manifest.programs[0];
    program.symbols = {"n", "past"};
    program.inputs.resize(1);
    program.inputs[0].spec = manifest.inputs[0];
    program.outputs.resize(1);
    program.outputs[0].spec = manifest.outputs[0];
    program.weights = {{"w", 0, {}, WeightLayout::kPanels, false, 4}};
    program.states = {{manifest.states[0].spec, 0}};
    folder.write();
    EXPECT_TRUE(load(folder).ok()) << load(folder).status().message();
    return folder;
  };
  const std::vector<std::function<void(Manifest&)>> damages = {
      [](Manifest& m) { m.programs[0].symbols.pop_back(); },
      [](Manifest& m) { m.programs[0].inputs.clear(); },
      [](Manifest& m) { m.programs[0].outputs.clear(); },
      [](Manifest& m) { m.programs[0].weights.clear(); },
      [](Manifest& m) { m.programs[0].states.clear(); },
      [](Manifest& m) { m.programs[0].weights[0].panel = 2; },
      [](Manifest& m) { m.weights[0].shape = {2, 4}; },
      [](Manifest& m) { m.states[0].next = "past"; },
      [](Manifest& m) {
        m.outputs[0].dims[0] = "1";
        m.programs[0].outputs[0].spec.dims[0] = "1";
      }};
  for (const auto& damage : damages) {
    PackageFolder folder = whole();
    damage(folder.manifest);
    expectRefused(folder);
  }
}

TEST(Loader, AFolderWithoutAManifestIsNoPackage) {
  EXPECT_EQ(Package::open(testing::TempDir() + "/nowhere").status().code(), StatusCode::kInvalid);
  EXPECT_NE(Package::open(testing::TempDir()).status().message().find("manifest.json"),
            std::string::npos);
}

TEST(Loader, AFileThatIsNoProgramIsRefused) {
  PackageFolder folder = oneRank("text");
  fs::remove(folder.file("rank0.so"));
  std::ofstream(folder.file("rank0.so")) << "not an object";
  folder.write();
  EXPECT_NE(load(folder).status().message().find("rank0.so"), std::string::npos);
}

}  // namespace
}  // namespace mlc::package
