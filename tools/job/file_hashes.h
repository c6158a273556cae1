// Hashes of the files of models, which may be large: made by all cores, and kept.
//
// A hash that was kept is believed while the file is the one it was made of: by device, inode,
// size, and the times of its last change, of which the kernel sets one at every write and no
// program can. It is kept only where these tell every change:
//   - on file systems of disks of this machine (ext4, XFS, Btrfs, F2FS). A server's clock is not
//     ours; and on others, like tmpfs, writes through a mapping leave the times as they are.
//   - of files that had not changed for a minute. Times have a granularity; and a page that is
//     written through a mapping twice changes them once, until the kernel has written it back
//     (after 30 seconds, vm.dirty_expire_centisecs).
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/status.h"

namespace mlc::tools {

class FileHashes {
 public:
  // Kept in that folder, which is the user's own (cache_folder.h), of files that have not changed
  // for `settledSeconds`.
  explicit FileHashes(std::string folder, int64_t settledSeconds = 60)
      : folder_(std::move(folder)), settledSeconds_(settledSeconds) {}

  // BLAKE2b-256, in hexadecimal, of a regular file's size and of the hashes of its pieces of 1 MiB.
  // Fails with a message that names it.
  StatusOr<std::string> hashOf(const std::string& path);

  // What was read for it.
  int64_t readBytes() const { return readBytes_; }

 private:
  std::string folder_;
  int64_t settledSeconds_;
  int64_t readBytes_ = 0;
};

}  // namespace mlc::tools
