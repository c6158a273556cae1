#include "compiler/dialect/graph/weight_table.h"

#include <cstdlib>
#include <fstream>
#include <numeric>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mlc::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<float> values(const HostTensor& tensor) {
  return {tensor.data<float>(), tensor.data<float>() + tensor.numElements()};
}

// A file of the floats 0, 1, 2, ... after `header` bytes.
std::string writeFloats(int count, int header) {
  const char* folder = std::getenv("TEST_TMPDIR");
  std::string path =
      std::string(folder ? folder : "/tmp") + "/weights." + std::to_string(header) + ".bin";
  std::ofstream file(path, std::ios::binary);
  file.write(std::string(header, 'x').data(), header);
  for (int i = 0; i < count; ++i) {
    float value = static_cast<float>(i);
    file.write(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return path;
}

WeightTable tableOf(int header) {
  Weight weight;
  weight.shape = {2, 3, 4};
  weight.file = writeFloats(24, header);
  weight.offset = header;
  WeightTable table;
  table.set("w", weight);
  return table;
}

TEST(WeightTableTest, LoadsFromAlignedAndOddOffsets) {
  for (int header : {0, 8, 3}) {
    StatusOr<HostTensor> tensor = tableOf(header).load("w");
    ASSERT_TRUE(tensor.ok()) << tensor.status().message();
    std::vector<float> expected(24);
    std::iota(expected.begin(), expected.end(), 0.0f);
    EXPECT_EQ(values(*tensor), expected);
    EXPECT_THAT(tensor->shape(), ElementsAre(2, 3, 4));
  }
}

TEST(WeightTableTest, NamesTheWeightThatIsPastTheFilesEnd) {
  WeightTable table = tableOf(0);
  Weight weight = *table.find("w");
  weight.offset = 4;
  table.set("cut", weight);
  EXPECT_THAT(table.load("cut").status().message(), HasSubstr("weight 'cut' takes bytes 4 to 100"));
  EXPECT_THAT(table.load("none").status().message(), HasSubstr("'none'"));
}

TEST(WeightTableTest, ContiguousSlicesStayInTheFile) {
  WeightTable table = tableOf(8);
  StatusOr<std::string> name = table.addSlice("w", {1, 1, 0}, {1, 2, 4});
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(table.find(*name)->kind, Weight::Kind::kFile);
  EXPECT_EQ(table.find(*name)->offset, 8 + 16 * 4);
  EXPECT_THAT(values(*table.load(*name)), ElementsAre(16, 17, 18, 19, 20, 21, 22, 23));
}

TEST(WeightTableTest, OtherSlicesAreCopied) {
  WeightTable table = tableOf(0);
  StatusOr<std::string> name = table.addSlice("w", {0, 1, 2}, {2, 2, 2});
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(table.find(*name)->kind, Weight::Kind::kBytes);
  EXPECT_THAT(values(*table.load(*name)), ElementsAre(6, 7, 10, 11, 18, 19, 22, 23));
}

TEST(WeightTableTest, EqualSlicesShareAName) {
  WeightTable table = tableOf(0);
  EXPECT_EQ(*table.addSlice("w", {0, 0, 0}, {2, 3, 4}), "w");
  EXPECT_EQ(*table.addSlice("w", {0, 0, 1}, {2, 3, 1}), *table.addSlice("w", {0, 0, 1}, {2, 3, 1}));
  EXPECT_FALSE(table.addSlice("w", {0, 0, 1}, {2, 3, 4}).ok());
}

TEST(WeightTableTest, FillsExpandAndEqualBytesShareAName) {
  WeightTable table;
  float two = 2;
  Weight fill;
  fill.kind = Weight::Kind::kFill;
  fill.shape = {3};
  fill.fill = std::string(reinterpret_cast<const char*>(&two), sizeof(two));
  table.set("fill", fill);
  EXPECT_THAT(values(*table.load("fill")), ElementsAre(2, 2, 2));
  HostTensor bytes = HostTensor::zeros(DType::kF32, {4});
  EXPECT_EQ(table.addBytes("folded", bytes), "folded");
  EXPECT_EQ(table.addBytes("again", HostTensor::zeros(DType::kF32, {4})), "folded");
  EXPECT_EQ(table.addBytes("folded", HostTensor::zeros(DType::kF32, {2, 2})), "folded.1");
}

}  // namespace
}  // namespace mlc::graph
