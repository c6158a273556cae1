// A rank that aborts ends every wait of every rank, with its cause.
#include <array>
#include <chrono>
#include <thread>

#include "collectives/conformance/conformance.h"

namespace mlc::collectives {
namespace {

using Wait = std::function<Status(Communicator& world)>;

// What ranks may wait in while another one is somewhere else.
struct Case {
  const char* name;
  Wait wait;
};

const std::array kCases = {
    Case{"barrier", [](Communicator& world) { return world.barrier(); }},
    Case{"small allReduce",
         [](Communicator& world) {
           float one = 1;
           return world.allReduce(&one, 1, DType::kF32, Reduction::kSum);
         }},
    Case{"large allReduce",
         [](Communicator& world) {
           std::vector<float> data(500'000);
           return world.allReduce(data.data(), 500'000, DType::kF32, Reduction::kSum);
         }},
    Case{"receive",
         [](Communicator& world) {
           int32_t word = 0;
           return world.receive(&word, 4, 0, 1)->wait();
         }},
    Case{"large send",
         [](Communicator& world) {
           const std::vector<char> data(1'000'000);
           return world.send(data.data(), 1'000'000, 0, 2)->wait();
         }},
    Case{"split", [](Communicator& world) { return world.split(0, 0).status(); }},
};

// Rank 0 aborts while rank r waits in case r, in a communicator that was split from the world.
TEST_P(Abort, EndsEveryWaitOnEveryRank) {
  for (size_t first = 0; first < kCases.size(); ++first) {
    if (first > 0 && GetParam().standing) break;
    onEveryRank([first](Communicator& world) {
      auto part = world.split(0, 0);
      MLC_EXPECT_OK(part.status());
      if (!part.ok()) return;
      const Status cause = deviceError("rank 0 has no more power");
      const auto begin = std::chrono::steady_clock::now();
      const Case& waiting = kCases[(first + static_cast<size_t>(world.rank())) % kCases.size()];
      if (world.rank() == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        EXPECT_TRUE(world.failure().ok());
        (*part)->abort(cause);
        world.abort(deviceError("the second cause does not count"));
      } else {
        const Status status = waiting.wait(**part);
        EXPECT_EQ(status.message(), cause.message()) << waiting.name;
      }
      for (Communicator* communicator : {&world, part->get()}) {
        EXPECT_EQ(communicator->failure().message(), cause.message());
        EXPECT_EQ(communicator->failure().code(), StatusCode::kDeviceFailed);
        // A rank alone needs nobody for a barrier, but its world has ended, too.
        EXPECT_EQ(communicator->barrier().message(), cause.message());
      }
      EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    });
  }
}

}  // namespace
}  // namespace mlc::collectives
