// What some ranks need of a package: its manifest and code, and of the weights theirs alone.
//
//   weights.bin: | a | b | c |, ranks of the part need a and c
//     ==>  weights_of_part.bin: | a | c |
//
// A part is a package whose other ranks lack their weights.
#pragma once

#include <string>
#include <vector>

#include "runtime/package/manifest.h"

namespace mlc::package {

// Of those ranks: indices into Manifest::weights of what they read from files, ascending. Ranks
// that the package does not have need nothing.
std::vector<int> weightsOf(const Manifest& manifest, const std::vector<int>& ranks);

// Of its range in its file.
int64_t bytesOf(const WeightSource& source);

// The manifest of a part with those weights. They lie in one new file, at their offsets there;
// files[0] is its entry, without the checksum. Without weights there is no such file. checksum is
// that of the whole.
Manifest manifestOfPart(const Manifest& whole, const std::vector<int>& weights);

}  // namespace mlc::package
