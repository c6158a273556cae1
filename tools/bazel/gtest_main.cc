// The main function of every GoogleTest of this project. A test binary without tests fails:
// GoogleTest itself would report success, and an emptied file would pass for ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  const int failed = RUN_ALL_TESTS();
  // One of Bazel's shards may have none, the filter of a user must have some.
  const testing::UnitTest& tests = *testing::UnitTest::GetInstance();
  const int count = std::getenv("GTEST_TOTAL_SHARDS") != nullptr ? tests.total_test_count()
                                                                 : tests.test_to_run_count();
  if (count == 0) {
    std::fprintf(stderr, "no test ran\n");
    return EXIT_FAILURE;
  }
  return failed;
}
