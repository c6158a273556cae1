// Programs that run on a device: the fake one, and what is said where there is no real one.
#include <gtest/gtest.h>

#include <csignal>
#include <numeric>
#include <thread>

#include "collectives/transport/thread/thread_communicator.h"
#include "runtime/executor/executor.h"
#include "runtime/package/package_folder.h"

namespace mlc::executor {
namespace {

using package::PackageFolder;

PackageFolder devicePackage(const std::string& device, int tp) {
  PackageFolder folder("device");
  folder.addFile("runtime/executor/device_program.so", "host.so");
  folder.addFile("runtime/executor/device_kernels.so", "kernels.so");
  folder.addWeight("w", DType::kF32, {4}, std::vector<float>{1, 2, 3, 4}, 0);
  package::Manifest& manifest = folder.manifest;
  manifest.tp = tp;
  manifest.microbatches = 2;
  manifest.inputs = {{"x", DType::kF32, {"batch", "4"}}};
  manifest.outputs = {{"y", DType::kF32, {"batch", "4"}}};
  package::Program program;
  program.target = device.substr(0, device.find(':'));
  program.object = "host.so";
  program.emulation = "kernels.so";
  program.symbols = {"batch"};
  package::ProgramInput input;
  input.spec = manifest.inputs[0];
  input.splits = {{0, "dp", {1}}};
  program.inputs = {input};
  package::ProgramOutput output;
  output.spec = manifest.outputs[0];
  output.splits = input.splits;
  program.outputs = {output};
  program.weights = {{"w", 0, {}, package::WeightLayout::kPlain, false, 0}};
  program.device_kernels = {{"multiply"}, {"move"}};
  manifest.programs = {program};
  manifest.ranks.assign(static_cast<size_t>(tp), {0, device});
  folder.write();
  return folder;
}

StatusOr<std::unique_ptr<Executor>> open(collectives::Communicator& world,
                                         const PackageFolder& folder) {
  MLC_ASSIGN_OR_RETURN(auto package, package::Package::open(folder.path()));
  auto store = std::make_shared<package::WeightStore>(package, 1);
  return Executor::create(world, package, store, {.threads = 4, .cpus = {}, .spin = false});
}

TEST(Device, FakeDeviceComputesWhatTheKernelsSay) {
  for (int tp : {1, 2}) {
    const PackageFolder folder = devicePackage("fake:0", tp);
    auto world = collectives::createThreadGroup(tp);
    std::vector<std::thread> ranks;
    for (int rank = 0; rank < tp; ++rank) {
      ranks.emplace_back([&, rank] {
        auto executor = open(*world[static_cast<size_t>(rank)], folder);
        ASSERT_TRUE(executor.ok()) << executor.status().message();
        for (int64_t batch : {3, 5, 1}) {
          HostTensor x = HostTensor::uninitialized(DType::kF32, {batch, 4});
          std::iota(x.data<float>(), x.data<float>() + batch * 4, 1.0f);
          auto outputs =
              (*executor)->run(rank == 0 ? std::vector<HostTensor>{x} : std::vector<HostTensor>());
          ASSERT_TRUE(outputs.ok()) << outputs.status().message();
          for (int64_t i = 0; rank == 0 && i < batch * 4; ++i) {
            EXPECT_EQ((*outputs)[0].data<float>()[i],
                      static_cast<float>(tp * (i + 1) * (i % 4 + 1)));
          }
        }
      });
    }
    for (std::thread& rank : ranks) rank.join();
  }
}

TEST(Device, FakeDeviceWithoutItsKernelIsRefused) {
  PackageFolder folder = devicePackage("fake:0", 1);
  folder.manifest.programs[0].device_kernels[1].name = "absent";
  folder.write();
  auto world = collectives::createThreadGroup(1);
  const Status status = open(*world[0], folder).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("absent"), std::string::npos);
}

TEST(Device, FakeMemoryIsApartFromTheHosts) {
  const package::Program program;
  package::LoadedProgram loaded;
  loaded.program = &program;
  auto device = device::openDevice("fake:0", loaded);
  ASSERT_TRUE(device.ok()) << device.status().message();
  auto memory = (*device)->allocate(64, "a test");
  ASSERT_TRUE(memory.ok());
  auto* bytes = static_cast<char*>(*memory);
  EXPECT_EXIT((void)*static_cast<volatile char*>(bytes), testing::KilledBySignal(SIGSEGV), "");

  char host[64] = "text";
  using device::CopyDirection;
  EXPECT_TRUE((*device)->copy(bytes + 32, host, 32, CopyDirection::kToDevice).ok());
  EXPECT_TRUE((*device)->copy(bytes, bytes + 32, 32, CopyDirection::kWithin).ok());
  EXPECT_TRUE((*device)->copy(host + 32, bytes, 32, CopyDirection::kToHost).ok());
  EXPECT_STREQ(host + 32, "text");
  for (auto [to, from, direction] : {std::tuple{host, bytes, CopyDirection::kToDevice},
                                     {bytes, host, CopyDirection::kToHost},
                                     {bytes, host, CopyDirection::kWithin}}) {
    EXPECT_EQ((*device)->copy(to, from, 32, direction).code(), StatusCode::kDeviceFailed);
  }
  EXPECT_FALSE((*device)->copy(host, bytes + 33, 32, CopyDirection::kToHost).ok());
  (*device)->free(bytes);
}

// The GPU of that number is there on no machine: what is missing, driver or GPU, is a device error.
TEST(Device, AGpuThatIsNotThereIsADeviceError) {
  const PackageFolder folder = devicePackage("cuda:1000", 1);
  auto world = collectives::createThreadGroup(1);
  const Status status = open(*world[0], folder).status();
  EXPECT_EQ(status.code(), StatusCode::kDeviceFailed) << status.message();
  EXPECT_NE(status.message().find("GPU"), std::string::npos) << status.message();
}

TEST(Device, UnknownKindsAreUnsupported) {
  EXPECT_EQ(device::openDevice("abacus:0", {}).status().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace mlc::executor
