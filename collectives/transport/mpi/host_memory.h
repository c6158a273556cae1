// Memory of a rank that all ranks of its host map: they read and write in place what lies there.
#pragma once

#include <mpi/mpi.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::collectives {

// One per rank of the job. A rank's memory is a file without a name, of which every rank of the
// host maps a long range at the start, so that it can grow without another word: pages come with
// their first use, from the memory near who uses them.
class HostMemory {
 public:
  // Called by all ranks of the world; hosts[r]: what rank r runs on. Null on all ranks of a host
  // that cannot share memory.
  static std::unique_ptr<HostMemory> create(MPI_Comm world, const std::vector<std::string>& hosts);
  ~HostMemory();
  HostMemory(const HostMemory&) = delete;

  // Of this rank's memory, aligned to pages; zeros where nobody has used it before. From any
  // thread.
  StatusOr<char*> allocate(int64_t bytes);
  void free(char* memory);

  // Where this rank sees the memory of a rank of the world; null: on another host.
  char* of(int rank) const { return bases_[static_cast<size_t>(rank)]; }
  // From the beginning of this rank's memory to a range that lies within it; -1 elsewhere.
  int64_t offsetOf(const void* data, int64_t bytes) const;

 private:
  HostMemory(int rank, size_t ranks) : rank_(rank), bases_(ranks), reserved_(ranks) {}
  Status makeFile(int64_t reserved);
  Status mapPeer(int rank, int processId, int file, int64_t reserved, uint64_t token);
  int64_t reservedHere() const { return reserved_[static_cast<size_t>(rank_)]; }

  const int rank_;
  int file_ = -1;
  std::vector<char*> bases_;
  std::vector<int64_t> reserved_;  // bytes that are mapped there

  std::mutex mutex_;
  int64_t length_ = 0;                // of the file
  std::map<int64_t, int64_t> free_;   // within it: bytes by offset
  std::map<int64_t, int64_t> taken_;  // likewise
};

}  // namespace mlc::collectives
