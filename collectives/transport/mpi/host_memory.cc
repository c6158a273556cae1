#include "collectives/transport/mpi/host_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace mlc::collectives {
namespace {

constexpr int64_t kPage = 4096;
// Address space, of which a process has 128 TiB.
constexpr int64_t kMostReserved = int64_t{256} << 30;
constexpr int64_t kMostReservedOfHost = int64_t{32} << 40;
// The part of a limited address space that may be reserved.
constexpr rlim_t kReservedPart = 4;
// Pages of memory that is free again are given back from this size on.
constexpr int64_t kGivenBack = 64 * 1024;

int64_t wholePages(int64_t bytes) {
  return (std::max<int64_t>(bytes, 1) + kPage - 1) / kPage * kPage;
}

// Of address space, for each of so many ranks' memory.
int64_t reservedFor(int64_t ranks) {
  rlimit limit = {};
  ::getrlimit(RLIMIT_AS, &limit);
  int64_t most = kMostReservedOfHost;
  if (limit.rlim_cur != RLIM_INFINITY)
    most = std::min(most, static_cast<int64_t>(limit.rlim_cur / kReservedPart));
  return std::clamp(most / ranks / kPage * kPage, kPage, kMostReserved);
}

// What a rank tells the others. Processes of other containers may have the same number: the token
// at the beginning of the file tells them apart.
struct Announcement {
  int32_t isThere = 0;
  int32_t processId = 0, file = -1;
  int64_t reserved = 0;
  uint64_t token = 0;
};

Status systemError(const char* what) {
  return deviceError(std::string(what) + ": " + std::strerror(errno));
}

char* mapFile(int file, int64_t bytes) {
  void* memory = ::mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_NORESERVE, file, 0);
  if (memory == MAP_FAILED) return nullptr;
  ::madvise(memory, static_cast<size_t>(bytes), MADV_DONTDUMP);
  // Only where the system allows them for shared memory.
  ::madvise(memory, static_cast<size_t>(bytes), MADV_HUGEPAGE);
  return static_cast<char*>(memory);
}

}  // namespace

std::unique_ptr<HostMemory> HostMemory::create(MPI_Comm world,
                                               const std::vector<std::string>& hosts) {
  int rank = 0;
  MPI_Comm_rank(world, &rank);
  std::unique_ptr<HostMemory> memory(new HostMemory(rank, hosts.size()));
  const std::string& here = hosts[static_cast<size_t>(rank)];
  const int64_t ranksHere = std::ranges::count(hosts, here);
  Announcement mine;
  if (memory->makeFile(reservedFor(ranksHere)).ok() &&
      ::getrandom(&mine.token, sizeof mine.token, 0) == sizeof mine.token) {
    std::memcpy(memory->of(rank), &mine.token, sizeof mine.token);
    mine = {1, ::getpid(), memory->file_, memory->reserved_[static_cast<size_t>(rank)], mine.token};
  }
  std::vector<Announcement> all(hosts.size());
  MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, world);
  int32_t usable = 1;
  for (size_t r = 0; r < hosts.size() && usable; ++r) {
    if (hosts[r] != here) continue;
    const Announcement& peer = all[r];
    usable =
        peer.isThere &&
        memory->mapPeer(static_cast<int>(r), peer.processId, peer.file, peer.reserved, peer.token)
            .ok();
  }
  // Nobody goes on, and closes its file, before all have opened it.
  std::vector<int32_t> usableBy(hosts.size());
  MPI_Allgather(&usable, 1, MPI_INT32_T, usableBy.data(), 1, MPI_INT32_T, world);
  for (size_t r = 0; r < hosts.size(); ++r) {
    if (hosts[r] == here && !usableBy[r]) return nullptr;
  }
  return memory;
}

Status HostMemory::makeFile(int64_t reserved) {
  file_ = ::memfd_create("mlc", MFD_CLOEXEC);
  if (file_ < 0) return systemError("memfd_create");
  if (::ftruncate(file_, kPage) != 0) return systemError("ftruncate");
  length_ = kPage;
  char* base = mapFile(file_, reserved);
  if (!base) return systemError("mmap");
  bases_[static_cast<size_t>(rank_)] = base;
  reserved_[static_cast<size_t>(rank_)] = reserved;
  return okStatus();
}

Status HostMemory::mapPeer(int rank, int processId, int file, int64_t reserved, uint64_t token) {
  if (rank == rank_) return okStatus();
  const std::string path = "/proc/" + std::to_string(processId) + "/fd/" + std::to_string(file);
  const int opened = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (opened < 0) return systemError(path.c_str());
  uint64_t found = 0;
  const bool isRight = ::pread(opened, &found, sizeof found, 0) == sizeof found && found == token;
  char* base = isRight ? mapFile(opened, reserved) : nullptr;
  ::close(opened);
  if (!base) return deviceError("the memory of rank " + std::to_string(rank) + " cannot be mapped");
  bases_[static_cast<size_t>(rank)] = base;
  reserved_[static_cast<size_t>(rank)] = reserved;
  return okStatus();
}

HostMemory::~HostMemory() {
  for (size_t r = 0; r < bases_.size(); ++r) {
    if (bases_[r]) ::munmap(bases_[r], static_cast<size_t>(reserved_[r]));
  }
  if (file_ >= 0) ::close(file_);
}

StatusOr<char*> HostMemory::allocate(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  const int64_t size = wholePages(bytes);
  auto place = std::ranges::find_if(free_, [&](const auto& range) { return range.second >= size; });
  if (place == free_.end()) {
    if (size > reservedHere() - length_) {
      return outOfMemoryError("cannot allocate " + std::to_string(bytes) +
                              " bytes that the ranks of a host share");
    }
    if (::ftruncate(file_, length_ + size) != 0) return systemError("ftruncate");
    place = free_.emplace(length_, size).first;
    length_ += size;
  }
  const auto [offset, room] = *place;
  free_.erase(place);
  if (room > size) free_.emplace(offset + size, room - size);
  taken_.emplace(offset, size);
  return of(rank_) + offset;
}

void HostMemory::free(char* memory) {
  const std::lock_guard lock(mutex_);
  const auto taken = taken_.find(memory - of(rank_));
  int64_t offset = taken->first, size = taken->second;
  taken_.erase(taken);
  if (size >= kGivenBack) {
    ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
  }
  auto next = free_.upper_bound(offset);
  if (next != free_.end() && next->first == offset + size) {
    size += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    const auto previous = std::prev(next);
    if (previous->first + previous->second == offset) {
      previous->second += size;
      return;
    }
  }
  free_.emplace(offset, size);
}

int64_t HostMemory::offsetOf(const void* data, int64_t bytes) const {
  const auto offset = static_cast<int64_t>(reinterpret_cast<uintptr_t>(data) -
                                           reinterpret_cast<uintptr_t>(of(rank_)));
  return offset >= 0 && offset < reservedHere() && bytes <= reservedHere() - offset ? offset : -1;
}

}  // namespace mlc::collectives
