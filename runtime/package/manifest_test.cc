#include "runtime/package/manifest.h"

#include <gtest/gtest.h>

#include <functional>

#include "runtime/abi/abi.h"
#include "runtime/package/validate_manifest.h"

namespace mlc::package {
namespace {

// A manifest with something in every field.
Manifest fullManifest() {
  Manifest manifest;
  manifest.abi_version = MLC_ABI_VERSION;
  manifest.producer = "mlc 1";
  manifest.model = "model.onnx";
  manifest.inputs = {{"x", DType::kBF16, {"batch", "8"}}};
  manifest.outputs = {{"y", DType::kF32, {"batch"}}};
  manifest.dp = 2;
  manifest.dp_shares = {2, 1};
  manifest.microbatches = 3;
  manifest.plan = "plan.json";
  manifest.files = {{"rank0.so", 10, "aa"}, {"plan.json", 2, "bb"}};
  manifest.weights = {{"w", DType::kF32, {4, 4}, "/data/model.bin", 64, "", "cc"},
                      {"c", DType::kI8, {2}, "", 0, "7f", ""}};
  Program program;
  program.target = "cpu";
  program.object = "rank0.so";
  program.cpu_features = {"avx2"};
  program.symbols = {"batch"};
  ProgramInput input;
  input.spec = manifest.inputs[0];
  input.splits = {{0, "dp", {2, 1}}};
  program.inputs = {input};
  ProgramOutput output;
  output.spec = manifest.outputs[0];
  output.splits = input.splits;
  program.outputs = {output};
  program.weights = {{"w", 0, {{1, "tp", {1}}}, WeightLayout::kPanels, true, 16, 4}};
  program.device_kernels = {{"k0"}};
  manifest.programs = {program};
  manifest.ranks = {{0, "cpu"}, {-1, "cpu"}};
  manifest.predicted_ms = 1.5;
  return manifest;
}

TEST(Manifest, WhatIsPrintedIsRead) {
  const std::string text = printManifest(fullManifest());
  StatusOr<Manifest> read = parseManifest(text);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(printManifest(*read), text);
  EXPECT_EQ(read->programs[0].weights[0].panel, 16);
  EXPECT_EQ(read->programs[0].weights[0].group, 4);
  EXPECT_EQ(read->inputs[0].dtype, DType::kBF16);
  EXPECT_EQ(read->weights[1].fill, "7f");
  EXPECT_TRUE(validateManifest(*read).ok()) << validateManifest(*read).message();
}

TEST(Manifest, EveryMissingKeyIsNamed) {
  const std::string text = printManifest(fullManifest());
  for (const char* key :
       {"abi_version", "programs", "cpu_features", "panel", "shares", "checksum", "fill"}) {
    std::string damaged = text;
    const std::string quoted = std::string("\"") + key + "\"";
    damaged.replace(damaged.find(quoted), quoted.size(), "\"gone\"");
    StatusOr<Manifest> read = parseManifest(damaged);
    ASSERT_FALSE(read.ok()) << key;
    EXPECT_NE(read.status().message().find(key), std::string::npos) << read.status().message();
  }
}

TEST(Manifest, DamagedTextIsAnError) {
  const std::string text = printManifest(fullManifest());
  for (size_t length = 0; length + 2 < text.size(); length += 7) {
    EXPECT_FALSE(parseManifest(text.substr(0, length)).ok());
  }
  EXPECT_FALSE(parseManifest("[]").ok());
  std::string wrongType = text;
  wrongType.replace(wrongType.find("\"dp\": 2"), 7, "\"dp\": []");
  EXPECT_NE(parseManifest(wrongType).status().message().find("dp"), std::string::npos);
}

TEST(ValidateManifest, RefusesWhatMakesNoSense) {
  const std::vector<std::pair<std::string, std::function<void(Manifest&)>>> damages = {
      {"format version", [](Manifest& m) { m.format_version = 99; }},
      {"ABI version", [](Manifest& m) { m.abi_version = 99; }},
      {"ranks", [](Manifest& m) { m.ranks.pop_back(); }},
      {"microbatches", [](Manifest& m) { m.microbatches = 0; }},
      {"program", [](Manifest& m) { m.ranks[0].program = 7; }},
      {"outside", [](Manifest& m) { m.files[0].path = "../x"; }},
      {"outside", [](Manifest& m) { m.weights[0].file = "../x"; }},
      {"target", [](Manifest& m) { m.programs[0].target = "tpu"; }},
      {"files", [](Manifest& m) { m.programs[0].object = "absent.so"; }},
      {"nowhere", [](Manifest& m) { m.programs[0].inputs[0].index = 1; }},
      {"nowhere", [](Manifest& m) { m.programs[0].outputs[0].index = -1; }},
      {"shares", [](Manifest& m) { m.programs[0].inputs[0].splits[0].shares = {1}; }},
      {"dim", [](Manifest& m) { m.programs[0].inputs[0].splits[0].dim = 2; }},
      {"dimension", [](Manifest& m) { m.inputs[0].dims[0] = "batch +"; }},
      {"do not fit", [](Manifest& m) { m.programs[0].weights[0].splits[0].shares = {3}; }},
      {"do not fit", [](Manifest& m) { m.programs[0].weights[0].splits = {{0, "dp", {1, 1}}}; }},
      {"along a dim", [](Manifest& m) { m.programs[0].weights[0].splits[0].dim = 2; }},
      {"panel", [](Manifest& m) { m.programs[0].weights[0].panel = 0; }},
      {"weight", [](Manifest& m) { m.programs[0].weights[0].source = 9; }},
      {"shape", [](Manifest& m) { m.weights[0].shape = {int64_t{1} << 40, int64_t{1} << 40}; }},
      {"value", [](Manifest& m) { m.weights[1].fill = "7"; }},
  };
  for (const auto& [word, damage] : damages) {
    Manifest manifest = fullManifest();
    damage(manifest);
    const Status status = validateManifest(manifest);
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << word;
    EXPECT_NE(status.message().find(word), std::string::npos) << word << ": " << status.message();
  }
}

}  // namespace
}  // namespace mlc::package
