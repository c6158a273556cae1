#include "compiler/library/build_id.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

namespace mlc {
namespace {

TEST(BuildId, IsThatOfTheObjectWithTheAddress) {
  static const int here = 0;
  void* library = ::dlsym(RTLD_DEFAULT, "malloc");
  const std::string mine = buildIdOf(&here), libc = buildIdOf(library);
  EXPECT_EQ(libc.size(), 40u) << libc;  // SHA-1: what Debian links with
  EXPECT_NE(mine, libc);
  EXPECT_EQ(mine.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(BuildId, IsEmptyOutsideOfAllObjects) {
  int local = 0;
  EXPECT_EQ(buildIdOf(&local), "");
}

}  // namespace
}  // namespace mlc
