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
  manifest.files = {{"rank0.so", 10, "aa"}, {"plan.json", 2, "bb"}, {"weight_hashes", 64, "cc"}};
  manifest.weight_hashes = "weight_hashes";
  manifest.weights = {{"w", DType::kF32, {4, 4}, {{1, "tp", {1}}}, "/data/model.bin", {64}, "", 1},
                      {"c", DType::kI8, {2}, {}, "", {}, "7f"}};
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
      {"value", [](Manifest& m) { m.weights[1].offsets = {0}; }},
      {"offsets", [](Manifest& m) { m.weights[0].offsets = {}; }},
      {"offsets", [](Manifest& m) { m.weights[0].offsets = {0, 64}; }},
      {"offsets", [](Manifest& m) { m.weights[0].offsets = {-2}; }},
      {"first_hash", [](Manifest& m) { m.weights[0].first_hash = -1; }},
      {"first_hash", [](Manifest& m) { m.weights[0].first_hash = 2; }},
      {"first_hash", [](Manifest& m) { m.weights[0].first_hash = INT64_MAX; }},
      {"first_hash", [](Manifest& m) { m.weight_hashes = ""; }},
      {"first_hash", [](Manifest& m) { m.weights[0].shape = {1 << 20, 1 << 20}; }},
      {"weight_hashes", [](Manifest& m) { m.weight_hashes = "absent"; }},
      {"no checksum", [](Manifest& m) { m.files[0].checksum = ""; }},
      {"no checksum", [](Manifest& m) { m.files[1].checksum = ""; }},
      {"no checksum", [](Manifest& m) { m.files[2].checksum = ""; }},
      {"otherwise", [](Manifest& m) { m.weights[0].splits[0].dim = 0; }},
      {"along a dim", [](Manifest& m) { m.weights[0].splits[0].dim = 2; }},
      {"do not fit", [](Manifest& m) { m.weights[0].splits[0].shares = {3}; }},
      {"do not fit", [](Manifest& m) { m.weights[0].splits = {{0, "dp", {1, 1}}}; }},
      {"inside of a byte",
       [](Manifest& m) {
         m.dp = 1, m.tp = 2, m.dp_shares = {}, m.ranks = {{-1, "cpu"}, {-1, "cpu"}};
         m.weights[0] = {"w", DType::kI4, {3, 2}, {{1, "tp", {1, 1}}}, "/data/model.bin", {0}};
       }},
      {"microbatches", [](Manifest& m) { m.microbatches = 1 << 30; }},
      {"dp_shares", [](Manifest& m) { m.dp_shares = {1}; }},
      {"dp_shares", [](Manifest& m) { m.dp_shares = {0, 0}; }},
      {"dp_shares", [](Manifest& m) { m.dp_shares = {-1, 2}; }},
      {"dp_shares", [](Manifest& m) { m.dp_shares = {INT64_MAX, 1}; }},
      {"plan", [](Manifest& m) { m.plan = "/dev/zero"; }},
      {"outside", [](Manifest& m) { m.files[0].path = "a/b"; }},
      {"bytes", [](Manifest& m) { m.files[0].bytes = -1; }},
      {"twice", [](Manifest& m) { m.files.push_back(m.files[0]); }},
      {"device", [](Manifest& m) { m.ranks[0].device = "cuda:0"; }},
      {"panel", [](Manifest& m) { m.programs[0].weights[0].panel = int64_t{1} << 62; }},
      {"panel", [](Manifest& m) { m.programs[0].weights[0].group = int64_t{1} << 62; }},
      {"panel",
       [](Manifest& m) {
         m.weights[0].dtype = DType::kI4;
         m.programs[0].weights[0].panel = 3;
       }},
      {"shape", [](Manifest& m) { m.weights[0].shape = {0, INT64_MAX, INT64_MAX}; }},
      {"objects", [](Manifest& m) { m.weights[0].dtype = DType::kString; }},
      {"dtype", [](Manifest& m) { m.programs[0].inputs[0].spec.dtype = DType::kF64; }},
      {"dtype", [](Manifest& m) { m.programs[0].outputs[0].spec.dtype = DType::kF64; }},
      {"other dims",
       [](Manifest& m) { m.outputs[0].dims = {"8"}, m.programs[0].outputs[0].splits.clear(); }},
      {"over tp", [](Manifest& m) { m.programs[0].outputs[0].splits = {{0, "tp", {1}}}; }},
      {"computed_symbols", [](Manifest& m) { m.computed_symbols = {"batch"}; }},
      {"no earlier stage",
       [](Manifest& m) {
         m.programs[0].inputs[0].kind = ProgramInput::Kind::kReceive;
         m.programs[0].inputs[0].splits.clear();
       }},
  };
  for (const auto& [word, damage] : damages) {
    Manifest manifest = fullManifest();
    damage(manifest);
    const Status status = validateManifest(manifest);
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << word;
    EXPECT_NE(status.message().find(word), std::string::npos) << word << ": " << status.message();
  }
}

// Two stages: the first sends h to the second.
Manifest pipelineManifest() {
  Manifest manifest = fullManifest();
  manifest.dp = 1;
  manifest.pp = 2;
  manifest.dp_shares = {};
  Program first = manifest.programs[0], second = first;
  first.inputs[0].splits.clear();
  first.outputs[0] = {ProgramOutput::Kind::kSend, {"h", DType::kF32, {"batch", "6"}}, 0, {}, 1, 2};
  second.inputs[0] = {ProgramInput::Kind::kReceive, first.outputs[0].spec, 0, {}, 0, 2};
  second.outputs[0].splits.clear();
  manifest.programs = {first, second};
  manifest.ranks = {{0, "cpu"}, {1, "cpu"}};
  return manifest;
}

// Else a run would wait for ever, or read beyond what was sent.
TEST(ValidateManifest, RefusesSendsAndReceivesThatDoNotMeet) {
  ASSERT_TRUE(validateManifest(pipelineManifest()).ok())
      << validateManifest(pipelineManifest()).message();
  const std::vector<std::pair<std::string, std::function<void(Manifest&)>>> damages = {
      {"receives what no", [](Manifest& m) { m.programs[1].inputs[0].channel = 9; }},
      {"receives what no", [](Manifest& m) { m.programs[1].inputs[0].from_stage = 1; }},
      {"receives what no", [](Manifest& m) { m.programs[0].outputs.clear(); }},
      {"receives what no", [](Manifest& m) { m.ranks[0].program = -1; }},
      {"does not receive", [](Manifest& m) { m.ranks[1].program = -1; }},
      {"does not receive", [](Manifest& m) { m.programs[1].inputs.clear(); }},
      {"no stage behind", [](Manifest& m) { m.programs[0].outputs[0].to_stage = 0; }},
      {"no stage behind", [](Manifest& m) { m.programs[0].outputs[0].to_stage = 2; }},
      {"stage", [](Manifest& m) { m.ranks[0].program = 1; }},
      {"other dims", [](Manifest& m) { m.programs[1].inputs[0].spec.dims[1] = "7"; }},
      {"other dims", [](Manifest& m) { m.programs[1].inputs[0].spec.dtype = DType::kF64; }},
      {"channel", [](Manifest& m) { m.programs[0].outputs.push_back(m.programs[0].outputs[0]); }},
      {"channel",
       [](Manifest& m) {
         m.programs[0].outputs[0].channel = m.programs[1].inputs[0].channel = INT32_MAX;
       }},
      {"references",
       [](Manifest& m) {
         m.programs[0].outputs[0].spec.dtype = m.programs[1].inputs[0].spec.dtype = DType::kString;
       }},
      {"along tp",
       [](Manifest& m) {
         m.tp = 2;
         m.ranks = {{0, "cpu"}, {0, "cpu"}, {1, "cpu"}, {-1, "cpu"}};
         for (Program& program : m.programs) program.weights[0].splits.clear();
         m.weights[0].splits.clear();
       }},
  };
  for (const auto& [words, damage] : damages) {
    Manifest manifest = pipelineManifest();
    damage(manifest);
    const Status status = validateManifest(manifest);
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << words;
    EXPECT_NE(status.message().find(words), std::string::npos) << words << ": " << status.message();
  }
}

TEST(Manifest, NumbersThatDoNotFitAreRefused) {
  const std::string text = printManifest(fullManifest());
  for (const auto& [old, value] : std::vector<std::pair<std::string, std::string>>{
           {"\"dp\": 2", "\"dp\": 4294967298"},
           {"\"dp\": 2", "\"dp\": 2.0"},
           {"\"dp\": 2", "\"dp\": true"},
           {"\"bytes\": 10", "\"bytes\": 18446744073709551615"},
           {"\"transposed\": true", "\"transposed\": 1"},
           {"\"predicted_ms\": 1.5", "\"predicted_ms\": null"}}) {
    std::string damaged = text;
    ASSERT_NE(damaged.find(old), std::string::npos) << old;
    damaged.replace(damaged.find(old), old.size(), value);
    const Status status = parseManifest(damaged).status();
    const std::string key = old.substr(1, old.find('"', 1) - 1);
    EXPECT_NE(status.message().find(key + " must be"), std::string::npos)
        << value << ": " << status.message();
  }
}

TEST(Manifest, OtherVersionsAndUnknownKeysAreRefused) {
  for (const char* key : {"format_version", "abi_version"}) {
    Manifest manifest = fullManifest();
    (key[0] == 'f' ? manifest.format_version : manifest.abi_version) = 99;
    const Status status = parseManifest(printManifest(manifest)).status();
    EXPECT_NE(status.message().find(std::string(key) + " is 99"), std::string::npos)
        << status.message();
  }
  std::string text = printManifest(fullManifest());
  text.replace(text.find("\"dim\""), 5, "\"extra\": 1, \"dim\"");
  EXPECT_NE(parseManifest(text).status().message().find("extra"), std::string::npos);
}

// File names need not be UTF-8, JSON must be.
TEST(Manifest, NamesThatAreNotTextArePrinted) {
  Manifest manifest = fullManifest();
  manifest.model = "m\xff.onnx";
  EXPECT_TRUE(parseManifest(printManifest(manifest)).ok());
}

}  // namespace
}  // namespace mlc::package
