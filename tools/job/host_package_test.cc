#include "tools/job/host_package.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>

#include "collectives/transport/thread/thread_communicator.h"
#include "runtime/package/package.h"
#include "runtime/package/package_folder.h"

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;
using collectives::Communicator;
using collectives::Request;

// Changes the bytes of a message from rank 0, or how many there are; messages are counted from 0:
// the sizes of the manifest and its signature, the manifest, and then what was asked for.
using Lie = std::function<void(int index, std::string& message)>;

// A message that is not the sender's.
class OwnedRequest : public Request {
 public:
  OwnedRequest(std::unique_ptr<std::string> message, std::unique_ptr<Request> request)
      : message_(std::move(message)), request_(std::move(request)) {}

  Status wait() override { return request_->wait(); }
  bool test() override { return request_->test(); }

 private:
  std::unique_ptr<std::string> message_;  // outlives the request
  std::unique_ptr<Request> request_;
};

// A rank of a thread group as if each rank were on a host of its own: rank 1 does not see what
// others see under "seen".
class OtherHost : public Communicator {
 public:
  OtherHost(std::unique_ptr<Communicator> world, Lie lie)
      : world_(std::move(world)), lie_(std::move(lie)) {}

  int rank() const override { return world_->rank(); }
  int size() const override { return world_->size(); }
  const std::string& hostOf(int rank) const override {
    static const std::string names[] = {"host0", "host1"};
    return names[rank];
  }
  Status barrier() override { return world_->barrier(); }
  Status allReduce(void* data, int64_t count, DType dtype,
                   collectives::Reduction reduction) override {
    return world_->allReduce(data, count, dtype, reduction);
  }
  Status allGather(const void* in, void* out, const std::vector<int64_t>& counts,
                   DType dtype) override {
    return world_->allGather(in, out, counts, dtype);
  }
  Status reduceScatter(const void* in, void* out, const std::vector<int64_t>& counts, DType dtype,
                       collectives::Reduction reduction) override {
    return world_->reduceScatter(in, out, counts, dtype, reduction);
  }
  Status allToAll(const void* in, const std::vector<int64_t>& sendCounts, void* out,
                  const std::vector<int64_t>& receiveCounts, DType dtype) override {
    return world_->allToAll(in, sendCounts, out, receiveCounts, dtype);
  }
  Status broadcast(void* data, int64_t bytes, int root) override {
    const Status status = world_->broadcast(data, bytes, root);
    const std::string_view text(static_cast<char*>(data), static_cast<size_t>(bytes));
    const size_t at = text.find("seen");
    if (rank() == 1 && at != std::string_view::npos)
      std::memcpy(static_cast<char*>(data) + at, "none", 4);
    return status;
  }
  std::unique_ptr<Request> send(const void* data, int64_t bytes, int to, int tag) override {
    auto message =
        std::make_unique<std::string>(static_cast<const char*>(data), static_cast<size_t>(bytes));
    if (rank() == 0 && lie_) lie_(sent_++, *message);
    auto request = world_->send(message->data(), static_cast<int64_t>(message->size()), to, tag);
    return std::make_unique<OwnedRequest>(std::move(message), std::move(request));
  }
  std::unique_ptr<Request> receive(void* data, int64_t bytes, int from, int tag) override {
    return world_->receive(data, bytes, from, tag);
  }
  StatusOr<std::unique_ptr<Communicator>> split(int color, int key) override {
    return world_->split(color, key);
  }
  void abort(const Status& cause) override { world_->abort(cause); }
  Status failure() const override { return world_->failure(); }
  void progress() override { world_->progress(); }

 private:
  std::unique_ptr<Communicator> world_;
  Lie lie_;
  int sent_ = 0;
};

// Says something else than the manifest that is there.
Lie saying(const std::string& manifest) {
  return [manifest](int index, std::string& message) {
    const int64_t sizes[] = {static_cast<int64_t>(manifest.size()), 0};
    if (index == 0) message.assign(reinterpret_cast<const char*>(sizes), sizeof sizes);
    if (index == 1) message = manifest;
  };
}

class HostPackageTest : public testing::Test {
 protected:
  // A package of two ranks, each with a program that does nothing, and a weight.
  void SetUp() override {
    fs::remove_all(cache_);
    ::setenv("MLC_CACHE", cache_.c_str(), 1);
    folder_.addFile("runtime/package/empty_program.so", "program.so");
    folder_.manifest.tp = 2;
    for (int rank = 0; rank < 2; ++rank) {
      const std::string name = "w" + std::to_string(rank);
      folder_.addWeight(name, DType::kU8, {5}, std::vector<uint8_t>{1, 2, 3, 4, 5}, 128 * rank);
      package::Program program;
      program.target = "cpu";
      program.object = "program.so";
      program.weights = {{name, rank, {}, package::WeightLayout::kPlain, false, 0}};
      folder_.manifest.programs.push_back(program);
      folder_.manifest.ranks.push_back({rank, "cpu"});
    }
    folder_.write();
  }

  // What rank 1, on another host, has then.
  StatusOr<HostPackage> receive(const Lie& lie = nullptr, const std::string& trustFile = "") {
    auto worlds = collectives::createThreadGroup(2);
    OtherHost first(std::move(worlds[0]), lie), second(std::move(worlds[1]), nullptr);
    auto sending = std::async(std::launch::async, [&] {
      return packageOnThisHost(first, folder_.path(), "", /*cacheLimit=*/1 << 20);
    });
    StatusOr<HostPackage> received =
        packageOnThisHost(second, invalidError("not rank 0"), trustFile, /*cacheLimit=*/1 << 20);
    EXPECT_EQ(sending.get().ok(), received.ok());
    return received;
  }

  void expectRefused(const Lie& lie, const std::string& words) {
    const Status status = receive(lie).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << words;
    EXPECT_NE(status.message().find(words), std::string::npos) << status.message();
    EXPECT_TRUE(!fs::exists(cache_ / "packages") || fs::is_empty(cache_ / "packages")) << words;
  }

  package::PackageFolder folder_{"seen.mlcpkg"};
  const fs::path cache_ = testing::TempDir() + "/cache_of_host_package_test";
};

TEST_F(HostPackageTest, GivesEachHostItsPart) {
  const StatusOr<HostPackage> received = receive();
  ASSERT_TRUE(received.ok()) << received.status().message();
  EXPECT_TRUE(received->wasSent);
  const auto part = package::Package::open(received->path);
  ASSERT_TRUE(part.ok()) << part.status().message();
  std::ifstream weights((*part)->pathOf((*part)->manifest().weights[1].file), std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(weights), {}), "\1\2\3\4\5");
  // It is there from now on.
  int messages = 0;
  ASSERT_TRUE(receive([&](int, std::string&) { ++messages; }).ok());
  EXPECT_EQ(messages, 2);
}

TEST_F(HostPackageTest, BelievesNoManifestThatIsSent) {
  using package::Manifest;
  const std::vector<std::function<void(Manifest&)>> lies = {
      [](Manifest& m) { m.files[0].path = "../../../outside"; },
      [](Manifest& m) { m.files[0].path = "/tmp/outside"; },
      [](Manifest& m) { m.files[1].path = m.files[0].path; },
      [](Manifest& m) { m.files[0].bytes = -1; },
      [](Manifest& m) { m.weights[1].file = "../weights.bin"; },
      [](Manifest& m) { m.weights[1].offsets[0] = -2; },
      [](Manifest& m) { m.weights[1].offsets.clear(); },
      [](Manifest& m) { m.weights[1].first_hash = int64_t{1} << 60; },
      [](Manifest& m) { m.weight_hashes = "absent"; },
      [](Manifest& m) { m.weights[1].shape = {-5}; },
      [](Manifest& m) { m.weights[1].shape = {int64_t{1} << 62, int64_t{1} << 62}; },
      [](Manifest& m) { m.programs[1].weights[0].source = 1 << 20; },
      [](Manifest& m) { m.programs[1].weights[0].source = -1; },
      [](Manifest& m) { m.ranks[1].program = 1 << 20; },
      [](Manifest& m) { m.ranks.pop_back(); },
  };
  for (size_t i = 0; i < lies.size(); ++i) {
    SCOPED_TRACE(i);
    Manifest manifest = folder_.manifest;
    lies[i](manifest);
    manifest.checksum = checksumOfManifest(manifest);
    expectRefused(saying(printManifest(manifest)), "manifest.json: ");
  }
  EXPECT_FALSE(fs::exists("/tmp/outside"));
  EXPECT_FALSE(fs::exists(cache_ / "outside"));

  Manifest damaged = folder_.manifest;
  damaged.microbatches = 2;
  expectRefused(saying(printManifest(damaged)), "damaged");
  expectRefused(saying("{"), "manifest");
}

TEST_F(HostPackageTest, BelievesNoSizesThatAreSent) {
  for (const std::array<int64_t, 2>& sizes :
       {std::array<int64_t, 2>{-1, 0}, {int64_t{1} << 60, 0}, {100, -1}, {100, int64_t{1} << 60}}) {
    expectRefused(
        [&](int index, std::string& message) {
          if (index == 0) std::memcpy(message.data(), sizes.data(), sizeof sizes);
        },
        "rank 0 sends no manifest");
  }
  // More files, and larger ones, than rank 0 gives.
  package::Manifest manifest = folder_.manifest;
  std::ranges::find(manifest.files, "program.so", &package::FileEntry::path)->bytes = int64_t{1}
                                                                                      << 60;
  manifest.checksum = checksumOfManifest(manifest);
  expectRefused(saying(printManifest(manifest)), "does not have");
  manifest = folder_.manifest;
  manifest.files.push_back({"more", 10, std::string(64, '0')});
  manifest.checksum = checksumOfManifest(manifest);
  expectRefused(saying(printManifest(manifest)), "does not have");
}

TEST_F(HostPackageTest, BelievesNoContentThatIsSent) {
  int messages = 0;
  ASSERT_TRUE(receive([&](int, std::string&) { ++messages; }).ok());
  ASSERT_GT(messages, 3);
  for (int changed = 2; changed < messages; ++changed) {
    fs::remove_all(cache_);
    expectRefused(
        [&](int index, std::string& message) {
          if (index == changed) message[message.size() / 2] ^= 1;
        },
        "was changed after the package was written");
  }
  fs::remove_all(cache_);
  expectRefused(
      [](int index, std::string& message) {
        if (index == 2) message.pop_back();
      },
      "bytes where");
}

TEST_F(HostPackageTest, DemandsTheSignatureOfWhatIsSent) {
  unsigned char publicKey[crypto_sign_PUBLICKEYBYTES], secretKey[crypto_sign_SECRETKEYBYTES];
  ASSERT_EQ(crypto_sign_keypair(publicKey, secretKey), 0);
  // As openssl writes it (RFC 8410).
  std::string der("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
  der.append(reinterpret_cast<char*>(publicKey), sizeof publicKey);
  char base64[128];
  sodium_bin2base64(base64, sizeof base64, reinterpret_cast<unsigned char*>(der.data()), der.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  const std::string keys = testing::TempDir() + "/keys.pub";
  std::ofstream(keys) << "-----BEGIN PUBLIC KEY-----\n" << base64 << "\n-----END PUBLIC KEY-----\n";

  const auto expectUnsigned = [&] {
    const Status status = receive(nullptr, keys).status();
    EXPECT_NE(status.message().find("not signed by a key that rank 1 trusts"), std::string::npos)
        << status.message();
  };
  expectUnsigned();
  std::ifstream file(folder_.file("manifest.json"), std::ios::binary);
  const std::string manifest(std::istreambuf_iterator<char>(file), {});
  unsigned char signature[crypto_sign_BYTES];
  crypto_sign_detached(signature, nullptr, reinterpret_cast<const unsigned char*>(manifest.data()),
                       manifest.size(), secretKey);
  const auto sign = [&] {
    std::ofstream(folder_.file("manifest.sig"), std::ios::binary)
        .write(reinterpret_cast<const char*>(signature), sizeof signature);
  };
  sign();
  EXPECT_TRUE(receive(nullptr, keys).ok());
  signature[0] ^= 1;
  sign();
  expectUnsigned();
}

}  // namespace
}  // namespace mlc::tools
