// The suite over ranks that are threads, and over the single rank of a job without others.
#include <thread>

#include "collectives/conformance/conformance.h"
#include "collectives/transport/self/self_communicator.h"
#include "collectives/transport/thread/thread_communicator.h"

namespace mlc::collectives {
namespace {

Transport threads(int size) {
  return {"Threads" + std::to_string(size), [size](const auto& body) {
            std::vector<std::thread> ranks;
            for (std::unique_ptr<Communicator>& world : createThreadGroup(size)) {
              ranks.emplace_back([&body, world = std::move(world)] { body(*world); });
            }
            for (std::thread& rank : ranks) rank.join();
          }};
}

Transport self() {
  return {"Self", [](const auto& body) { body(*createSelfCommunicator()); }};
}

INSTANTIATE_TEST_SUITE_P(Thread, Conformance,
                         testing::Values(threads(1), threads(2), threads(3), threads(5)), nameOf);
INSTANTIATE_TEST_SUITE_P(Thread, Abort, testing::Values(threads(1), threads(2), threads(5)),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Self, Conformance, testing::Values(self()), nameOf);

}  // namespace
}  // namespace mlc::collectives
