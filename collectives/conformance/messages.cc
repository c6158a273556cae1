// Messages between two ranks.
#include <thread>

#include "collectives/conformance/conformance.h"
#include "collectives/conformance/values.h"

namespace mlc::collectives {
namespace {

int nextRank(const Communicator& world) { return (world.rank() + 1) % world.size(); }
int previousRank(const Communicator& world) {
  return (world.rank() + world.size() - 1) % world.size();
}

// With one rank, to itself.
TEST_P(Conformance, MessagesOfManySizes) {
  onEveryRank([](Communicator& world) {
    for (const int64_t bytes : {0, 1, 4099, 100003, 5000003}) {
      const std::vector<uint8_t> sent = valuesOf<uint8_t>(world.rank(), bytes);
      std::vector<uint8_t> received(sent.size());
      const auto receive = world.receive(received.data(), bytes, previousRank(world), 1);
      const auto send = world.send(sent.data(), bytes, nextRank(world), 1);
      MLC_EXPECT_OK(receive->wait());
      MLC_EXPECT_OK(send->wait());
      EXPECT_EQ(firstDifference(received, valuesOf<uint8_t>(previousRank(world), bytes)), -1)
          << bytes;
    }
  });
}

TEST_P(Conformance, AMessageOf64Megabytes) {
  onEveryRank([](Communicator& world) {
    if (world.rank() > 1) return;
    constexpr size_t kCount = 8 << 20;
    const int receiver = world.size() > 1 ? 1 : 0;
    std::vector<uint64_t> sent, received;
    std::unique_ptr<Request> receive, send;
    if (world.rank() == receiver) {
      received.resize(kCount);
      receive = world.receive(received.data(), kCount * 8, 0, 3);
    }
    if (world.rank() == 0) {
      for (size_t i = 0; i < kCount; ++i) sent.push_back(i * 0x9e3779b97f4a7c15u);
      send = world.send(sent.data(), kCount * 8, receiver, 3);
    }
    if (receive) MLC_EXPECT_OK(receive->wait());
    if (send) MLC_EXPECT_OK(send->wait());
    size_t wrong = 0;
    for (size_t i = 0; i < received.size(); ++i) wrong += received[i] != i * 0x9e3779b97f4a7c15u;
    EXPECT_EQ(wrong, 0u);
  });
}

// Messages of one tag arrive in order; those of another tag are apart from them.
TEST_P(Conformance, ManyMessagesInFlight) {
  onEveryRank([](Communicator& world) {
    constexpr int kMessages = 300, kTags = 3;
    std::vector<int64_t> sent(kMessages * kTags), received(sent.size(), -1);
    std::vector<std::unique_ptr<Request>> requests;
    for (int i = 0; i < kMessages; ++i) {
      for (int tag = 0; tag < kTags; ++tag) {
        int64_t& message = sent[static_cast<size_t>(i * kTags + tag)];
        message = world.rank() * 1'000'000 + tag * 10'000 + i;
        requests.push_back(world.send(&message, 8, nextRank(world), tag * (kMaxTag / 2)));
      }
    }
    // Received by tag, the last tag first.
    for (int tag = kTags - 1; tag >= 0; --tag) {
      for (int i = 0; i < kMessages; ++i) {
        requests.push_back(world.receive(&received[static_cast<size_t>(i * kTags + tag)], 8,
                                         previousRank(world), tag * (kMaxTag / 2)));
      }
    }
    for (const auto& request : requests) MLC_EXPECT_OK(request->wait());
    int wrong = 0;
    for (size_t i = 0; i < received.size(); ++i) {
      const auto index = static_cast<int64_t>(i);
      wrong +=
          received[i] != previousRank(world) * 1'000'000 + index % kTags * 10'000 + index / kTags;
    }
    EXPECT_EQ(wrong, 0);
  });
}

TEST_P(Conformance, TestTellsWhetherWaitReturnsAtOnce) {
  onEveryRank([](Communicator& world) {
    int32_t sent = 10 + world.rank(), received = 0;
    const auto receive = world.receive(&received, 4, previousRank(world), 2);
    // Nobody sends before all have come here.
    EXPECT_FALSE(receive->test());
    MLC_EXPECT_OK(world.barrier());
    const auto send = world.send(&sent, 4, nextRank(world), 2);
    while (!receive->test() || !send->test()) std::this_thread::yield();
    MLC_EXPECT_OK(receive->wait());
    MLC_EXPECT_OK(receive->wait());
    MLC_EXPECT_OK(send->wait());
    EXPECT_EQ(received, 10 + previousRank(world));
  });
}

TEST_P(Conformance, ReceivesThatNobodyWaitsForAreWithdrawn) {
  onEveryRank([](Communicator& world) {
    int32_t never = 1, sent = 20 + world.rank(), received = 0;
    (void)world.receive(&never, 4, previousRank(world), 7);
    MLC_EXPECT_OK(world.barrier());
    const auto send = world.send(&sent, 4, nextRank(world), 7);
    MLC_EXPECT_OK(world.receive(&received, 4, previousRank(world), 7)->wait());
    MLC_EXPECT_OK(send->wait());
    EXPECT_EQ(received, 20 + previousRank(world));
    EXPECT_EQ(never, 1);
  });
}

TEST_P(Conformance, MessagesGoOnDuringCollectives) {
  onEveryRank([](Communicator& world) {
    constexpr int64_t kCount = 200'000;
    std::vector<float> received(kCount);
    const std::vector<float> sent = valuesOf<float>(world.rank(), kCount);
    std::thread messages([&] {
      for (int round = 0; round < 10; ++round) {
        const auto receive = world.receive(received.data(), kCount * 4, previousRank(world), 0);
        const auto send = world.send(sent.data(), kCount * 4, nextRank(world), 0);
        MLC_EXPECT_OK(receive->wait());
        MLC_EXPECT_OK(send->wait());
      }
    });
    for (int round = 0; round < 100; ++round) {
      int64_t one = 1;
      MLC_EXPECT_OK(world.allReduce(&one, 1, DType::kI64, Reduction::kSum));
      EXPECT_EQ(one, world.size());
    }
    messages.join();
    EXPECT_EQ(firstDifference(received, valuesOf<float>(previousRank(world), kCount)), -1);
  });
}

}  // namespace
}  // namespace mlc::collectives
