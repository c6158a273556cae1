// The model's inputs as the command line describes them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"
#include "runtime/package/manifest.h"
#include "tools/options/options.h"

namespace mlc::tools {

// One tensor per input of the model: from --inputs, --input, or random (floats uniform in [-1, 1),
// integers 0 or 1, seeded per input). Symbolic dims are those of --dim; of other inputs that name
// them; leading ones 1, others 128 or the
// largest power of two below that the model takes.
StatusOr<std::vector<HostTensor>> makeInputs(const package::Manifest& manifest,
                                             const RunOptions& options);

// The shapes of the inputs that --inputs and --input give, by name.
StatusOr<std::map<std::string, std::vector<int64_t>>> describedShapes(
    const std::vector<std::pair<std::string, DType>>& inputs, const RunOptions& options);

}  // namespace mlc::tools
