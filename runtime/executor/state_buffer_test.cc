#include "runtime/executor/state_buffer.h"

#include <gtest/gtest.h>

#include <vector>

namespace mlc::executor {
namespace {

using device::CopyDirection;

class StateBufferTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    loaded_.program = &program_;
    auto device = device::openDevice(GetParam(), loaded_);
    ASSERT_TRUE(device.ok()) << device.status().message();
    device_ = *std::move(device);
  }

  // Writes bytes begin, begin + 1, ... of a pattern.
  void write(StateBuffer& buffer, int64_t begin, int64_t end, int seed) {
    const std::vector<char> bytes = pattern(begin, end, seed);
    ASSERT_TRUE(device_
                    ->copy(static_cast<char*>(buffer.data()) + begin, bytes.data(), end - begin,
                           CopyDirection::kToDevice)
                    .ok());
  }

  void expect(const StateBuffer& buffer, int64_t end, int seed) {
    std::vector<char> bytes(static_cast<size_t>(end));
    ASSERT_TRUE(device_->copy(bytes.data(), buffer.data(), end, CopyDirection::kToHost).ok());
    EXPECT_EQ(bytes, pattern(0, end, seed));
  }

  static std::vector<char> pattern(int64_t begin, int64_t end, int seed) {
    std::vector<char> bytes;
    for (int64_t i = begin; i < end; ++i) bytes.push_back(static_cast<char>(i * 7 % 251 + seed));
    return bytes;
  }

  const package::Program program_;
  package::LoadedProgram loaded_;
  std::unique_ptr<device::Device> device_;
};

TEST_P(StateBufferTest, KeepsWhatItHoldsWhereverItGrows) {
  StateBuffer buffer;
  int64_t held = 0;
  for (int64_t bytes : {100, 101, 5000, 300000, 300001, 2000000}) {
    ASSERT_TRUE(buffer.reserve(*device_, bytes, held, "a test").ok());
    expect(buffer, held, 1);
    write(buffer, held, bytes, 1);
    held = bytes;
  }
  expect(buffer, held, 1);
}

TEST_P(StateBufferTest, DoublesItsRoom) {
  StateBuffer buffer;
  ASSERT_TRUE(buffer.reserve(*device_, 1000000, 0, "a test").ok());
  ASSERT_TRUE(buffer.reserve(*device_, 1100000, 0, "a test").ok());
  const void* grown = buffer.data();
  ASSERT_TRUE(buffer.reserve(*device_, 2000000, 0, "a test").ok());
  EXPECT_EQ(buffer.data(), grown);
}

TEST_P(StateBufferTest, IsCopied) {
  StateBuffer one, other;
  ASSERT_TRUE(one.reserve(*device_, 70000, 0, "a test").ok());
  write(one, 0, 70000, 1);
  ASSERT_TRUE(other.copyFrom(*device_, one, 70000, "a test").ok());
  write(one, 0, 70000, 2);
  expect(other, 70000, 1);
  expect(one, 70000, 2);
  StateBuffer empty;
  EXPECT_TRUE(empty.copyFrom(*device_, one, 0, "a test").ok());
}

TEST_P(StateBufferTest, WithoutMemoryStaysAsItWas) {
  StateBuffer buffer;
  ASSERT_TRUE(buffer.reserve(*device_, 100, 0, "a test").ok());
  write(buffer, 0, 100, 1);
  const Status status = buffer.reserve(*device_, int64_t{1} << 60, 100, "state 'rows'");
  EXPECT_EQ(status.code(), StatusCode::kOutOfMemory) << status.message();
  EXPECT_NE(status.message().find("state 'rows'"), std::string::npos) << status.message();
  expect(buffer, 100, 1);
}

INSTANTIATE_TEST_SUITE_P(Devices, StateBufferTest, testing::Values("cpu", "fake:0"),
                         [](const auto& info) { return std::string(info.param).substr(0, 3); });

}  // namespace
}  // namespace mlc::executor
