#include "tools/job/package_transfer.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <thread>

#include "collectives/transport/thread/thread_communicator.h"
#include "runtime/package/package_folder.h"

namespace mlc::tools {
namespace {

using collectives::Communicator;

// As it goes over the wire: what (0: no more, 1: a file, 2: a weight's piece), which one, which
// piece of it, from where on, how many bytes.
using Request = std::array<int64_t, 5>;

constexpr int64_t kFile = 1, kPiece = 2;
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

class PackageSender : public testing::Test {
 protected:
  void SetUp() override {
    folder_.manifest.ranks = {{-1, ""}};
    folder_.manifest.weights = {{.name = "fill", .dtype = DType::kU8, .shape = {4}, .fill = "00"}};
    folder_.addWeight("w", DType::kU8, {4}, std::vector<uint8_t>{1, 2, 3, 4}, 128);
    folder_.addWeight("last", DType::kU8, {4}, std::vector<uint8_t>{5, 6, 7, 8}, 256);
    folder_.write();
  }

  // What rank 0 says of a rank that sends these bytes instead of a request.
  Status outcomeOf(const void* request, size_t bytes) {
    const auto package = package::Package::open(folder_.path());
    EXPECT_TRUE(package.ok()) << package.status().message();
    const auto worlds = collectives::createThreadGroup(2);
    std::thread receiver([&] {
      PackageReceiver whole(*worlds[1]);
      EXPECT_TRUE(whole.receiveManifest().ok());
      (void)worlds[1]->send(request, static_cast<int64_t>(bytes), 0, 0)->wait();
      // Nobody waits for what the destructor sends.
      worlds[1]->abort(invalidError("enough"));
    });
    Status status = sendPackage(*worlds[0], *package, {0, 1});
    receiver.join();
    return status;
  }
  Status outcomeOf(const Request& request) { return outcomeOf(request.data(), sizeof request); }

  package::PackageFolder folder_{"sent.mlcpkg"};
};

TEST_F(PackageSender, GivesNothingThatThePackageDoesNotHave) {
  const int64_t fileBytes = folder_.manifest.files[0].bytes;
  for (const Request& request :
       {Request{3, 0, 0, 0, 1}, Request{-1, 0, 0, 0, 1}, Request{kFile, -1, 0, 0, 1},
        Request{kFile, 3, 0, 0, 1}, Request{kPiece, 3, 0, 0, 1}, Request{kPiece, kMost, 0, 0, 1},
        Request{kPiece, 1, 1, 0, 1}, Request{kPiece, 1, -1, 0, 1}, Request{kFile, 0, 0, -1, 1},
        Request{kFile, 0, 0, 0, -1}, Request{kFile, 0, 0, 0, fileBytes + 1},
        Request{kFile, 0, 0, fileBytes, 1}, Request{kFile, 0, 0, kMost, 1},
        Request{kPiece, 1, 0, -128, 4}, Request{kPiece, 1, 0, 0, 5},
        Request{kPiece, 1, 0, kMost, 4}, Request{kPiece, 2, 0, kMost - 100, 4},
        Request{kPiece, 1, 0, 1, kMost}, Request{kPiece, 0, 0, 0, 1}}) {
    const Status status = outcomeOf(request);
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << testing::PrintToString(request);
    EXPECT_EQ(status.message(), "a rank asks for what the package does not have")
        << testing::PrintToString(request);
  }
}

TEST_F(PackageSender, EndsForWhatIsNoRequest) {
  const Request request = {kFile, 0, 0, 0, 1};
  EXPECT_EQ(outcomeOf(request.data(), 5).code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace mlc::tools
