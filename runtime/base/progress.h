// How far a piece of work is.
#pragma once

#include <cstddef>
#include <functional>

namespace mlc {

// Told that `done` of `total` steps are done. May be called from any thread, also from several at
// once; may be empty.
using Progress = std::function<void(size_t done, size_t total)>;

}  // namespace mlc
