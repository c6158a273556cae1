// What a compiled program calls: the ABI's function table over a team, the axis communicators and a
// device.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "collectives/communicator.h"
#include "runtime/abi/abi.h"
#include "runtime/base/objects.h"
#include "runtime/base/status.h"
#include "runtime/device/device.h"
#include "runtime/executor/segments.h"
#include "runtime/team/team.h"

namespace mlc::executor {

// Gives memory of the device to a program's output of run-time shape.
using OutputAllocator =
    std::function<StatusOr<void*>(int64_t index, std::span<const int64_t> dims)>;

// The state behind MlcThread::team. Borrows what it points to.
class ProgramHost {
 public:
  // axes: the communicators over dp, pp and tp, in the order of MlcAxis, split from the world.
  ProgramHost(team::Team& team, device::Device& device, collectives::Communicator& world,
              std::array<collectives::Communicator*, 3> axes)
      : team_(team), device_(device), world_(world), axes_(axes), segments_(device) {}

  // Runs a program on the team; the first failure that a collective, a launch or the program itself
  // reports comes back. References of the program are of these objects.
  Status run(MlcProgramRun program, const MlcInvocation& invocation, Objects& objects,
             const OutputAllocator& outputs);

  // Behind the table's functions.
  void barrier(const MlcThread& thread);
  void allReduce(const MlcThread& thread, int axis, void* data, int64_t count, DType type,
                 int reduction);
  void allGather(const MlcThread& thread, int axis, const void* in, void* out, int64_t outer,
                 const int64_t* inner, DType type);
  void reduceScatter(const MlcThread& thread, int axis, const void* in, void* out, int64_t outer,
                     const int64_t* inner, DType type, int reduction);
  void launch(int64_t kernel, int64_t grid, int64_t block, void** args);
  void copy(void* destination, const void* source, int64_t bytes, int direction);
  void fail(const Status& status);
  void* allocate(const MlcThread& thread, int64_t segment, int64_t bytes, int64_t kept);
  void* output(const MlcThread& thread, int64_t index, std::span<const int64_t> dims);
  void call(const MlcThread& thread, const char* function, const char* node,
            const int64_t* attributes, std::span<const MlcTensor> operands,
            std::span<const MlcTensor> results);

 private:
  // Thread 0 calls a communicator; ends with a barrier. False, on all threads, where that failed:
  // the world has ended, and what the call should give is not there.
  template <typename Call>
  bool collective(const MlcThread& thread, const Call& call);
  // Thread 0 makes memory, all threads get its address; null, and a failure, where there is none.
  template <typename Make>
  void* onThreadZero(const MlcThread& thread, const Make& make);
  Status callFromDevice(const char* function, const int64_t* attributes,
                        std::span<const MlcTensor> operands, std::span<const MlcTensor> results);

  char* scratch(size_t index, int64_t bytes);
  // Data of the device in host memory, for the communicators, and back.
  const void* toHost(size_t index, const void* data, int64_t bytes);
  void fromHost(void* destination, const void* source, int64_t bytes);

  team::Team& team_;
  device::Device& device_;
  collectives::Communicator& world_;
  std::array<collectives::Communicator*, 3> axes_;
  // Kept from call to call; touched by thread 0, read by all after a barrier.
  std::array<std::vector<char>, 3> scratch_;
  Segments segments_;
  const OutputAllocator* outputs_ = nullptr;  // of the run
  Objects* objects_ = nullptr;                // likewise
  void* made_ = nullptr;                      // by thread 0, for the others
  bool collectiveDone_ = false;               // likewise
  std::mutex mutex_;
  Status failure_;
};

}  // namespace mlc::executor
