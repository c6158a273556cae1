// What some ranks need of a package: its manifest and code, and of the weights' pieces
// (stored_piece.h) theirs alone.
//
//   weights.bin: | a0 | a1 | b | c0 | c1 |, ranks of the part need a0, b and c0
//     ==>  weights_of_part.bin: | a0 | b | c0 |
//
// A part is a package whose other ranks lack their weights.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "runtime/package/manifest.h"

namespace mlc::package {

struct PackagePiece {
  int weight = 0;  // index into Manifest::weights, of one that has a file
  int piece = 0;
  friend auto operator<=>(const PackagePiece&, const PackagePiece&) = default;
};

// What those ranks read from files, ascending. Ranks that the package does not have need nothing.
std::vector<PackagePiece> piecesOf(const Manifest& manifest, const std::vector<int>& ranks);

// All that the package has.
std::vector<PackagePiece> piecesOf(const Manifest& manifest);

// The manifest of a part with those pieces. They lie in one new file, in this order; files[0] is
// its entry. Without pieces there is no such file. checksum is that of the whole.
Manifest manifestOfPart(const Manifest& whole, const std::vector<PackagePiece>& pieces);

}  // namespace mlc::package
