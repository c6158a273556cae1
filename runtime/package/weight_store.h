// Makes the weights of programs as their slots want them: sliced, in the kernels' layout.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/base/aligned_buffer.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status.h"
#include "runtime/base/strided_view.h"
#include "runtime/package/package.h"
#include "runtime/package/weight_piece.h"

namespace mlc::package {

// A weight in host memory, 64-byte aligned. Borrowed from the store.
struct Weight {
  const void* data = nullptr;
  int64_t bytes = 0;
  bool mapped = false;  // used where it lies in its file
};

// Keeps what it made: equal slots, of one program or of several ranks in a process, are made once.
// Safe to call from several threads.
class WeightStore {
 public:
  // Packs on up to `threads` threads.
  WeightStore(std::shared_ptr<const Package> package, int threads)
      : package_(std::move(package)), threads_(threads) {}

  // The piece of the rank with this coordinate on the tp axis, laid out as the slot says.
  //
  // Checks the source's range and (but in files outside the package of more than 1 GiB) its
  // checksum. A piece that lies in one aligned piece of its file is used where it is. Fails with a
  // message that names the weight and the file.
  StatusOr<Weight> make(const WeightSlot& slot, int tpRank);

 private:
  StatusOr<const char*> mapSource(const WeightSource& source);
  StatusOr<Weight> makeFilled(const WeightSource& source, const WeightSlot& slot,
                              const WeightPiece& piece);
  StatusOr<Weight> makeFromFile(const WeightSource& source, const WeightSlot& slot,
                                const WeightPiece& piece);
  StatusOr<Weight> makeBySteps(const StridedView& view, const WeightSlot& slot);
  StatusOr<char*> allocate(const std::string& name, int64_t bytes);

  const std::shared_ptr<const Package> package_;
  const int threads_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
  std::map<int, const char*> sources_;  // checked ones, by index
  std::map<std::string, Weight> made_;  // by slot and piece
  std::vector<AlignedBuffer> buffers_;
};

}  // namespace mlc::package
