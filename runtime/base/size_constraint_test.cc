#include "runtime/base/size_constraint.h"

#include <gtest/gtest.h>

namespace mlc {
namespace {

using Relation = SizeConstraint::Relation;

TEST(SizeConstraint, NamesAndBack) {
  for (Relation relation : {Relation::kEqual, Relation::kDifferent, Relation::kAtLeast,
                            Relation::kDivisible, Relation::kOneOrEqual, Relation::kBroadcast}) {
    EXPECT_EQ(relationNamed(relationName(relation)), relation);
  }
  EXPECT_EQ(relationNamed("less"), std::nullopt);
}

TEST(SizeConstraint, Holds) {
  EXPECT_TRUE(holds(Relation::kEqual, 3, 3));
  EXPECT_FALSE(holds(Relation::kDifferent, 3, 3));
  EXPECT_TRUE(holds(Relation::kAtLeast, 3, 3));
  EXPECT_FALSE(holds(Relation::kAtLeast, 2, 3));
  EXPECT_TRUE(holds(Relation::kDivisible, 6, 3));
  EXPECT_TRUE(holds(Relation::kDivisible, 0, 3));
  EXPECT_FALSE(holds(Relation::kDivisible, 6, 4));
  EXPECT_FALSE(holds(Relation::kDivisible, 0, 0));
  EXPECT_TRUE(holds(Relation::kDivisible, INT64_MIN, -1));
  EXPECT_TRUE(holds(Relation::kOneOrEqual, 1, 4));
  EXPECT_FALSE(holds(Relation::kOneOrEqual, 4, 1));
  EXPECT_TRUE(holds(Relation::kBroadcast, 4, 1));
  EXPECT_TRUE(holds(Relation::kBroadcast, 1, 0));
  EXPECT_FALSE(holds(Relation::kBroadcast, 0, 4));
}

}  // namespace
}  // namespace mlc
