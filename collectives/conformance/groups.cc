// Splitting: who is in which part, and parts that work at the same time.
#include "collectives/conformance/conformance.h"
#include "collectives/conformance/values.h"

namespace mlc::collectives {
namespace {

// The world's ranks of the part, in the part's order.
std::vector<int64_t> membersOf(Communicator& part, int worldRank) {
  std::vector<int64_t> members(static_cast<size_t>(part.size()));
  const int64_t own = worldRank;
  MLC_EXPECT_OK(
      part.allGather(&own, members.data(), std::vector<int64_t>(members.size(), 1), DType::kI64));
  return members;
}

TEST_P(Conformance, RanksAndHosts) {
  onEveryRank([](Communicator& world) {
    EXPECT_GE(world.rank(), 0);
    EXPECT_LT(world.rank(), world.size());
    for (int r = 0; r < world.size(); ++r) EXPECT_FALSE(world.hostOf(r).empty());
    std::vector<int64_t> expected;
    for (int r = 0; r < world.size(); ++r) expected.push_back(r);
    EXPECT_EQ(membersOf(world, world.rank()), expected);
  });
}

TEST_P(Conformance, SplitByColor) {
  onEveryRank([](Communicator& world) {
    const int color = world.rank() % 2;
    StatusOr<std::unique_ptr<Communicator>> part = world.split(color, 0);
    MLC_EXPECT_OK(part.status());
    if (!part.ok()) return;
    std::vector<int64_t> expected;
    for (int r = color; r < world.size(); r += 2) expected.push_back(r);
    EXPECT_EQ((*part)->rank(), world.rank() / 2);
    EXPECT_EQ(membersOf(**part, world.rank()), expected);
    EXPECT_EQ((*part)->hostOf(0), world.hostOf(color));
    // The parts run at their own pace.
    for (int round = 0; round < (color == 0 ? 50 : 500); ++round) {
      int32_t sum = 1;
      MLC_EXPECT_OK((*part)->allReduce(&sum, 1, DType::kI32, Reduction::kSum));
      EXPECT_EQ(sum, (*part)->size());
    }
    MLC_EXPECT_OK(world.barrier());
  });
}

TEST_P(Conformance, SplitOrdersByKey) {
  onEveryRank([](Communicator& world) {
    StatusOr<std::unique_ptr<Communicator>> part = world.split(7, -world.rank());
    MLC_EXPECT_OK(part.status());
    if (!part.ok()) return;
    std::vector<int64_t> expected;
    for (int r = world.size() - 1; r >= 0; --r) expected.push_back(r);
    EXPECT_EQ(membersOf(**part, world.rank()), expected);
  });
}

// Messages in a part do not meet those of the world with the same tag.
TEST_P(Conformance, PartsHaveMessagesOfTheirOwn) {
  onEveryRank([](Communicator& world) {
    StatusOr<std::unique_ptr<Communicator>> part = world.split(0, 0);
    MLC_EXPECT_OK(part.status());
    if (!part.ok()) return;
    const int next = (world.rank() + 1) % world.size();
    const int previous = (world.rank() + world.size() - 1) % world.size();
    const int32_t toWorld = 1, toPart = 2;
    int32_t ofWorld = 0, ofPart = 0;
    std::unique_ptr<Request> requests[] = {
        world.send(&toWorld, 4, next, 0), (*part)->send(&toPart, 4, next, 0),
        (*part)->receive(&ofPart, 4, previous, 0), world.receive(&ofWorld, 4, previous, 0)};
    for (const auto& request : requests) MLC_EXPECT_OK(request->wait());
    EXPECT_EQ(ofWorld, 1);
    EXPECT_EQ(ofPart, 2);
  });
}

// A grid, as programs use it: rows, and columns made of a split of the whole again; then a part of
// a row.
TEST_P(Conformance, SplitOfASplit) {
  onEveryRank([](Communicator& world) {
    auto row = world.split(world.rank() / 3, world.rank());
    auto column = world.split(world.rank() % 3, world.rank());
    MLC_EXPECT_OK(row.status());
    MLC_EXPECT_OK(column.status());
    if (!row.ok() || !column.ok()) return;
    auto part = (*row)->split((*row)->rank() == 0 ? 0 : 1, 0);
    MLC_EXPECT_OK(part.status());
    if (!part.ok()) return;
    const int first = world.rank() / 3 * 3;
    std::vector<int64_t> expected;
    for (int r = first; r < std::min(first + 3, world.size()); ++r) {
      if ((r == first) == (world.rank() == first)) expected.push_back(r);
    }
    EXPECT_EQ(membersOf(**part, world.rank()), expected);
    std::vector<float> data = valuesOf<float>((*column)->rank(), 50'000), ofColumn(data);
    MLC_EXPECT_OK((*column)->allReduce(ofColumn.data(), 50'000, DType::kF32, Reduction::kSum));
    const ReducedValues<float> reducedValue(**column);
    for (int64_t i = 0; i < 50'000; ++i)
      data[static_cast<size_t>(i)] = reducedValue(i, Reduction::kSum);
    EXPECT_EQ(firstDifference(ofColumn, data), -1);
    // The parts outlive what they were split from.
    row->reset();
    column->reset();
    MLC_EXPECT_OK((*part)->barrier());
  });
}

}  // namespace
}  // namespace mlc::collectives
