#include "collectives/heartbeat/heartbeat.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <future>
#include <string>
#include <thread>
#include <tuple>

#include "collectives/heartbeat/connect.h"

namespace mlc::collectives {
namespace {

constexpr int kRanks = 3;
constexpr double kStall = 1;

// What the processes of a test share.
struct Shared {
  std::atomic<bool> hasAddress = false;
  char address[1000] = {};
  std::atomic<int> connected = 0;
  std::atomic<int> ready = 0;
  std::atomic<bool> go = false;
  char heard[kRanks][1000] = {};  // the cause, as each rank heard it
  bool reports[kRanks] = {};
};

class Job {
 public:
  Job() {
    void* memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared_ = new (memory) Shared;
  }
  ~Job() { ::munmap(shared_, sizeof(Shared)); }

  Shared& shared() { return *shared_; }

  // Rank r is a process that joins the heartbeat, does what `work` says and leaves. The last rank
  // joins so much later than the others. Returns when all have joined, or cannot any more.
  void start(const std::function<void(int rank, Heartbeat& heartbeat)>& work,
             std::chrono::milliseconds late = {}) {
    for (int rank = 0; rank < kRanks; ++rank) {
      pids_[rank] = ::fork();
      if (pids_[rank] == 0) ::_exit(runRank(rank, work, late));
    }
    const auto end = std::chrono::steady_clock::now() + late + std::chrono::seconds(15);
    while (shared_->ready < kRanks && std::chrono::steady_clock::now() < end) ::usleep(1000);
    if (shared_->ready == kRanks) return;
    for (int rank = 0; rank < kRanks; ++rank) kill(rank, SIGKILL);
  }

  // Lets the ranks go on, and waits for their ends: exit codes, or less than 0 for signals.
  std::vector<int> end() {
    shared_->go = true;
    std::vector<int> codes;
    for (const pid_t pid : pids_) {
      int status = 0;
      ::waitpid(pid, &status, 0);
      codes.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    }
    return codes;
  }

  void kill(int rank, int signal) { ::kill(pids_[rank], signal); }

 private:
  int runRank(int rank, const std::function<void(int rank, Heartbeat& heartbeat)>& work,
              std::chrono::milliseconds late) {
    HeartbeatOptions options;
    options.rank = rank;
    options.hosts.assign(kRanks, "here");
    options.stallSeconds = kStall;
    options.onFailure = [&](const JobFailure& failure) {
      std::strncpy(shared_->heard[rank], failure.cause.message().c_str(), 999);
      shared_->reports[rank] = failure.reports;
      ::_exit(static_cast<int>(failure.cause.code()));
    };
    auto heartbeat = Heartbeat::create(options, [&](std::string& text) {
      if (rank == 0) {
        std::strncpy(shared_->address, text.c_str(), 999);
        shared_->hasAddress = true;
      }
      while (!shared_->hasAddress) ::usleep(1000);
      text = shared_->address;
      if (rank == kRanks - 1) std::this_thread::sleep_for(late);
      return okStatus();
    });
    if (!heartbeat.ok()) return 99;
    ++shared_->connected;
    while (shared_->connected < kRanks) ::usleep(1000);
    (*heartbeat)->start();
    ++shared_->ready;
    work(rank, **heartbeat);
    return 0;
  }

  Shared* shared_;
  pid_t pids_[kRanks] = {};
};

void waitForSignal(int, Heartbeat&) { ::pause(); }

TEST(Heartbeat, SaysNothingOfRanksThatComputeLongOrLeave) {
  Job job;
  job.start([&](int rank, Heartbeat&) {
    // Longer than a stall; rank 0 is ready to leave first, which is no failure.
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(2200 + 200 * rank);
    while (std::chrono::steady_clock::now() < end) {
    }
  });
  EXPECT_EQ(job.end(), (std::vector<int>{0, 0, 0}));
}

TEST(Heartbeat, WaitsForARankThatConnectsLate) {
  Job job;
  job.start([](int, Heartbeat&) {}, std::chrono::milliseconds(2500));
  EXPECT_EQ(job.end(), (std::vector<int>{0, 0, 0}));
}

// What a rank that cannot be trusted with its memory any more may send.
TEST(Heartbeat, EndsForWhatIsNoFrame) {
  const auto failure = static_cast<uint8_t>(StatusCode::kDeviceFailed);
  for (const Frame& frame :
       {Frame{FrameKind::kFailure, failure, 0, 0xffffffff}, Frame{FrameKind::kBeat, 0, 0, 1 << 20},
        Frame{FrameKind{7}, 0, 0, 0}, Frame{FrameKind::kFailure, 0, 0, 0},
        Frame{FrameKind::kFailure, 200, 0, 0}}) {
    std::promise<JobFailure> heard;
    HeartbeatOptions options;
    options.hosts = {"here", "there"};
    options.stallSeconds = kStall;
    options.onFailure = [&](const JobFailure& cause) { heard.set_value(cause); };
    std::thread peer;
    int socket = -1;
    auto heartbeat = Heartbeat::create(options, [&](std::string& text) {
      peer = std::thread([&, text] {
        socket = connectToListener(text.substr(text.find(' ') + 1), 1, /*sameHost=*/true,
                                   HeartbeatClock::now() + std::chrono::seconds(10));
      });
      return okStatus();
    });
    peer.join();
    ASSERT_TRUE(heartbeat.ok()) << heartbeat.status().message();
    (*heartbeat)->start();
    sendBytes(socket, &frame, sizeof frame);
    EXPECT_EQ(heard.get_future().get().cause.message(),
              "rank 1 (there) sends what is no message of the job's heartbeat");
    ::close(socket);
  }
}

TEST(Heartbeat, NamesARankThatDies) {
  for (const int rank : {1, 0}) {
    Job job;
    job.start(waitForSignal);
    job.kill(rank, SIGKILL);
    std::vector<int> expected(kRanks, 6);
    expected[static_cast<size_t>(rank)] = -SIGKILL;
    EXPECT_EQ(job.end(), expected);
    int reports = 0;
    for (int other = 0; other < kRanks; ++other) {
      if (other == rank) continue;
      EXPECT_EQ(std::string(job.shared().heard[other]).substr(0, 18),
                "rank " + std::to_string(rank) + " (here) died");
      reports += job.shared().reports[other];
    }
    // Of those that rank 0 does not report for, each does, unless the first one ends them before.
    EXPECT_EQ(reports, rank == 0 ? 2 : 1);
  }
}

TEST(Heartbeat, NamesARankThatIsStopped) {
  for (const int rank : {2, 0}) {
    Job job;
    job.start(waitForSignal);
    const auto begin = std::chrono::steady_clock::now();
    job.kill(rank, SIGSTOP);
    const int other = rank == 0 ? 1 : 0;
    while (job.shared().heard[other][0] == 0) ::usleep(1000);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(seconds.count(), kStall * 0.8);
    EXPECT_LT(seconds.count(), kStall * 4);
    EXPECT_NE(std::string(job.shared().heard[other])
                  .find("rank " + std::to_string(rank) + " (here) has been silent for 1 s"),
              std::string::npos);
    job.kill(rank, SIGKILL);
    job.end();
  }
}

TEST(Heartbeat, NamesARankThatIsLostWhileOthersLeave) {
  for (const auto& [rank, signal, how] :
       {std::tuple(1, SIGSTOP, "has been silent for 1 s"),
        std::tuple(0, SIGSTOP, "has been silent for 1 s"), std::tuple(2, SIGKILL, "died"),
        std::tuple(0, SIGKILL, "died")}) {
    Job job;
    job.start([&](int mine, Heartbeat&) {
      while (!job.shared().go) ::usleep(1000);
      if (mine == rank) ::pause();
    });
    job.shared().go = true;
    ::usleep(200'000);
    job.kill(rank, signal);
    const int other = rank == 0 ? 1 : 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (job.shared().heard[other][0] == 0 && std::chrono::steady_clock::now() < end)
      ::usleep(1000);
    EXPECT_NE(std::string(job.shared().heard[other])
                  .find("rank " + std::to_string(rank) + " (here) " + how),
              std::string::npos)
        << rank << how;
    job.kill(rank, SIGKILL);
    std::vector<int> expected(kRanks, 6);
    expected[static_cast<size_t>(rank)] = -SIGKILL;
    EXPECT_EQ(job.end(), expected);
  }
}

// As a suspended job does.
TEST(Heartbeat, ForgivesWhenAllWereStopped) {
  Job job;
  job.start([&](int, Heartbeat&) {
    while (!job.shared().go) ::usleep(1000);
  });
  for (int rank = 0; rank < kRanks; ++rank) job.kill(rank, SIGSTOP);
  ::usleep(2'500'000);
  for (int rank = 0; rank < kRanks; ++rank) job.kill(rank, SIGCONT);
  ::usleep(1'500'000);
  EXPECT_EQ(job.end(), (std::vector<int>{0, 0, 0}));
}

TEST(Heartbeat, TellsAllRanksWhatOneSays) {
  for (const int rank : {2, 0}) {
    Job job;
    job.start([&](int mine, Heartbeat& heartbeat) {
      if (mine == rank) heartbeat.fail(outOfMemoryError("rank x has no memory"));
      ::pause();
    });
    EXPECT_EQ(job.end(), (std::vector<int>{5, 5, 5}));
    for (int other = 0; other < kRanks; ++other) {
      EXPECT_STREQ(job.shared().heard[other], "rank x has no memory");
      EXPECT_EQ(job.shared().reports[other], other == 0);
    }
  }
}

}  // namespace
}  // namespace mlc::collectives
