#include "tools/job/host_package.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "runtime/base/content_hash.h"
#include "runtime/base/machine.h"
#include "runtime/executor/agreement.h"
#include "runtime/package/package.h"
#include "runtime/package/package_part.h"
#include "runtime/package/validate_manifest.h"
#include "runtime/package/weight_files.h"
#include "tools/job/exchange.h"
#include "tools/job/package_transfer.h"

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;
using collectives::Communicator;

// The other ranks of the host wait meanwhile.
int allThreads() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

// What files each rank sees: containers on one host have their own.
StatusOr<std::vector<std::string>> gatherViews(Communicator& world) {
  return gatherTexts(world, world.hostOf(world.rank()) + " " + namespaceId("mnt"));
}

// Those that see the same as this one.
std::vector<int> ranksBeside(const std::vector<std::string>& views, int rank) {
  std::vector<int> ranks;
  for (int other = 0; other < static_cast<int>(views.size()); ++other) {
    if (views[static_cast<size_t>(other)] == views[static_cast<size_t>(rank)])
      ranks.push_back(other);
  }
  return ranks;
}

using Keys = std::vector<package::PublicKey>;

// The keys that each rank wants the package to be signed by one of; of those that want none, none.
StatusOr<std::vector<Keys>> gatherTrust(Communicator& world, const std::string& trustFile) {
  StatusOr<Keys> mine = Keys();
  if (!trustFile.empty()) mine = package::readPublicKeys(trustFile);
  MLC_RETURN_IF_ERROR(executor::agree(world, mine.status()));
  std::string text;
  for (const package::PublicKey& key : *mine) text.append(key.begin(), key.end());
  MLC_ASSIGN_OR_RETURN(const std::vector<std::string> texts, gatherTexts(world, text));
  std::vector<Keys> trust(texts.size());
  for (size_t rank = 0; rank < texts.size(); ++rank) {
    for (size_t at = 0; at < texts[rank].size(); at += package::PublicKey().size())
      texts[rank].copy(reinterpret_cast<char*>(trust[rank].emplace_back().data()),
                       package::PublicKey().size(), at);
  }
  return trust;
}

// Whether all that those ranks read is there and what rank 0 has.
bool isHere(const std::string& path, const std::string& content, const std::vector<int>& ranks) {
  const StatusOr<std::string> manifest = contentHashOfFile(path + "/manifest.json");
  if (!manifest.ok() || *manifest != content) return false;
  const auto package = package::Package::open(path);
  if (!package.ok()) return false;
  return package::WeightFiles(*package, allThreads())
      .check(package::piecesOf((*package)->manifest(), ranks))
      .ok();
}

std::string keyOfPart(const std::string& content,
                      const std::vector<package::PackagePiece>& pieces) {
  ContentHash key;
  key.field("part of the package", content);
  for (const package::PackagePiece& piece : pieces) {
    key.field("weight", std::to_string(piece.weight));
    key.field("piece", std::to_string(piece.piece));
  }
  return key.hex();
}

// For those ranks, of which this is the first.
StatusOr<HeldPackage> receivePart(Communicator& world, const std::vector<Keys>& trust,
                                  const std::vector<int>& ranks, int64_t cacheLimit) {
  // Ends the transfer also where it fails.
  PackageReceiver receiver(world);
  MLC_ASSIGN_OR_RETURN(const SentManifest sent, receiver.receiveManifest());
  for (const int rank : ranks) {
    const Keys& keys = trust[static_cast<size_t>(rank)];
    if (!keys.empty() && !package::isSignedBy(sent.text, sent.signature, keys)) {
      return invalidError("the package is not signed by a key that rank " + std::to_string(rank) +
                          " trusts");
    }
  }
  MLC_ASSIGN_OR_RETURN(const package::Manifest whole, package::parseManifest(sent.text));
  // Before anything of it is believed.
  MLC_RETURN_IF_ERROR(package::validateManifest(whole));
  if (checksumOfManifest(whole) != whole.checksum)
    return invalidError("the manifest that rank 0 sent is damaged");
  const std::vector<package::PackagePiece> pieces = package::piecesOf(whole, ranks);
  const std::string key = keyOfPart(contentHashOf(sent.text), pieces);
  MLC_ASSIGN_OR_RETURN(const PackageStore store, PackageStore::open(WeightCheck::kWhenFound));
  MLC_ASSIGN_OR_RETURN(std::optional<HeldPackage> found, store.find(key));
  if (found) return *std::move(found);
  MLC_ASSIGN_OR_RETURN(HeldPackage part,
                       store.add(key, whole.model, [&](const std::string& path) -> Status {
                         MLC_RETURN_IF_ERROR(receiver.receiveFiles(whole, pieces, path));
                         MLC_ASSIGN_OR_RETURN(const auto received, package::Package::open(path));
                         return package::WeightFiles(received, allThreads()).check(pieces);
                       }));
  store.shrink(cacheLimit);
  return part;
}

}  // namespace

StatusOr<HostPackage> packageOnThisHost(Communicator& world, const StatusOr<std::string>& path,
                                        const std::string& trustFile, int64_t cacheLimit) {
  HostPackage here;
  MLC_ASSIGN_OR_RETURN(here.path, shareFromRoot(world, path));
  MLC_ASSIGN_OR_RETURN(const std::vector<std::string> views, gatherViews(world));
  const std::vector<int> ranks = ranksBeside(views, world.rank());
  if (ranksBeside(views, 0).size() == views.size()) return here;
  // By the lowest of them, below, wherever it finds the package.
  here.areWeightsChecked = ranks.front() != 0;

  StatusOr<std::string> mine = std::string();
  if (world.rank() == 0) mine = contentHashOfFile(here.path + "/manifest.json");
  MLC_ASSIGN_OR_RETURN(const std::string content, shareFromRoot(world, mine));
  if (world.rank() == 0) here.path = fs::absolute(here.path).string();
  MLC_ASSIGN_OR_RETURN(here.path, shareFromRoot(world, here.path));

  const bool decides = ranks.front() == world.rank() && world.rank() != 0;
  const char lacks = decides && !isHere(here.path, content, ranks) ? 1 : 0;
  std::vector<char> lacking(static_cast<size_t>(world.size()));
  MLC_RETURN_IF_ERROR(
      world.allGather(&lacks, lacking.data(), std::vector<int64_t>(lacking.size(), 1), DType::kU8));
  if (std::ranges::count(lacking, 0) == world.size()) return here;

  // Nobody waits for a package that is damaged.
  std::shared_ptr<const package::Package> whole;
  mine = std::string();
  if (world.rank() == 0) {
    StatusOr<std::shared_ptr<const package::Package>> opened = package::Package::open(here.path);
    if (opened.ok()) {
      whole = *std::move(opened);
    } else {
      mine = opened.status();
    }
  }
  MLC_RETURN_IF_ERROR(shareFromRoot(world, mine).status());
  MLC_ASSIGN_OR_RETURN(const std::vector<Keys> trust, gatherTrust(world, trustFile));
  Status status;
  if (world.rank() == 0) {
    status = sendPackage(world, std::move(whole), lacking);
    // Whoever is waiting for more waits for ever.
    if (!status.ok()) {
      world.abort(status);
      return status;
    }
  }
  if (lacks) {
    StatusOr<HeldPackage> part = receivePart(world, trust, ranks, cacheLimit);
    status = part.status();
    if (part.ok()) {
      here.held = *std::move(part);
      here.path = here.held->path();
    }
  }
  MLC_RETURN_IF_ERROR(executor::agree(world, status));
  MLC_ASSIGN_OR_RETURN(const std::vector<std::string> paths, gatherTexts(world, here.path));
  here.path = paths[static_cast<size_t>(ranks.front())];
  here.wasSent = lacking[static_cast<size_t>(ranks.front())] != 0;
  return here;
}

}  // namespace mlc::tools
