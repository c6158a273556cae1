// A package's files from rank 0 to a rank of another host, which asks for them piece by piece.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collectives/communicator.h"
#include "runtime/base/output_file.h"
#include "runtime/package/manifest.h"
#include "runtime/package/package.h"
#include "runtime/package/package_part.h"

namespace mlc::tools {

// On rank 0, for a package that is there and whole: gives it to the ranks r with wants[r], one
// after the other.
Status sendPackage(collectives::Communicator& world,
                   std::shared_ptr<const package::Package> package, const std::vector<char>& wants);

struct SentManifest {
  std::string text, signature;  // no signature: empty
};

// On such a rank.
class PackageReceiver {
 public:
  explicit PackageReceiver(collectives::Communicator& world) : world_(world) {}
  // Tells rank 0 that this was all.
  ~PackageReceiver();
  PackageReceiver(const PackageReceiver&) = delete;
  PackageReceiver& operator=(const PackageReceiver&) = delete;

  // To be called first.
  StatusOr<SentManifest> receiveManifest();
  // Makes a package at path: the part of the whole that has those pieces (package_part.h).
  Status receiveFiles(const package::Manifest& whole,
                      const std::vector<package::PackagePiece>& pieces, const std::string& path);

 private:
  struct Source;
  Status receiveInto(OutputFile& file, const Source& source, int64_t bytes);

  collectives::Communicator& world_;
  std::vector<char> message_;
};

}  // namespace mlc::tools
