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
#include "runtime/package/weight_files.h"
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
  // Checks and packs on up to `threads` threads. `isChecked`: somebody has checked already what
  // will be asked for.
  WeightStore(std::shared_ptr<const Package> package, int threads, bool isChecked = false)
      : package_(package),
        threads_(threads),
        isChecked_(isChecked),
        files_(std::move(package), threads) {}

  // The piece of the rank with this coordinate on the tp axis, laid out as the slot says.
  //
  // Reads and checks that piece alone, where the package has hashes for it (WeightSource::splits),
  // and once. One whose bytes lie side by side and aligned in its file is used where it is. Fails
  // with a message that names the weight and the file.
  StatusOr<Weight> make(const WeightSlot& slot, int tpRank);

  // What was checked.
  int64_t checkedBytes();

 private:
  StatusOr<Weight> makeFilled(const WeightSource& source, const WeightSlot& slot,
                              const WeightPiece& piece);
  StatusOr<Weight> makeFromFile(const WeightSource& source, const WeightSlot& slot,
                                const WeightPiece& piece, int tpRank);
  StatusOr<Weight> makeBySteps(const StridedView& view, const WeightSlot& slot);
  StatusOr<char*> allocate(const std::string& name, int64_t bytes);

  const std::shared_ptr<const Package> package_;
  const int threads_;
  const bool isChecked_;
  std::mutex mutex_;
  WeightFiles files_;
  std::map<std::string, Weight> made_;  // by slot and piece
  // What they lie in.
  std::vector<AlignedBuffer> buffers_;
  std::vector<std::shared_ptr<const MappedFile>> mapped_;
};

}  // namespace mlc::package
