// Whether a manifest makes sense in itself.
#pragma once

#include "runtime/base/status.h"
#include "runtime/package/manifest.h"

namespace mlc::package {

// Checks numbers, indices, splits, dimension texts, paths, and that what ranks send each other
// meets, so that code that uses the manifest need not. Fails with kInvalid and a message that names
// the field.
Status validateManifest(const Manifest& manifest);

// Elements of a weight; -1 if the shape is negative or too large.
int64_t numElements(const std::vector<int64_t>& shape);

}  // namespace mlc::package
