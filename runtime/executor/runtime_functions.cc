#include "runtime/executor/runtime_functions.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/exceptions.h"
#include "runtime/executor/agreement.h"
#include "runtime/library/library.h"

namespace mlc::executor {
namespace {

using collectives::Reduction;

ProgramHost& hostOf(const MlcThread* thread) { return *static_cast<ProgramHost*>(thread->team); }

constexpr MlcRuntime kRuntime = {
    .abi_version = MLC_ABI_VERSION,
    .barrier = [](const MlcThread* thread) { hostOf(thread).barrier(*thread); },
    .all_reduce =
        [](const MlcThread* thread, int32_t axis, void* data, int64_t count, MlcDType type,
           int32_t reduction) {
          hostOf(thread).allReduce(*thread, axis, data, count, static_cast<DType>(type), reduction);
        },
    .all_gather =
        [](const MlcThread* thread, int32_t axis, const void* in, void* out, int64_t outer,
           const int64_t* inner, MlcDType type) {
          hostOf(thread).allGather(*thread, axis, in, out, outer, inner, static_cast<DType>(type));
        },
    .reduce_scatter =
        [](const MlcThread* thread, int32_t axis, const void* in, void* out, int64_t outer,
           const int64_t* inner, MlcDType type, int32_t reduction) {
          hostOf(thread).reduceScatter(*thread, axis, in, out, outer, inner,
                                       static_cast<DType>(type), reduction);
        },
    .launch = [](const MlcThread* thread, int64_t kernel, int64_t grid, int64_t block,
                 void** args) { hostOf(thread).launch(kernel, grid, block, args); },
    .copy = [](const MlcThread* thread, void* destination, const void* source, int64_t bytes,
               int32_t direction) { hostOf(thread).copy(destination, source, bytes, direction); },
    .fail = [](const MlcThread* thread,
               const char* message) { hostOf(thread).fail(invalidError(message)); },
    .allocate = [](const MlcThread* thread, int64_t segment, int64_t bytes,
                   int64_t kept) { return hostOf(thread).allocate(*thread, segment, bytes, kept); },
    .output =
        [](const MlcThread* thread, int64_t index, const int64_t* dims, int64_t rank) {
          return hostOf(thread).output(*thread, index, {dims, static_cast<size_t>(rank)});
        },
    .call =
        [](const MlcThread* thread, const char* function, const char* node,
           const int64_t* attributes, const MlcTensor* operands, int64_t operandCount,
           const MlcTensor* results, int64_t resultCount) {
          hostOf(thread).call(*thread, function, node, attributes,
                              {operands, static_cast<size_t>(operandCount)},
                              {results, static_cast<size_t>(resultCount)});
        },
};

// The thread's part of `count` items.
std::pair<int64_t, int64_t> shareOf(const MlcThread& thread, int64_t count) {
  return {count * thread.index / thread.count, count * (thread.index + 1) / thread.count};
}

int64_t bytesOf(const MlcTensor& tensor) {
  int64_t elements = 1;
  for (int32_t i = 0; i < tensor.rank; ++i) elements *= tensor.dims[i];
  return dtypeBytes(static_cast<DType>(tensor.type), elements);
}

int64_t sum(const int64_t* values, int count) {
  int64_t total = 0;
  for (int i = 0; i < count; ++i) total += values[i];
  return total;
}

}  // namespace

Status ProgramHost::run(MlcProgramRun program, const MlcInvocation& invocation, Objects& objects,
                        const OutputAllocator& outputs) {
  failure_ = okStatus();
  objects_ = &objects;
  outputs_ = &outputs;
  team_.run([&](int index) {
    const MlcThread thread = {&kRuntime, index, team_.size(), this};
    program(&thread, &invocation);
  });
  fail(device_.synchronize());
  return failure_;
}

void ProgramHost::barrier(const MlcThread& thread) {
  // Messages move on between kernels.
  if (thread.index == 0) world_.progress();
  team_.barrier();
}

template <typename Call>
bool ProgramHost::collective(const MlcThread& thread, const Call& call) {
  if (thread.index == 0) {
    Status status = withoutExceptions(call);
    // The other ranks may be in the call, and would wait for this one.
    if (!status.ok()) status = endWorld(world_, status);
    fail(status);
    collectiveDone_ = status.ok();
  }
  team_.barrier();
  return collectiveDone_;
}

void ProgramHost::fail(const Status& status) {
  if (status.ok()) return;
  const std::lock_guard lock(mutex_);
  if (failure_.ok()) failure_ = status;
}

char* ProgramHost::scratch(size_t index, int64_t bytes) {
  std::vector<char>& buffer = scratch_[index];
  if (buffer.size() < static_cast<size_t>(bytes)) buffer.resize(static_cast<size_t>(bytes));
  return buffer.data();
}

const void* ProgramHost::toHost(size_t index, const void* data, int64_t bytes) {
  if (device_.isHostMemory()) return data;
  char* host = scratch(index, bytes);
  fail(device_.copy(host, data, bytes, device::CopyDirection::kToHost));
  return host;
}

void ProgramHost::fromHost(void* destination, const void* source, int64_t bytes) {
  if (destination == source) return;
  fail(device_.copy(destination, source, bytes, device::CopyDirection::kToDevice));
}

void ProgramHost::allReduce(const MlcThread& thread, int axis, void* data, int64_t count,
                            DType type, int reduction) {
  team_.barrier();
  collectives::Communicator& ranks = *axes_[static_cast<size_t>(axis)];
  collective(thread, [&] {
    if (ranks.size() == 1) return okStatus();
    const int64_t bytes = dtypeBytes(type, count);
    void* host = const_cast<void*>(toHost(0, data, bytes));
    MLC_RETURN_IF_ERROR(ranks.allReduce(host, count, type, static_cast<Reduction>(reduction)));
    fromHost(data, host, bytes);
    return okStatus();
  });
}

// A communicator concatenates whole contributions; with outer > 1 they are interleaved afterwards,
// by all threads.
void ProgramHost::allGather(const MlcThread& thread, int axis, const void* in, void* out,
                            int64_t outer, const int64_t* inner, DType type) {
  team_.barrier();
  collectives::Communicator& ranks = *axes_[static_cast<size_t>(axis)];
  const auto width = static_cast<int64_t>(elementBytes(type));
  const int64_t row = sum(inner, ranks.size()) * width;
  const bool host = device_.isHostMemory();
  const bool direct = outer == 1 && host;
  const bool done = collective(thread, [&] {
    std::vector<int64_t> counts(inner, inner + ranks.size());
    for (int64_t& count : counts) count *= outer;
    const int64_t mine = counts[static_cast<size_t>(ranks.rank())] * width;
    const void* source = toHost(0, in, mine);
    void* gathered = direct ? out : scratch(1, outer * row);
    if (!host && outer > 1) scratch(2, outer * row);
    return ranks.allGather(source, gathered, counts, type);
  });
  if (direct || !done) return;
  const char* gathered = scratch_[1].data();
  if (outer == 1) {
    fromHost(out, gathered, row);
    return;
  }
  char* rows = host ? static_cast<char*>(out) : scratch_[2].data();
  const auto [first, last] = shareOf(thread, outer);
  int64_t before = 0;
  for (int rank = 0; rank < ranks.size(); ++rank) {
    const int64_t piece = inner[rank] * width;
    for (int64_t i = first; i < last; ++i) {
      std::memcpy(rows + i * row + before, gathered + outer * before + i * piece,
                  static_cast<size_t>(piece));
    }
    before += piece;
  }
  team_.barrier();
  if (!host) fromHost(out, rows, outer * row);
}

void ProgramHost::reduceScatter(const MlcThread& thread, int axis, const void* in, void* out,
                                int64_t outer, const int64_t* inner, DType type, int reduction) {
  team_.barrier();
  collectives::Communicator& ranks = *axes_[static_cast<size_t>(axis)];
  const auto width = static_cast<int64_t>(elementBytes(type));
  const int64_t row = sum(inner, ranks.size()) * width;
  const bool ready = collective(thread, [&] {
    toHost(0, in, outer * row);
    scratch(1, outer * row);
    return okStatus();
  });
  if (!ready) return;
  const char* rows = device_.isHostMemory() ? static_cast<const char*>(in) : scratch_[0].data();
  const char* ordered = rows;
  if (outer > 1) {
    // Receiver by receiver.
    char* pieces = scratch_[1].data();
    const auto [first, last] = shareOf(thread, outer);
    int64_t before = 0;
    for (int rank = 0; rank < ranks.size(); ++rank) {
      const int64_t piece = inner[rank] * width;
      for (int64_t i = first; i < last; ++i) {
        std::memcpy(pieces + outer * before + i * piece, rows + i * row + before,
                    static_cast<size_t>(piece));
      }
      before += piece;
    }
    ordered = pieces;
    team_.barrier();
  }
  collective(thread, [&] {
    std::vector<int64_t> counts(inner, inner + ranks.size());
    for (int64_t& count : counts) count *= outer;
    const int64_t mine = counts[static_cast<size_t>(ranks.rank())] * width;
    void* result = device_.isHostMemory() ? out : scratch(2, mine);
    MLC_RETURN_IF_ERROR(
        ranks.reduceScatter(ordered, result, counts, type, static_cast<Reduction>(reduction)));
    fromHost(out, result, mine);
    return okStatus();
  });
}

void ProgramHost::launch(int64_t kernel, int64_t grid, int64_t block, void** args) {
  fail(device_.launch(kernel, grid, block, args));
}

void ProgramHost::copy(void* destination, const void* source, int64_t bytes, int direction) {
  fail(device_.copy(destination, source, bytes, static_cast<device::CopyDirection>(direction)));
}

template <typename Make>
void* ProgramHost::onThreadZero(const MlcThread& thread, const Make& make) {
  team_.barrier();
  if (thread.index == 0) {
    made_ = nullptr;
    fail(withoutExceptions([&]() -> Status {
      MLC_ASSIGN_OR_RETURN(made_, make());
      return okStatus();
    }));
  }
  team_.barrier();
  return made_;
}

void* ProgramHost::allocate(const MlcThread& thread, int64_t segment, int64_t bytes, int64_t kept) {
  return onThreadZero(thread, [&] { return segments_.reserve(segment, bytes, kept); });
}

void* ProgramHost::output(const MlcThread& thread, int64_t index, std::span<const int64_t> dims) {
  return onThreadZero(thread, [&] { return (*outputs_)(index, dims); });
}

void ProgramHost::call(const MlcThread& thread, const char* function, const char* node,
                       const int64_t* attributes, std::span<const MlcTensor> operands,
                       std::span<const MlcTensor> results) {
  team_.barrier();
  const Status status = withoutExceptions([&] {
    return device_.isHostMemory() ? library::run(function, {attributes, operands, results,
                                                            thread.index, thread.count, objects_})
                                  : callFromDevice(function, attributes, operands, results);
  });
  if (!status.ok()) fail(status.withContext("node '" + std::string(node) + "'"));
  team_.barrier();
}

// The library works in host memory.
Status ProgramHost::callFromDevice(const char* function, const int64_t* attributes,
                                   std::span<const MlcTensor> operands,
                                   std::span<const MlcTensor> results) {
  std::vector<std::vector<char>> memory;
  auto hostTensors = [&](std::span<const MlcTensor> tensors) {
    std::vector<MlcTensor> copies(tensors.begin(), tensors.end());
    for (MlcTensor& tensor : copies) {
      memory.emplace_back(static_cast<size_t>(bytesOf(tensor)) + 1);
      tensor.data = memory.back().data();
    }
    return copies;
  };
  const std::vector<MlcTensor> in = hostTensors(operands), out = hostTensors(results);
  for (size_t i = 0; i < in.size(); ++i) {
    MLC_RETURN_IF_ERROR(
        device_.copy(in[i].data, operands[i].data, bytesOf(in[i]), device::CopyDirection::kToHost));
  }
  const Status status = library::run(function, {attributes, in, out, 0, 1, objects_});
  for (size_t i = 0; i < out.size(); ++i) {
    MLC_RETURN_IF_ERROR(device_.copy(results[i].data, out[i].data, bytesOf(out[i]),
                                     device::CopyDirection::kToDevice));
  }
  return status;
}

}  // namespace mlc::executor
