#include "runtime/base/objects.h"

#include <gtest/gtest.h>

namespace mlc {
namespace {

HostTensor numbers(std::vector<float> values) {
  HostTensor tensor = HostTensor::uninitialized(DType::kF32, {static_cast<int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.data<float>());
  return tensor;
}

TEST(Objects, EqualStringsAreOne) {
  Objects objects;
  const Reference a = objects.addString("a"), b = objects.addString("b");
  EXPECT_NE(a, b);
  EXPECT_EQ(objects.addString("a"), a);
  EXPECT_EQ(objects.addString(""), 0u);
  EXPECT_EQ(*objects.string(a), "a");
  EXPECT_EQ(*objects.string(0), "");
}

TEST(Objects, ReferencesOfOtherKindsAreNone) {
  Objects objects;
  const Reference text = objects.addString("a"), tensor = objects.addTensor(numbers({1}));
  EXPECT_EQ(objects.tensor(text), nullptr);
  EXPECT_EQ(objects.string(tensor), nullptr);
  EXPECT_FALSE(objects.sequence(tensor));
  EXPECT_FALSE(objects.length(tensor));
  EXPECT_EQ(objects.string(99), nullptr);
  EXPECT_EQ(objects.tensor(0), nullptr);
  EXPECT_EQ(objects.length(0), 0);
}

TEST(Objects, SequencesDoNotChangeWhenOthersGrowFromThem) {
  Objects objects;
  const Reference a = objects.addTensor(numbers({1})), b = objects.addTensor(numbers({2}));
  const Reference one = objects.append(0, a), two = objects.append(one, b);
  const Reference other = objects.append(one, a);
  EXPECT_EQ(*objects.sequence(one), (std::vector<Reference>{a}));
  EXPECT_EQ(*objects.sequence(two), (std::vector<Reference>{a, b}));
  EXPECT_EQ(*objects.sequence(other), (std::vector<Reference>{a, a}));
  EXPECT_EQ(objects.at(two, 1), b);
  EXPECT_FALSE(objects.at(one, 1));
  EXPECT_FALSE(objects.at(two, -1));
}

TEST(Objects, ValuesKeepWhatTheyHold) {
  const HostTensor strings = stringTensor({2, 1}, {"x", "long enough for the heap, and more"});
  const HostTensor sequence = sequenceTensor({strings, stringTensor({}, {"y"})});
  const HostTensor optional = optionalTensor(sequence);
  const auto objects = std::make_shared<Objects>();
  objects->addString("so that references differ");
  for (const HostTensor& value :
       {optional, adopted(optional, objects), *decodeTensor(encodeTensor(optional))}) {
    const std::vector<HostTensor> items = itemsOf(*valueOf(value));
    ASSERT_EQ(items.size(), 2u);
    EXPECT_EQ(items[0].shape(), (std::vector<int64_t>{2, 1}));
    EXPECT_EQ(stringsOf(items[0]), stringsOf(strings));
    EXPECT_EQ(stringsOf(items[1]), std::vector<std::string>{"y"});
  }
  EXPECT_FALSE(valueOf(*decodeTensor(encodeTensor(optionalTensor(std::nullopt)))));
}

TEST(Objects, TypesAreNamed) {
  const HostTensor sequence = sequenceTensor({numbers({1}), numbers({})});
  EXPECT_EQ(valueTypeText(DType::kOptional, "sequence(f32)"), "optional(sequence(f32))");
  EXPECT_EQ(valueTypeText(DType::kI64, ""), "i64");
  EXPECT_TRUE(holdsOnly(sequence, "f32"));
  EXPECT_FALSE(holdsOnly(sequence, "f64"));
  EXPECT_TRUE(holdsOnly(optionalTensor(sequence), "sequence(f32)"));
  EXPECT_FALSE(holdsOnly(optionalTensor(sequence), "f32"));
  EXPECT_FALSE(holdsOnly(optionalTensor(numbers({1})), "sequence(f32)"));
  EXPECT_TRUE(holdsOnly(sequenceTensor({}), "f64"));
}

TEST(Objects, DamagedMessagesAreErrors) {
  const std::string bytes = encodeTensor(sequenceTensor({numbers({1, 2})}));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decodeTensor(bytes.substr(0, size)).ok()) << size;
}

}  // namespace
}  // namespace mlc
