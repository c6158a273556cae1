#include "runtime/package/validate_manifest.h"

#include <filesystem>
#include <numeric>
#include <set>

#include "runtime/abi/abi.h"
#include "runtime/base/dim_expr.h"
#include "runtime/package/layout_steps.h"
#include "runtime/package/weight_piece.h"

namespace mlc::package {
namespace {

Status bad(const std::string& what) { return invalidError("manifest.json: " + what); }

Status checkSpec(const TensorSpec& spec, const std::string& where) {
  for (const std::string& dim : spec.dims) {
    const StatusOr<DimExpr> parsed = DimExpr::parse(dim);
    if (!parsed.ok()) return bad(where + " '" + spec.name + "': " + parsed.status().message());
  }
  if (!spec.holds.empty() && !spec.dims.empty())
    return bad(where + " '" + spec.name + "' is a sequence or optional with dims");
  return okStatus();
}

Status checkSplits(const std::vector<Split>& splits, size_t dims, const Manifest& manifest,
                   const std::string& where) {
  std::set<std::string> axes;
  for (const Split& split : splits) {
    if (split.axis != "dp" && split.axis != "tp")
      return bad(where + " is split over an unknown axis '" + split.axis + "'");
    if (!axes.insert(split.axis).second) return bad(where + " is split twice over " + split.axis);
    if (split.dim < 0 || split.dim >= static_cast<int>(dims))
      return bad(where + " is split along a dim it does not have");
    const int ranks = split.axis == "dp" ? manifest.dp : manifest.tp;
    if (split.shares.size() != static_cast<size_t>(ranks))
      return bad(where + " has the wrong number of shares over " + split.axis);
    int64_t sum = 0;
    for (int64_t share : split.shares) {
      if (share < 0 || __builtin_add_overflow(sum, share, &sum))
        return bad(where + " has a bad share");
    }
    if (sum == 0) return bad(where + " has no shares");
  }
  return okStatus();
}

// The coordinates on the tp axis of the ranks that run a program.
std::set<int> tpRanksOf(int program, const Manifest& manifest) {
  std::set<int> tpRanks;
  for (size_t rank = 0; rank < manifest.ranks.size(); ++rank) {
    if (manifest.ranks[rank].program == program)
      tpRanks.insert(static_cast<int>(rank % static_cast<size_t>(manifest.tp)));
  }
  return tpRanks;
}

// `tpRanks`: of the ranks that have the slot.
Status checkSlot(const WeightSlot& slot, const std::set<int>& tpRanks, const Manifest& manifest,
                 const std::string& where) {
  if (slot.source < 0 || slot.source >= static_cast<int>(manifest.weights.size()))
    return bad(where + " names no weight");
  const std::vector<int64_t>& shape = manifest.weights[static_cast<size_t>(slot.source)].shape;
  MLC_RETURN_IF_ERROR(checkSplits(slot.splits, shape.size(), manifest, where));
  for (const Split& split : slot.splits) {
    const int64_t parts = std::accumulate(split.shares.begin(), split.shares.end(), int64_t{0});
    if (split.axis != "tp" || shape[static_cast<size_t>(split.dim)] % parts != 0)
      return bad(where + " is split into pieces that do not fit the weight");
  }
  if (slot.layout == WeightLayout::kPanels &&
      (slot.panel < 1 || slot.group < 1 || shape.size() < 2))
    return bad(where + " has a bad panel");
  if (slot.steps.empty()) return okStatus();
  const WeightSource& source = manifest.weights[static_cast<size_t>(slot.source)];
  if (slot.layout != WeightLayout::kPlain || isPacked(source.dtype))
    return bad(where + " has a bad layout");
  for (int tpRank : tpRanks) {
    if (!shapeAfter(slot.steps, pieceOf(slot, source, tpRank).sizes))
      return bad(where + " has a bad layout");
  }
  return okStatus();
}

// Dim 0 of a state is a symbol alone, the same in the program's part as in the whole.
Status checkState(const StateSpec& state, const std::string& where) {
  MLC_RETURN_IF_ERROR(checkSpec(state.spec, where));
  if (state.spec.dims.empty()) return bad(where + " has no length");
  const std::string& length = state.spec.dims[0];
  StatusOr<DimExpr> parsed = DimExpr::parse(length);
  std::set<std::string> symbols;
  parsed->collectSymbols(symbols);
  if (!symbols.contains(length)) return bad(where + " has a length that is no symbol");
  const StatusOr<DimExpr> next = DimExpr::parse(state.next);
  return next.ok() ? okStatus() : bad(where + ".next: " + next.status().message());
}

Status checkProgramState(const ProgramState& state, const Manifest& manifest,
                         const std::string& where) {
  MLC_RETURN_IF_ERROR(checkSpec(state.spec, where));
  if (state.index < 0 || state.index >= static_cast<int>(manifest.states.size()))
    return bad(where + " names no state");
  const StateSpec& whole = manifest.states[static_cast<size_t>(state.index)];
  if (state.spec.dims.size() != whole.spec.dims.size() ||
      state.spec.dims[0] != whole.spec.dims[0] || state.spec.dtype != whole.spec.dtype)
    return bad(where + " does not fit the model's state");
  return okStatus();
}

// A path inside the package.
bool isInside(const std::string& path) {
  const std::filesystem::path relative(path);
  if (path.empty() || relative.is_absolute()) return false;
  for (const auto& part : relative) {
    if (part == "..") return false;
  }
  return true;
}

Status checkProgram(int index, const Manifest& manifest) {
  const Program& program = manifest.programs[static_cast<size_t>(index)];
  const std::string where = "programs[" + std::to_string(index) + "]";
  if (program.target != "cpu" && program.target != "cuda" && program.target != "fake")
    return bad(where + " has an unknown target '" + program.target + "'");
  std::set<std::string> files;
  for (const FileEntry& file : manifest.files) files.insert(file.path);
  for (const std::string* path :
       {&program.object, &program.ptx, &program.cubin, &program.emulation}) {
    if (path == &program.object || !path->empty()) {
      if (!files.contains(*path))
        return bad(where + " needs '" + *path + "', which is not among the files");
    }
  }
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    const ProgramInput& input = program.inputs[i];
    const std::string name = where + ".inputs[" + std::to_string(i) + "]";
    MLC_RETURN_IF_ERROR(checkSpec(input.spec, name));
    MLC_RETURN_IF_ERROR(checkSplits(input.splits, input.spec.dims.size(), manifest, name));
    const bool model = input.kind == ProgramInput::Kind::kModelInput;
    const int count = model ? static_cast<int>(manifest.inputs.size()) : manifest.pp;
    const int index = model ? input.index : input.from_stage;
    if (index < 0 || index >= count) return bad(name + " comes from nowhere");
    if (hasComputedShape(input.spec, manifest))
      return bad(name + " has a shape that is computed while the model runs");
    if (model && manifest.inputs[static_cast<size_t>(index)].dims.size() != input.spec.dims.size())
      return bad(name + " has another rank than the model's input");
  }
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const ProgramOutput& output = program.outputs[i];
    const std::string name = where + ".outputs[" + std::to_string(i) + "]";
    MLC_RETURN_IF_ERROR(checkSpec(output.spec, name));
    MLC_RETURN_IF_ERROR(checkSplits(output.splits, output.spec.dims.size(), manifest, name));
    const bool model = output.kind == ProgramOutput::Kind::kModelOutput;
    const int count = model ? static_cast<int>(manifest.outputs.size()) : manifest.pp;
    const int index = model ? output.index : output.to_stage;
    if (!model && hasComputedShape(output.spec, manifest))
      return bad(name + " sends a shape that is computed while the model runs");
    if (index < 0 || index >= count) return bad(name + " goes nowhere");
    if (model &&
        manifest.outputs[static_cast<size_t>(index)].dims.size() != output.spec.dims.size())
      return bad(name + " has another rank than the model's output");
  }
  const std::set<int> tpRanks = tpRanksOf(index, manifest);
  for (size_t i = 0; i < program.weights.size(); ++i) {
    MLC_RETURN_IF_ERROR(checkSlot(program.weights[i], tpRanks, manifest,
                                  where + ".weights[" + std::to_string(i) + "]"));
  }
  for (size_t i = 0; i < program.states.size(); ++i) {
    MLC_RETURN_IF_ERROR(checkProgramState(program.states[i], manifest,
                                          where + ".states[" + std::to_string(i) + "]"));
  }
  return okStatus();
}

Status checkWeight(const WeightSource& weight, const std::string& where) {
  if (numElements(weight.shape) < 0 || weight.offset < 0)
    return bad(where + " has a bad shape or offset");
  const std::filesystem::path file(weight.file);
  if (weight.file.empty()) {
    if (weight.fill.size() != 2 * static_cast<size_t>(dtypeBytes(weight.dtype, 1)) ||
        weight.fill.find_first_not_of("0123456789abcdef") != std::string::npos) {
      return bad(where + " has neither a file nor a value");
    }
  } else if (!file.is_absolute() && !isInside(weight.file)) {
    return bad(where + " lies outside the package");
  }
  return okStatus();
}

}  // namespace

int64_t numElements(const std::vector<int64_t>& shape) {
  // Bounded so that the size in bytes does not overflow either.
  constexpr int64_t kLimit = INT64_MAX / 8;
  int64_t count = 1;
  for (int64_t dim : shape) {
    if (dim < 0 || __builtin_mul_overflow(count, dim, &count) || count > kLimit) return -1;
  }
  return count;
}

Status validateManifest(const Manifest& manifest) {
  if (manifest.format_version != kFormatVersion) {
    return invalidError("the package has format version " +
                        std::to_string(manifest.format_version) + ", this runtime reads version " +
                        std::to_string(kFormatVersion) + ": compile the model again");
  }
  if (manifest.abi_version != MLC_ABI_VERSION) {
    return invalidError("the package has ABI version " + std::to_string(manifest.abi_version) +
                        ", this runtime has version " + std::to_string(MLC_ABI_VERSION) +
                        ": compile the model again");
  }
  constexpr int kMaxAxis = 1 << 16;
  for (int size : {manifest.dp, manifest.pp, manifest.tp}) {
    if (size < 1 || size > kMaxAxis) return bad("a mesh axis has no ranks");
  }
  if (int64_t{manifest.dp} * manifest.pp * manifest.tp !=
      static_cast<int64_t>(manifest.ranks.size())) {
    return bad("ranks does not fit dp, pp and tp");
  }
  if (manifest.microbatches < 1) return bad("microbatches is not positive");
  for (const TensorSpec& spec : manifest.inputs) MLC_RETURN_IF_ERROR(checkSpec(spec, "inputs"));
  for (const TensorSpec& spec : manifest.outputs) MLC_RETURN_IF_ERROR(checkSpec(spec, "outputs"));
  for (size_t i = 0; i < manifest.states.size(); ++i) {
    MLC_RETURN_IF_ERROR(checkState(manifest.states[i], "states[" + std::to_string(i) + "]"));
  }
  for (const FileEntry& file : manifest.files) {
    if (!isInside(file.path)) return bad("file '" + file.path + "' lies outside the package");
  }
  for (size_t i = 0; i < manifest.ranks.size(); ++i) {
    const int program = manifest.ranks[i].program;
    if (program < -1 || program >= static_cast<int>(manifest.programs.size())) {
      return bad("ranks[" + std::to_string(i) + "].program names no program");
    }
  }
  for (size_t i = 0; i < manifest.weights.size(); ++i) {
    MLC_RETURN_IF_ERROR(checkWeight(manifest.weights[i], "weights[" + std::to_string(i) + "]"));
  }
  for (size_t i = 0; i < manifest.programs.size(); ++i) {
    MLC_RETURN_IF_ERROR(checkProgram(static_cast<int>(i), manifest));
  }
  return okStatus();
}

}  // namespace mlc::package
