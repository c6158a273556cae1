// Models on the fake GPU alone, and planned over a CPU and a fake GPU, give what ONNX Runtime
// computes.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "compiler/import/onnx/tensor_file.h"
#include "compiler/pipeline.h"
#include "runtime/api/session.h"

namespace mlc {
namespace {

namespace fs = std::filesystem;
using partition::Device;

struct Job {
  std::string model;
  std::string name;  // of the layout
  std::vector<Device::Kind> kinds;
  partition::SearchOptions search;
};

constexpr auto kCpu = Device::Kind::kCpu, kFake = Device::Kind::kFake, kCuda = Device::Kind::kCuda;

partition::DeviceModel devicesOf(const std::vector<Device::Kind>& kinds) {
  partition::DeviceModel model;
  for (Device::Kind kind : kinds) {
    Device device;
    device.name = "device " + std::to_string(model.devices.size());
    device.kind = kind;
    device.peakFlops[DType::kF32] = 1e10;
    model.devices.push_back(device);
  }
  return model;
}

std::vector<Job> jobs() {
  std::vector<Job> all;
  for (const char* model :
       {"bert", "cnn", "gpt2", "if_branch", "linear", "llama", "loop", "mlp", "qdq", "qdq_cnn"}) {
    all.push_back({model, "fake", {kFake}, {}});
  }
  for (const char* model : {"bert", "gpt2", "mlp", "cnn", "qdq_cnn"}) {
    all.push_back(
        {model, "tp", {kCpu, kFake}, {.dp = 1, .pp = 1, .tp = 2, .keepDeviceOrder = true}});
    all.push_back(
        {model, "pp", {kFake, kCpu}, {.dp = 1, .pp = 2, .tp = 1, .keepDeviceOrder = true}});
    all.push_back(
        {model, "dp", {kCpu, kFake}, {.dp = 2, .pp = 1, .tp = 1, .keepDeviceOrder = true}});
  }
  return all;
}

std::vector<HostTensor> readTensors(const fs::path& folder, const std::string& kind) {
  std::vector<HostTensor> tensors;
  for (int i = 0;; ++i) {
    const fs::path file = folder / (kind + "_" + std::to_string(i) + ".pb");
    if (!fs::exists(file)) return tensors;
    auto tensor = onnx_import::readTensorFile(file.string());
    EXPECT_TRUE(tensor.ok()) << tensor.status().message();
    tensors.push_back(*tensor);
  }
}

void expectClose(const HostTensor& actual, const HostTensor& expected) {
  ASSERT_EQ(actual.shape(), expected.shape());
  ASSERT_EQ(actual.dtype(), expected.dtype());
  if (expected.dtype() != DType::kF32) {
    EXPECT_EQ(std::memcmp(actual.raw(), expected.raw(), expected.bytes()), 0);
    return;
  }
  for (int64_t i = 0; i < expected.numElements(); ++i) {
    const float a = actual.data<float>()[i], e = expected.data<float>()[i];
    ASSERT_NEAR(a, e, 2e-5 + 1e-4 * std::abs(e)) << "element " << i;
  }
}

class MixedDevices : public testing::TestWithParam<Job> {};

TEST_P(MixedDevices, GiveTheModelsOutputs) {
  const Job& job = GetParam();
  const fs::path folder = fs::path("tests/models") / job.model;
  const std::string package = testing::TempDir() + job.model + "_" + job.name + ".mlcpkg";
  CompileOptions options;
  options.devices = devicesOf(job.kinds);
  options.search = job.search;
  auto report = compileModel((folder / "model.onnx").string(), options, package);
  ASSERT_TRUE(report.ok()) << report.status().message();

  auto session = api::Session::openThreads(package, {.threads = 1, .pin = false});
  ASSERT_TRUE(session.ok()) << session.status().message();
  const package::Manifest& manifest = (*session)->manifest();
  ASSERT_EQ(manifest.ranks.size(), job.kinds.size());
  for (size_t rank = 0; rank < job.kinds.size(); ++rank) {
    const package::RankEntry& entry = manifest.ranks[rank];
    EXPECT_EQ(entry.device, job.kinds[rank] == kFake ? "fake:0" : "cpu");
    ASSERT_GE(entry.program, 0);
    const package::Program& program = manifest.programs[static_cast<size_t>(entry.program)];
    EXPECT_EQ(program.device_kernels.empty(), job.kinds[rank] != kFake);
  }
  const std::vector<HostTensor> inputs = readTensors(folder, "input");
  const std::vector<HostTensor> expected = readTensors(folder, "output");
  ASSERT_FALSE(expected.empty());
  for (int run = 0; run < 2; ++run) {
    auto outputs = (*session)->run(inputs);
    ASSERT_TRUE(outputs.ok()) << outputs.status().message();
    ASSERT_EQ(outputs->size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      SCOPED_TRACE("output " + std::to_string(i));
      expectClose((*outputs)[i], expected[i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, MixedDevices, testing::ValuesIn(jobs()),
                         [](const auto& info) { return info.param.model + "_" + info.param.name; });

TEST(MixedDevices, APackageForAGpuHasItsPtx) {
  CompileOptions options;
  options.devices = devicesOf({kCuda, kCuda});
  options.devices.devices[1].arch = "sm_90a";
  options.search = {.dp = 1, .pp = 2, .tp = 1, .keepDeviceOrder = true};
  const std::string path = testing::TempDir() + "gpu.mlcpkg";
  auto report = compileModel("tests/models/mlp/model.onnx", options, path);
  ASSERT_TRUE(report.ok()) << report.status().message();
  auto package = package::Package::open(path);
  ASSERT_TRUE(package.ok()) << package.status().message();
  const package::Manifest& manifest = (*package)->manifest();
  for (size_t rank = 0; rank < 2; ++rank) {
    EXPECT_EQ(manifest.ranks[rank].device, "cuda:" + std::to_string(rank));
    const package::Program& program =
        manifest.programs[static_cast<size_t>(manifest.ranks[rank].program)];
    EXPECT_EQ(program.target, "cuda");
    EXPECT_EQ(program.ptx, "program_" + std::to_string(rank) + ".ptx");
    EXPECT_GT(fs::file_size((*package)->pathOf(program.ptx)), 1000u);
    EXPECT_FALSE(program.device_kernels.empty());
  }
}

}  // namespace
}  // namespace mlc
