#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "runtime/api/mlc.hpp"
#include "runtime/package/package_folder.h"

namespace mlc::client {
namespace {

using package::PackageFolder;

// y = relu(x * w), the inner dim of 4 split over tp; w counts up from -5.
PackageFolder matmulPackage(int tp) {
  PackageFolder folder("api_matmul" + std::to_string(tp));
  folder.addFile("runtime/executor/matmul_program.so", "matmul.so");
  std::vector<float> w(12);
  std::iota(w.begin(), w.end(), -5.0f);
  folder.addWeight("w", DType::kF32, {4, 3}, w, 0);
  folder.manifest.tp = tp;
  folder.manifest.inputs = {{"x", DType::kF32, {"batch", "4"}}};
  folder.manifest.outputs = {{"y", DType::kF32, {"batch", "3"}}};
  for (int rank = 0; rank < tp; ++rank) {
    package::Program program;
    program.target = "cpu";
    program.object = "matmul.so";
    program.symbols = {"batch", "k"};
    package::ProgramInput input;
    input.spec = {"x", DType::kF32, {"batch", "k"}};
    input.splits = {{1, "tp", std::vector<int64_t>(static_cast<size_t>(tp), 1)}};
    program.inputs = {input};
    package::ProgramOutput output;
    output.spec = folder.manifest.outputs[0];
    program.outputs = {output};
    program.weights = {
        {"w", 0, {{0, "tp", input.splits[0].shares}}, package::WeightLayout::kPlain, false, 0}};
    folder.manifest.programs.push_back(program);
    folder.manifest.ranks.push_back({rank, "cpu"});
  }
  folder.write();
  return folder;
}

// y = the running sums of the rows of x, over all runs of a sequence, on each of two ranks.
PackageFolder runningSumPackage() {
  PackageFolder folder("api_running_sum");
  folder.addFile("runtime/executor/running_sum_program.so", "sum.so");
  folder.manifest.tp = 2;
  folder.manifest.inputs = {{"x", DType::kF32, {"seq", "columns"}}};
  folder.manifest.outputs = {{"y", DType::kF32, {"seq", "columns"}}};
  folder.manifest.states = {{{"rows", DType::kF32, {"past", "columns"}}, "past + seq"}};
  package::Program program;
  program.target = "cpu";
  program.object = "sum.so";
  program.symbols = {"columns", "past", "seq"};
  program.inputs.resize(1);
  program.inputs[0].spec = folder.manifest.inputs[0];
  program.outputs.resize(1);
  program.outputs[0].spec = folder.manifest.outputs[0];
  program.states = {{folder.manifest.states[0].spec, 0}};
  folder.manifest.programs = {program};
  folder.manifest.ranks = {{0, "cpu"}, {0, "cpu"}};
  folder.write();
  return folder;
}

constexpr float kX[8] = {1, 2, 3, 4, -1, 0, 1, 0};
// Worked out by hand: rows of x times w's columns (-5 -2 1 4), (-4 -1 2 5), (-3 0 3 6).
constexpr float kY[6] = {10, 20, 30, 6, 6, 6};

TEST(Api, RunsAModelOnOneAndSeveralRanks) {
  for (int tp : {1, 2, 4}) {
    Model model(matmulPackage(tp).path(), {.threads = 2, .no_pin = 0});
    ASSERT_EQ(model.inputCount(), 1);
    ASSERT_EQ(model.outputCount(), 1);
    EXPECT_STREQ(model.input(0).name, "x");
    EXPECT_STREQ(model.input(0).dims[0], "batch");
    EXPECT_EQ(model.output(0).rank, 2);
    for (int run = 0; run < 50; ++run) {
      const Outputs outputs = model.run({{MLC_F32, {2, 4}, kX}});
      ASSERT_EQ(outputs.size(), 1);
      EXPECT_EQ(outputs[0].shape[0], 2);
      EXPECT_TRUE(std::equal(kY, kY + 6, static_cast<const float*>(outputs[0].data)));
    }
    EXPECT_GT(model.statistics().milliseconds, 0);
    EXPECT_EQ(model.statistics().arena_bytes, 2 * 3 * 4);
    EXPECT_GT(model.statistics().peak_resident_bytes, 0);
  }
}

TEST(Api, SharesTheHostsCoresByDefault) {
  Model model(matmulPackage(2).path());
  EXPECT_EQ(model.run({{MLC_F32, {2, 4}, kX}}).size(), 1);
}

TEST(Api, ErrorsHaveCodesAndMessages) {
  Model model(matmulPackage(2).path());
  auto codeOf = [&](const std::vector<Input>& inputs) {
    try {
      model.run(inputs);
    } catch (const Error& error) {
      return error.code();
    }
    return 0;
  };
  EXPECT_EQ(codeOf({}), MLC_ERROR_INVALID);
  EXPECT_EQ(codeOf({{MLC_F64, {2, 4}, kX}}), MLC_ERROR_INVALID);
  EXPECT_EQ(codeOf({{MLC_F32, {2, 2}, kX}}), MLC_ERROR_INVALID);
  EXPECT_EQ(codeOf({{MLC_F32, {-2, 4}, kX}}), MLC_ERROR_INVALID);
  EXPECT_EQ(codeOf({{MLC_F32, {2, 4}, kX}}), 0);
}

float lastOf(const Outputs& outputs) {
  return static_cast<const float*>(outputs[0].data)[outputs[0].shape[0] - 1];
}

TEST(Api, SequencesGoOnFromRunToRun) {
  Model model(runningSumPackage().path(), {.threads = 1, .no_pin = 1});
  ASSERT_EQ(model.stateCount(), 1);
  EXPECT_STREQ(model.state(0).name, "rows");
  EXPECT_STREQ(model.state(0).dims[0], "past");
  const float rows[3] = {1, 2, 3};
  Sequence a = model.sequence(), b = model.sequence(/*maxRows=*/4);
  EXPECT_EQ(lastOf(a.run({{MLC_F32, {3, 1}, rows}})), 6);
  EXPECT_EQ(lastOf(b.run({{MLC_F32, {1, 1}, rows}})), 1);
  Sequence fork = a.copy();
  EXPECT_EQ(lastOf(a.run({{MLC_F32, {2, 1}, rows}})), 9);
  EXPECT_EQ(lastOf(fork.run({{MLC_F32, {1, 1}, rows + 2}})), 9);
  EXPECT_EQ(lastOf(model.run({{MLC_F32, {1, 1}, rows}})), 1);
  EXPECT_EQ(lastOf(b.run({{MLC_F32, {3, 1}, rows}})), 7);
  EXPECT_EQ(a.length(), 5);
  EXPECT_EQ(fork.length(), 4);
  EXPECT_THROW(b.run({{MLC_F32, {1, 1}, rows}}), Error);
  EXPECT_EQ(b.length(), 4);
  // The one that was there is dropped.
  b = model.sequence();
  EXPECT_EQ(lastOf(b.run({{MLC_F32, {1, 1}, rows + 1}})), 2);
}

int32_t codeOf(mlc_error* error) {
  const int32_t code = error ? mlc_error_code(error) : 0;
  mlc_error_free(error);
  return code;
}

TEST(Api, ASequenceThatIsNotThereIsAnError) {
  const PackageFolder folder = runningSumPackage();
  mlc_session* session = nullptr;
  ASSERT_EQ(codeOf(mlc_open(folder.path().c_str(), nullptr, &session)), 0);
  mlc_sequence sequence = 0, copy = 0;
  mlc_sequence_options options = {sizeof(options), -1};
  EXPECT_EQ(codeOf(mlc_sequence_create(session, &options, &sequence)), MLC_ERROR_USAGE);
  options = {4, 0};
  EXPECT_EQ(codeOf(mlc_sequence_create(session, &options, &sequence)), MLC_ERROR_USAGE);
  ASSERT_EQ(codeOf(mlc_sequence_create(session, nullptr, &sequence)), 0);
  ASSERT_EQ(codeOf(mlc_sequence_drop(session, sequence)), 0);
  const int64_t shape[2] = {1, 1};
  const mlc_tensor row = {MLC_F32, 2, shape, kX};
  mlc_result* result = nullptr;
  int64_t length = 0;
  for (mlc_sequence missing : {sequence, mlc_sequence{0}, mlc_sequence{-1}, mlc_sequence{77}}) {
    EXPECT_EQ(codeOf(mlc_run_sequence(session, missing, &row, 1, &result)), MLC_ERROR_INVALID);
    EXPECT_EQ(codeOf(mlc_sequence_copy(session, missing, &copy)), MLC_ERROR_INVALID);
    EXPECT_EQ(codeOf(mlc_sequence_drop(session, missing)), MLC_ERROR_INVALID);
    EXPECT_EQ(codeOf(mlc_sequence_length(session, missing, &length)), MLC_ERROR_INVALID);
  }
  EXPECT_EQ(mlc_state(session, 1), nullptr);
  ASSERT_EQ(codeOf(mlc_run(session, &row, 1, &result)), 0);
  mlc_result_free(result);
  mlc_close(session);
}

TEST(Api, APackageThatIsNotThereOrDamagedIsAnError) {
  mlc_session* session = nullptr;
  mlc_error* error = mlc_open("/nowhere.mlcpkg", nullptr, &session);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(mlc_error_code(error), MLC_ERROR_INVALID);
  EXPECT_NE(std::string(mlc_error_message(error)).find("/nowhere.mlcpkg"), std::string::npos);
  mlc_error_free(error);
  const PackageFolder folder = matmulPackage(2);
  std::filesystem::remove(folder.file("weights.bin"));
  EXPECT_THROW(Model{folder.path()}, Error);
}

// Only one of the ranks cannot load: the others end too.
TEST(Api, AnErrorOfOneRankEndsTheOpening) {
  PackageFolder folder = matmulPackage(4);
  folder.manifest.programs[2].cpu_features = {"no_such_feature"};
  folder.write();
  try {
    Model model(folder.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), MLC_ERROR_INVALID);
    EXPECT_NE(std::string(error.what()).find("rank 2"), std::string::npos) << error.what();
  }
}

// Words, twice each; the first tensor of a sequence; an optional as it is.
PackageFolder referencesPackage(int tp) {
  PackageFolder folder("api_references" + std::to_string(tp));
  folder.addFile("runtime/executor/references_program.so", "references.so");
  folder.manifest.tp = tp;
  folder.manifest.inputs = {{"w", DType::kString, {"n"}, ""},
                            {"s", DType::kSequence, {}, "f32"},
                            {"o", DType::kOptional, {}, "sequence(string)"}};
  folder.manifest.outputs = {{"twice", DType::kString, {"n"}, ""},
                             {"first", DType::kOptional, {}, "f32"},
                             {"same", DType::kOptional, {}, "sequence(string)"}};
  package::Program program;
  program.target = "cpu";
  program.object = "references.so";
  program.symbols = {"n"};
  for (int i = 0; i < 3; ++i) {
    package::ProgramInput input;
    input.spec = folder.manifest.inputs[static_cast<size_t>(i)];
    input.index = i;
    program.inputs.push_back(input);
    package::ProgramOutput output;
    output.spec = folder.manifest.outputs[static_cast<size_t>(i)];
    output.index = i;
    program.outputs.push_back(output);
  }
  folder.manifest.programs = {program};
  folder.manifest.ranks.assign(static_cast<size_t>(tp), {0, "cpu"});
  folder.write();
  return folder;
}

std::string textOf(const mlc_string& string) {
  return {string.text, static_cast<size_t>(string.bytes)};
}

TEST(Api, TakesAndGivesStringsSequencesAndOptionals) {
  const int64_t two = 2, four = 4;
  const mlc_string words[] = {{"a", 1}, {"b\0c", 3}};
  const mlc_tensor tensors[] = {{MLC_F32, 1, &four, kX}, {MLC_F32, 1, &two, kY}};
  const mlc_items items = {2, tensors};
  const mlc_tensor texts = {MLC_STRING, 1, &two, words};
  const mlc_items sequence = {1, &texts};
  const mlc_tensor held = {MLC_SEQUENCE, 0, nullptr, &sequence};
  for (int tp : {1, 2}) {
    Model model(referencesPackage(tp).path(), {.threads = 2, .no_pin = 0});
    EXPECT_EQ(model.input(0).holds, nullptr);
    EXPECT_STREQ(model.input(1).holds, "f32");
    EXPECT_STREQ(model.output(2).holds, "sequence(string)");
    for (const mlc_tensor* value : {&held, static_cast<const mlc_tensor*>(nullptr)}) {
      const Outputs outputs = model.run(
          {{MLC_STRING, {2}, words}, {MLC_SEQUENCE, {}, &items}, {MLC_OPTIONAL, {}, value}});
      const auto* twice = static_cast<const mlc_string*>(outputs[0].data);
      EXPECT_EQ(textOf(twice[0]), "aa");
      EXPECT_EQ(textOf(twice[1]), std::string("b\0cb\0c", 6));
      const auto* first = static_cast<const mlc_tensor*>(outputs[1].data);
      ASSERT_NE(first, nullptr);
      ASSERT_EQ(first->rank, 1);
      EXPECT_EQ(first->shape[0], 4);
      EXPECT_TRUE(std::equal(kX, kX + 4, static_cast<const float*>(first->data)));
      const auto* same = static_cast<const mlc_tensor*>(outputs[2].data);
      ASSERT_EQ(same == nullptr, value == nullptr);
      if (!value) continue;
      const auto* inner = static_cast<const mlc_items*>(same->data);
      ASSERT_EQ(inner->count, 1);
      EXPECT_EQ(textOf(static_cast<const mlc_string*>(inner->tensors[0].data)[0]), "a");
    }
  }
}

TEST(Api, RefusesValuesThatAreNoneOfTheModels) {
  const int64_t four = 4;
  const double numbers[4] = {};
  const mlc_string words[] = {{"a", 1}};
  const mlc_tensor other = {MLC_F64, 1, &four, numbers};
  const mlc_items none = {0, nullptr}, others = {1, &other};
  Model model(referencesPackage(2).path(), {.threads = 1, .no_pin = 0});
  auto messageOf = [&](const mlc_items* items) {
    try {
      model.run({{MLC_STRING, {1}, words}, {MLC_SEQUENCE, {}, items}, {MLC_OPTIONAL, {}, nullptr}});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), MLC_ERROR_INVALID);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(messageOf(&others).find("'s' should be sequence(f32)"), std::string::npos);
  EXPECT_NE(messageOf(nullptr).find("input 1 is a sequence without"), std::string::npos);
  // Found by the program; the session goes on.
  const std::string refusal = "node 'pick': position 0 is out of range: the sequence has 0 tensors";
  EXPECT_NE(messageOf(&none).find(refusal), std::string::npos);
}

}  // namespace
}  // namespace mlc::client
