#include "partitioner/device_model/device_model.h"

#include <gtest/gtest.h>

#include <thread>

#include "partitioner/device_model/measure.h"

namespace mlc::partition {
namespace {

constexpr char kTwo[] = R"({"devices": [
  {"name": "big", "peak_flops": {"f32": 8e11, "i8": 2e12}, "memory_bandwidth": 4e10, "threads": 8},
  {"name": "gpu", "kind": "cuda", "host": "b", "count": 2, "peak_flops": {"f32": 5e13}, "memory_bandwidth": 3e12}],
  "links": [{"between": ["gpu.1", "big"], "latency_seconds": 1e-5, "bandwidth": 2e9}]})";

std::string errorOf(const std::string& json) {
  auto model = parseDeviceModel(json);
  return model.ok() ? "" : model.status().message();
}

TEST(DeviceModel, ReadsDevicesCountsAndLinks) {
  auto model = parseDeviceModel(kTwo);
  ASSERT_TRUE(model.ok()) << model.status().message();
  ASSERT_EQ(model->devices.size(), 3u);
  EXPECT_EQ(model->devices[2].name, "gpu.1");
  EXPECT_EQ(model->devices[2].kind, Device::Kind::kCuda);
  EXPECT_EQ(model->devices[0].peak(DType::kI8), 2e12);
  EXPECT_EQ(model->devices[0].peak(DType::kF64), 4e11);
  EXPECT_EQ(model->link(2, 0).bandwidth, 2e9);
  EXPECT_EQ(model->link(0, 1).bandwidth, model->otherHost.bandwidth);
  EXPECT_EQ(model->link(1, 2).bandwidth, model->sameHost.bandwidth);
}

TEST(DeviceModel, KindsSayHowADeviceIsOpened) {
  auto model = parseDeviceModel(R"({"devices": [
      {"name": "cores", "peak_flops": {"f32": 1e11}, "memory_bandwidth": 1e10},
      {"name": "gpu", "kind": "cuda", "arch": "sm_90a", "count": 2, "peak_flops": {"f32": 5e13}, "memory_bandwidth": 3e12},
      {"name": "far", "kind": "cuda", "host": "b", "peak_flops": {"f32": 5e13}, "memory_bandwidth": 3e12},
      {"name": "pretended", "kind": "fake", "peak_flops": {"f32": 1e10}, "memory_bandwidth": 1e10}]})");
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->devices[2].arch, "sm_90a");
  EXPECT_EQ(model->devices[3].arch, "sm_80");
  EXPECT_EQ(model->devices[4].kind, Device::Kind::kFake);
  const char* const names[] = {"cpu", "cuda:0", "cuda:1", "cuda:0", "fake:0"};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(model->openName(i), names[i]) << i;
  EXPECT_EQ(printDeviceModel(*parseDeviceModel(printDeviceModel(*model))),
            printDeviceModel(*model));
  EXPECT_NE(
      errorOf(
          R"({"devices": [{"name": "a", "kind": "abacus", "memory_bandwidth": 1, "peak_flops": {"f32": 1}}]})")
          .find(".kind must be"),
      std::string::npos);
}

TEST(DeviceModel, PrintsWhatItReads) {
  std::string text = printDeviceModel(*parseDeviceModel(kTwo));
  EXPECT_EQ(printDeviceModel(*parseDeviceModel(text)), text);
}

TEST(DeviceModel, ErrorsNameTheKey) {
  EXPECT_NE(errorOf("{").find("not valid JSON"), std::string::npos);
  EXPECT_NE(errorOf("{}").find("devices is missing"), std::string::npos);
  EXPECT_NE(errorOf(R"({"devices": [{"name": "a", "memory_bandwidth": 1e9}]})")
                .find("peak_flops is missing"),
            std::string::npos);
  EXPECT_NE(errorOf(R"({"devices": [{"name": "a", "memory_bandwith": 1e9}]})")
                .find("memory_bandwidth is missing"),
            std::string::npos);
  EXPECT_NE(
      errorOf(R"({"devices": [{"name": "a", "memory_bandwidth": "x", "peak_flops": {"f32": 1}}]})")
          .find("memory_bandwidth must"),
      std::string::npos);
  EXPECT_NE(
      errorOf(
          R"({"devices": [{"name": "a", "memory_bandwidth": 1, "peak_flops": {"f32": 1}, "core": 1}]})")
          .find(".core is no key"),
      std::string::npos);
  EXPECT_NE(errorOf(R"({"devices": [{"name": "a", "memory_bandwidth": 1, "peak_flops": {"f32": 1}}],
                        "links": [{"between": ["a", "z"]}]})")
                .find("'z'"),
            std::string::npos);
}

// Predicted times are finite, whatever the file says.
TEST(DeviceModel, NumbersBeyondAllMachinesAreRefused) {
  for (const char* keys :
       {R"("memory_bandwidth": 1e-300)", R"("memory_bandwidth": 1e300)",
        R"("peak_flops": {"f32": 1e-300})", R"("peak_flops": {"f32": 1, "f16": 1e-300})",
        R"("threads": 4294967297)", R"("threads": 0)", R"("count": 4294967297)",
        R"("count": 100000)", R"("launch_seconds": 1e300)", R"("memory_bytes": -1)"}) {
    const std::string key(keys, std::string(keys).find('"', 1) + 1);
    std::string device = keys;
    for (const char* needed :
         {R"("name": "a")", R"("memory_bandwidth": 1e9)", R"("peak_flops": {"f32": 1e9})"}) {
      if (!std::string(needed).starts_with(key)) device += std::string(", ") + needed;
    }
    const std::string error = errorOf("{\"devices\": [{" + device + "}]}");
    EXPECT_NE(error.find("must be"), std::string::npos) << keys << ": " << error;
  }
  for (const char* link : {R"({"bandwidth": 1e-300})", R"({"latency_seconds": 1e300})"}) {
    EXPECT_NE(
        errorOf(R"({"devices": [{"name": "a", "memory_bandwidth": 1, "peak_flops": {"f32": 1}}],
                          "same_host": )" +
                std::string(link) + "}")
            .find("must be"),
        std::string::npos)
        << link;
  }
}

TEST(DeviceModel, DeeplyNestedNamesAreRefused) {
  const std::string deep = std::string(1 << 20, '[') + std::string(1 << 20, ']');
  EXPECT_NE(errorOf(R"({"devices": [{"name": "a", "memory_bandwidth": 1, "peak_flops": {"f32": 1}}],
                        "links": [{"between": ["a", )" +
                    deep + "]}]}")
                .find("between"),
            std::string::npos);
}

TEST(Measure, ThisMachineIsPlausible) {
  Device device = measureCpu(1, 1);
  EXPECT_GT(device.peak(DType::kF32), 1e9);
  EXPECT_LT(device.peak(DType::kF32), 1e12);
  EXPECT_GT(device.memoryBandwidth, 1e9);
}

TEST(Measure, LinkFindsLatencyAndBandwidth) {
  auto link = measureLink([](int64_t bytes) {
    std::this_thread::sleep_for(std::chrono::microseconds(2 * (100 + bytes / 400)));  // 400 MB/s
    return okStatus();
  });
  ASSERT_TRUE(link.ok());
  EXPECT_GT(link->latencySeconds, 90e-6);
  EXPECT_LT(link->latencySeconds, 1e-3);
  EXPECT_NEAR(link->bandwidth, 400e6, 100e6);
}

}  // namespace
}  // namespace mlc::partition
