// What every transport must do, as one suite of tests that each transport's test binary
// instantiates.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

#include "collectives/communicator.h"

namespace mlc::collectives {

// A way to run something on all ranks of a new or standing world.
struct Transport {
  std::string name;
  std::function<void(const std::function<void(Communicator& world)>&)> onEveryRank;
  // Whether ranks learn that another has destroyed its communicator.
  bool noticesLeaving = true;
  // Whether it is one world for all tests, of which a test that ends it must be the last.
  bool standing = false;
};

inline void PrintTo(const Transport& transport, std::ostream* out) { *out << transport.name; }

class Conformance : public testing::TestWithParam<Transport> {
 protected:
  void onEveryRank(const std::function<void(Communicator& world)>& body) {
    GetParam().onEveryRank(body);
  }
};

// Ends its world.
class Abort : public Conformance {};

inline std::string nameOf(const testing::TestParamInfo<Transport>& info) { return info.param.name; }

// Ranks stay in step after a failure, so bodies expect and do not assert.
#define MLC_EXPECT_OK(expression)                                        \
  do {                                                                   \
    const ::mlc::Status status = (expression);                           \
    EXPECT_TRUE(status.ok()) << #expression << ": " << status.message(); \
  } while (false)

#define MLC_EXPECT_CODE(expression, expected) EXPECT_EQ((expression).code(), StatusCode::expected)

}  // namespace mlc::collectives
