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

}  // namespace
}  // namespace mlc::client
