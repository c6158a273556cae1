#include "runtime/executor/placement.h"

#include <algorithm>

#include "runtime/executor/symbols.h"

namespace mlc::executor {
namespace {

using package::Manifest;
using package::Program;
using package::ProgramInput;
using package::ProgramOutput;
using package::Split;

struct Range {
  int64_t begin = 0, end = 0;
};

// total * part / whole, rounded down, without overflow for any sizes and shares.
int64_t scaled(int64_t total, int64_t part, int64_t whole) {
  return static_cast<int64_t>(static_cast<__int128>(total) * part / whole);
}

Range share(int64_t size, const std::vector<int64_t>& shares, int index) {
  int64_t sum = 0, before = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    if (static_cast<int>(i) < index) before += shares[i];
    sum += shares[i];
  }
  return {scaled(size, before, sum),
          scaled(size, before + shares[static_cast<size_t>(index)], sum)};
}

const Split* dpSplit(const std::vector<Split>& splits) {
  for (const Split& split : splits) {
    if (split.axis == "dp") return &split;
  }
  return nullptr;
}

}  // namespace

Coordinates coordinatesOf(const Manifest& manifest, int rank) {
  return {rank / (manifest.pp * manifest.tp), rank / manifest.tp % manifest.pp, rank % manifest.tp};
}

int rankOf(const Manifest& manifest, const Coordinates& at) {
  return (at.dp * manifest.pp + at.pp) * manifest.tp + at.tp;
}

StatusOr<Placement> Placement::make(const Manifest& manifest,
                                    const std::vector<std::vector<int64_t>>& inputShapes,
                                    const SymbolValues& lengths) {
  if (inputShapes.size() != manifest.inputs.size()) {
    return invalidError("the model has " + std::to_string(manifest.inputs.size()) +
                        " inputs, but " + std::to_string(inputShapes.size()) + " are given");
  }
  Placement placement(manifest);
  placement.inputShapes_ = inputShapes;
  placement.lengths_ = placement.global_ = lengths;
  std::vector<ActualShape> actual;
  for (size_t i = 0; i < inputShapes.size(); ++i) {
    actual.push_back({&manifest.inputs[i], inputShapes[i]});
  }
  MLC_RETURN_IF_ERROR(bindSymbols(actual, placement.global_, manifest.constraints));
  MLC_RETURN_IF_ERROR(checkConstraints(manifest.constraints, manifest.inputs, placement.global_));
  for (const Program& program : manifest.programs) {
    for (const ProgramInput& input : program.inputs) {
      const bool cut = input.kind == ProgramInput::Kind::kModelInput && dpSplit(input.splits);
      if (cut && !placement.batchInput_) placement.batchInput_ = &input;
    }
  }
  return placement;
}

const Program* Placement::programAt(const Coordinates& at) const {
  const int index = manifest_->ranks[static_cast<size_t>(rankOf(*manifest_, at))].program;
  return index < 0 ? nullptr : &manifest_->programs[static_cast<size_t>(index)];
}

int Placement::firstReplica() const {
  const std::vector<int64_t>& shares = manifest_->dp_shares;
  const auto first =
      std::find_if(shares.begin(), shares.end(), [](int64_t share) { return share > 0; });
  return first == shares.end() ? 0 : static_cast<int>(first - shares.begin());
}

bool Placement::isEmpty(int dp, int microbatch) const {
  if (!batchInput_) return dp != firstReplica() || microbatch > 0;
  const Region piece = microbatchPiece(*batchInput_, {dp, 0, 0}, microbatch);
  // An empty batch is computed once, so that outputs get their shapes; an empty piece of a batch is
  // not.
  const auto dim = static_cast<size_t>(dpSplit(batchInput_->splits)->dim);
  const int64_t whole = inputShapes_[static_cast<size_t>(batchInput_->index)][dim];
  if (whole == 0) return dp != firstReplica() || microbatch > 0;
  return piece.sizes[dim] == 0;
}

Region Placement::inputPiece(const ProgramInput& input, const Coordinates& at) const {
  Region region;
  region.sizes = inputShapes_[static_cast<size_t>(input.index)];
  region.offsets.assign(region.sizes.size(), 0);
  // Major axis first: a dim that is cut over dp and tp is cut over dp first.
  for (const char* axis : {"dp", "tp"}) {
    for (const Split& split : input.splits) {
      if (split.axis != axis) continue;
      const auto dim = static_cast<size_t>(split.dim);
      const Range range =
          share(region.sizes[dim], split.shares, split.axis == "dp" ? at.dp : at.tp);
      region.offsets[dim] += range.begin;
      region.sizes[dim] = range.end - range.begin;
    }
  }
  return region;
}

Region Placement::microbatchPiece(const ProgramInput& input, const Coordinates& at,
                                  int microbatch) const {
  Region region = inputPiece(input, at);
  region.offsets.assign(region.sizes.size(), 0);
  if (const Split* split = dpSplit(input.splits)) {
    const auto dim = static_cast<size_t>(split->dim);
    const int64_t size = region.sizes[dim];
    const int64_t begin = scaled(size, microbatch, manifest_->microbatches);
    region.offsets[dim] = begin;
    region.sizes[dim] = scaled(size, microbatch + 1, manifest_->microbatches) - begin;
  }
  return region;
}

StatusOr<SymbolValues> Placement::symbolsOf(const Coordinates& at, int microbatch) const {
  std::vector<ActualShape> actual;
  for (int stage = 0; stage < manifest_->pp; ++stage) {
    const Coordinates here = {at.dp, stage, at.tp};
    const Program* program = programAt(here);
    if (!program) continue;
    for (const ProgramInput& input : program->inputs) {
      if (input.kind != ProgramInput::Kind::kModelInput) continue;
      actual.push_back({&input.spec, microbatchPiece(input, here, microbatch).sizes});
    }
  }
  SymbolValues symbols = lengths_;
  MLC_RETURN_IF_ERROR(bindSymbols(actual, symbols));
  symbols[package::kTpRankSymbol] = at.tp;
  // Symbols of inputs that no program reads keep the whole's value.
  symbols.insert(global_.begin(), global_.end());
  return symbols;
}

StatusOr<std::vector<int64_t>> Placement::outputShape(int output) const {
  return shapeOf(manifest_->outputs[static_cast<size_t>(output)], global_);
}

StatusOr<std::vector<Placement::OutputPiece>> Placement::outputPieces() const {
  std::vector<OutputPiece> pieces;
  // How far each output is filled along its batch dim.
  std::vector<int64_t> filled(manifest_->outputs.size(), 0);
  for (int dp = 0; dp < manifest_->dp; ++dp) {
    for (int microbatch = 0; microbatch < manifest_->microbatches; ++microbatch) {
      if (isEmpty(dp, microbatch)) continue;
      for (size_t output = 0; output < manifest_->outputs.size(); ++output) {
        // The last stage that lists the output hands it over.
        const ProgramOutput* found = nullptr;
        OutputPiece piece;
        piece.output = static_cast<int>(output);
        piece.microbatch = microbatch;
        for (int stage = 0; stage < manifest_->pp; ++stage) {
          const Coordinates here = {dp, stage, 0};
          const Program* program = programAt(here);
          for (size_t i = 0; program && i < program->outputs.size(); ++i) {
            const ProgramOutput& candidate = program->outputs[i];
            if (candidate.kind != ProgramOutput::Kind::kModelOutput ||
                candidate.index != static_cast<int>(output)) {
              continue;
            }
            found = &candidate;
            piece.rank = rankOf(*manifest_, here);
            piece.programOutput = static_cast<int>(i);
          }
        }
        if (!found)
          return invalidError("no rank makes output '" + manifest_->outputs[output].name + "'");
        piece.isComputed = package::hasComputedShape(found->spec, *manifest_);
        if (piece.isComputed) {
          if (filled[output]++ == 0) pieces.push_back(std::move(piece));
          continue;
        }
        const Coordinates maker = coordinatesOf(*manifest_, piece.rank);
        MLC_ASSIGN_OR_RETURN(const SymbolValues symbols, symbolsOf(maker, microbatch));
        MLC_ASSIGN_OR_RETURN(piece.region.sizes, shapeOf(found->spec, symbols));
        piece.region.offsets.assign(piece.region.sizes.size(), 0);
        if (const Split* split = dpSplit(found->splits)) {
          const auto dim = static_cast<size_t>(split->dim);
          piece.region.offsets[dim] = filled[output];
          filled[output] += piece.region.sizes[dim];
        } else if (filled[output]++ > 0) {
          continue;  // the same for all replicas and microbatches: the first one's will do
        }
        pieces.push_back(std::move(piece));
      }
    }
  }
  for (size_t output = 0; output < manifest_->outputs.size(); ++output) {
    if (package::hasComputedShape(manifest_->outputs[output], *manifest_)) continue;
    MLC_ASSIGN_OR_RETURN(const std::vector<int64_t> whole, outputShape(static_cast<int>(output)));
    std::vector<int64_t> covered(whole.size(), 0);
    for (const OutputPiece& piece : pieces) {
      if (piece.output != static_cast<int>(output)) continue;
      for (size_t dim = 0; dim < whole.size(); ++dim) {
        covered[dim] = std::max(covered[dim], piece.region.offsets[dim] + piece.region.sizes[dim]);
      }
    }
    if (covered != whole) {
      return invalidError("output '" + manifest_->outputs[output].name +
                          "': the ranks' pieces do not form the whole");
    }
  }
  return pieces;
}

}  // namespace mlc::executor
