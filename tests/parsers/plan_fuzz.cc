// A plan is refused, or the same when it is printed and read again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "partitioner/plan/plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mlc::partition;
  const mlc::StatusOr<Plan> plan =
      parsePlan(std::string(reinterpret_cast<const char*>(data), size));
  if (!plan.ok()) return 0;
  const mlc::StatusOr<Plan> again = parsePlan(printPlan(*plan));
  if (!again.ok() || !(*again == *plan)) std::abort();
  return 0;
}
