#include "runtime/package/validate_manifest.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "runtime/base/dim_expr.h"
#include "runtime/base/shape_bytes.h"
#include "runtime/package/layout_steps.h"
#include "runtime/package/weight_hashes.h"
#include "runtime/package/weight_piece.h"

namespace mlc::package {
namespace {

Status bad(const std::string& what) { return invalidError("manifest.json: " + what); }

// Runs of more are no use, and every rank goes over all of them.
constexpr int kMaxMicrobatches = 1 << 16;
constexpr int64_t kMaxRanks = 1 << 16;
// Tags of messages have room for more.
constexpr int kMaxChannel = 1 << 20;
// Far beyond what any target's kernels take.
constexpr int64_t kMaxPanel = 1 << 16;

Status checkSpec(const TensorSpec& spec, const std::string& where) {
  for (const std::string& dim : spec.dims) {
    const StatusOr<DimExpr> parsed = DimExpr::parse(dim);
    if (!parsed.ok()) return bad(where + " '" + spec.name + "': " + parsed.status().message());
  }
  if (!spec.holds.empty() && !spec.dims.empty())
    return bad(where + " '" + spec.name + "' is a sequence or optional with dims");
  return okStatus();
}

// The sum of shares of ranks; none where it is 0 or more than 64 bits, or one is negative.
std::optional<int64_t> sumOf(const std::vector<int64_t>& shares) {
  int64_t sum = 0;
  for (int64_t share : shares) {
    if (share < 0 || __builtin_add_overflow(sum, share, &sum)) return std::nullopt;
  }
  return sum > 0 ? std::optional(sum) : std::nullopt;
}

// What is read as a whole is listed with its hash.
Status checkListed(const std::string& path, const Manifest& manifest, const std::string& where) {
  const auto file = std::ranges::find(manifest.files, path, &FileEntry::path);
  if (file == manifest.files.end()) return bad(where + " '" + path + "' is not among the files");
  return file->checksum.empty() ? bad(where + " '" + path + "' has no checksum") : okStatus();
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
    if (!sumOf(split.shares)) return bad(where + " has bad shares over " + split.axis);
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

// Whether a piece of these sizes can lie in the slot's panels.
bool fitsPanels(const WeightSlot& slot, DType dtype, std::vector<int64_t> sizes) {
  if (slot.panel < 1 || slot.panel > kMaxPanel || slot.group < 1 || slot.group > kMaxPanel)
    return false;
  // A panel begins with a byte.
  if (sizes.size() < 2 || slot.panel % elementsPerByte(dtype) != 0) return false;
  int64_t& columns = sizes[sizes.size() - (slot.transposed ? 2 : 1)];
  int64_t& rows = sizes[sizes.size() - (slot.transposed ? 1 : 2)];
  columns = (columns + slot.panel - 1) / slot.panel * slot.panel;
  rows = (rows + slot.group - 1) / slot.group * slot.group;
  return elementsOf(sizes).has_value();
}

// `tpRanks`: of the ranks that have the slot.
Status checkSlot(const WeightSlot& slot, const std::set<int>& tpRanks, const Manifest& manifest,
                 const std::string& where) {
  if (slot.source < 0 || slot.source >= static_cast<int>(manifest.weights.size()))
    return bad(where + ".source names no weight");
  const WeightSource& source = manifest.weights[static_cast<size_t>(slot.source)];
  MLC_RETURN_IF_ERROR(checkSplits(slot.splits, source.shape.size(), manifest, where));
  for (const Split& split : slot.splits) {
    if (split.axis != "tp" ||
        source.shape[static_cast<size_t>(split.dim)] % *sumOf(split.shares) != 0)
      return bad(where + " is split into pieces that do not fit the weight");
  }
  if (!source.splits.empty() && source.splits != slot.splits)
    return bad(where + " is split otherwise than its weight's pieces");
  const bool isPanels = slot.layout == WeightLayout::kPanels;
  if (!slot.steps.empty() && (isPanels || isPacked(source.dtype)))
    return bad(where + " has a bad layout: steps");
  for (int tpRank : tpRanks) {
    const std::vector<int64_t> sizes = pieceOf(slot, source, tpRank).sizes;
    if (isPanels && !fitsPanels(slot, source.dtype, sizes))
      return bad(where + " has a bad panel or group");
    if (!shapeAfter(slot.steps, sizes)) return bad(where + " has a bad layout: steps");
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

// The name of a file of the package, which has no folders inside.
bool isFileName(const std::string& path) {
  return !path.empty() && path != "." && path != ".." &&
         path.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

Status checkInput(const ProgramInput& input, const Manifest& manifest, const std::string& where) {
  MLC_RETURN_IF_ERROR(checkSpec(input.spec, where));
  if (hasComputedShape(input.spec, manifest))
    return bad(where + " has a shape that is computed while the model runs");
  if (input.kind == ProgramInput::Kind::kReceive) {
    // checkPipeline looks for the sender.
    return input.splits.empty() ? okStatus() : bad(where + " is received and has splits");
  }
  if (input.index < 0 || input.index >= static_cast<int>(manifest.inputs.size()))
    return bad(where + " comes from nowhere: index");
  const TensorSpec& whole = manifest.inputs[static_cast<size_t>(input.index)];
  if (whole.dims.size() != input.spec.dims.size())
    return bad(where + " has another rank than the model's input");
  if (whole.dtype != input.spec.dtype || whole.holds != input.spec.holds)
    return bad(where + " has another dtype than the model's input");
  if (isReference(whole.dtype) && !input.splits.empty())
    return bad(where + " refers to objects, which are not split");
  return checkSplits(input.splits, input.spec.dims.size(), manifest, where);
}

// A part of an output of the model is as large as the output along all dims but the one that is cut
// over dp.
Status checkOutput(const ProgramOutput& output, const Manifest& manifest,
                   const std::string& where) {
  MLC_RETURN_IF_ERROR(checkSpec(output.spec, where));
  const bool isComputed = hasComputedShape(output.spec, manifest);
  if (output.kind == ProgramOutput::Kind::kSend) {
    if (isComputed) return bad(where + " sends a shape that is computed while the model runs");
    if (isReference(output.spec.dtype))
      return bad(where + " sends references to objects, which no other rank has");
    return output.splits.empty() ? okStatus() : bad(where + " is sent and has splits");
  }
  if (output.index < 0 || output.index >= static_cast<int>(manifest.outputs.size()))
    return bad(where + " goes nowhere: index");
  const TensorSpec& whole = manifest.outputs[static_cast<size_t>(output.index)];
  if (whole.dims.size() != output.spec.dims.size())
    return bad(where + " has another rank than the model's output");
  if (whole.dtype != output.spec.dtype || whole.holds != output.spec.holds)
    return bad(where + " has another dtype than the model's output");
  MLC_RETURN_IF_ERROR(checkSplits(output.splits, output.spec.dims.size(), manifest, where));
  std::vector<std::string> dims = output.spec.dims;
  for (const Split& split : output.splits) {
    if (split.axis != "dp") return bad(where + " is split over " + split.axis);
    if (isReference(whole.dtype)) return bad(where + " refers to objects, which are not split");
    dims[static_cast<size_t>(split.dim)] = whole.dims[static_cast<size_t>(split.dim)];
  }
  if (dims != whole.dims || isComputed != hasComputedShape(whole, manifest))
    return bad(where + " has other dims than the model's output");
  return okStatus();
}

Status checkFiles(const Program& program, const Manifest& manifest, const std::string& where) {
  for (const std::string* path :
       {&program.object, &program.ptx, &program.cubin, &program.emulation}) {
    if (path != &program.object && path->empty()) continue;
    MLC_RETURN_IF_ERROR(checkListed(*path, manifest, where + " needs a file:"));
  }
  return okStatus();
}

Status checkProgram(int index, const Manifest& manifest) {
  const Program& program = manifest.programs[static_cast<size_t>(index)];
  const std::string where = "programs[" + std::to_string(index) + "]";
  const auto item = [&](const char* list, size_t i) {
    return where + "." + list + "[" + std::to_string(i) + "]";
  };
  if (program.target != "cpu" && program.target != "cuda" && program.target != "fake")
    return bad(where + " has an unknown target '" + program.target + "'");
  MLC_RETURN_IF_ERROR(checkFiles(program, manifest, where));
  for (size_t i = 0; i < program.symbols.size(); ++i) {
    const auto& computed = manifest.computed_symbols;
    if (std::ranges::find(computed, program.symbols[i]) != computed.end())
      return bad(item("symbols", i) + " is among the computed_symbols");
  }
  for (size_t i = 0; i < program.inputs.size(); ++i)
    MLC_RETURN_IF_ERROR(checkInput(program.inputs[i], manifest, item("inputs", i)));
  for (size_t i = 0; i < program.outputs.size(); ++i)
    MLC_RETURN_IF_ERROR(checkOutput(program.outputs[i], manifest, item("outputs", i)));
  const std::set<int> tpRanks = tpRanksOf(index, manifest);
  for (size_t i = 0; i < program.weights.size(); ++i)
    MLC_RETURN_IF_ERROR(checkSlot(program.weights[i], tpRanks, manifest, item("weights", i)));
  for (size_t i = 0; i < program.states.size(); ++i)
    MLC_RETURN_IF_ERROR(checkProgramState(program.states[i], manifest, item("states", i)));
  return okStatus();
}

// The ranks with the same coordinates on dp and tp, by their programs: what a stage receives is
// what an earlier one sends.
Status checkPipeline(const std::vector<int>& programs, const Manifest& manifest) {
  struct Send {
    std::string where;
    const TensorSpec* spec;
  };
  std::map<std::array<int, 3>, Send> sends;  // by sender, receiver and channel
  for (int stage = 0; stage < manifest.pp; ++stage) {
    const int index = programs[static_cast<size_t>(stage)];
    if (index < 0) continue;
    const Program& program = manifest.programs[static_cast<size_t>(index)];
    const std::string where = "programs[" + std::to_string(index) + "].";
    // Those of earlier stages are known.
    for (size_t i = 0; i < program.inputs.size(); ++i) {
      const ProgramInput& input = program.inputs[i];
      if (input.kind != ProgramInput::Kind::kReceive) continue;
      const std::string name = where + "inputs[" + std::to_string(i) + "]";
      const auto sent = sends.find({input.from_stage, stage, input.channel});
      if (sent == sends.end()) {
        return bad(name + " in stage " + std::to_string(stage) + " receives what no earlier " +
                   "stage sends: from_stage " + std::to_string(input.from_stage) + ", channel " +
                   std::to_string(input.channel));
      }
      if (sent->second.spec->dtype != input.spec.dtype ||
          sent->second.spec->dims != input.spec.dims)
        return bad(name + " has another dtype or other dims than what " + sent->second.where +
                   " sends");
      sends.erase(sent);
    }
    for (size_t i = 0; i < program.outputs.size(); ++i) {
      const ProgramOutput& output = program.outputs[i];
      if (output.kind != ProgramOutput::Kind::kSend) continue;
      const std::string name = where + "outputs[" + std::to_string(i) + "]";
      if (output.to_stage <= stage || output.to_stage >= manifest.pp)
        return bad(name + ".to_stage is no stage behind stage " + std::to_string(stage));
      if (output.channel < 0 || output.channel > kMaxChannel)
        return bad(name + ".channel is out of range");
      if (!sends.try_emplace({stage, output.to_stage, output.channel}, Send{name, &output.spec})
               .second)
        return bad(name + ".channel is taken by another value that goes to the same stage");
    }
  }
  if (sends.empty()) return okStatus();
  const auto& [key, send] = *sends.begin();
  return bad(send.where + " sends what stage " + std::to_string(key[1]) + " does not receive");
}

Status checkRanks(const Manifest& manifest) {
  for (size_t i = 0; i < manifest.ranks.size(); ++i) {
    const std::string where = "ranks[" + std::to_string(i) + "]";
    const RankEntry& rank = manifest.ranks[i];
    if (rank.program < -1 || rank.program >= static_cast<int>(manifest.programs.size()))
      return bad(where + ".program names no program");
    // Ranks along tp work on the same ops, together.
    const RankEntry& first = manifest.ranks[i - i % static_cast<size_t>(manifest.tp)];
    if ((rank.program < 0) != (first.program < 0))
      return bad(where + ".program: of the ranks along tp some have a program, others have none");
    if (rank.program < 0) continue;
    const std::string& target = manifest.programs[static_cast<size_t>(rank.program)].target;
    if (rank.device.substr(0, rank.device.find(':')) != target)
      return bad(where + ".device '" + rank.device + "' does not run programs for " + target);
  }
  std::set<std::vector<int>> checked;
  for (int dp = 0; dp < manifest.dp; ++dp) {
    for (int tp = 0; tp < manifest.tp; ++tp) {
      std::vector<int> programs;
      for (int pp = 0; pp < manifest.pp; ++pp) {
        const int rank = (dp * manifest.pp + pp) * manifest.tp + tp;
        programs.push_back(manifest.ranks[static_cast<size_t>(rank)].program);
      }
      if (checked.insert(programs).second) MLC_RETURN_IF_ERROR(checkPipeline(programs, manifest));
    }
  }
  return okStatus();
}

// The pieces of a weight in a file, their places and hashes. `hashes`: how many there are.
Status checkPieces(const WeightSource& weight, int64_t hashes, const Manifest& manifest,
                   const std::string& where) {
  MLC_RETURN_IF_ERROR(checkSplits(weight.splits, weight.shape.size(), manifest, where));
  for (const Split& split : weight.splits) {
    if (split.axis != "tp" ||
        weight.shape[static_cast<size_t>(split.dim)] % *sumOf(split.shares) != 0)
      return bad(where + " is split into pieces that do not fit its shape");
  }
  if (!hasWholeBytes(weight.dtype, weight.shape, weight.splits))
    return bad(where + " is split inside of a byte");
  const size_t places = weight.offsets.size();
  if (places != 1 && places != static_cast<size_t>(numPieces(weight)))
    return bad(where + ".offsets does not fit its pieces");
  if (std::ranges::any_of(weight.offsets, [](int64_t offset) { return offset < -1; }))
    return bad(where + ".offsets has a negative one");
  if (weight.first_hash < 0 || weight.first_hash > hashes ||
      chunksOf(weight) > hashes - weight.first_hash)
    return bad(where + ".first_hash: weight_hashes has no hashes for it");
  return okStatus();
}

// One that is made of a value.
Status checkFill(const WeightSource& weight, const std::string& where) {
  if (weight.fill.size() != 2 * static_cast<size_t>(dtypeBytes(weight.dtype, 1)) ||
      weight.fill.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return bad(where + " has neither a file nor a value");
  }
  if (!weight.splits.empty() || !weight.offsets.empty())
    return bad(where + " has a value, and pieces in a file");
  return okStatus();
}

Status checkWeight(const WeightSource& weight, int64_t hashes, const Manifest& manifest,
                   const std::string& where) {
  if (!elementsOf(weight.shape)) return bad(where + " has a bad shape");
  if (isReference(weight.dtype)) return bad(where + ".dtype refers to objects");
  if (weight.file.empty()) return checkFill(weight, where);
  if (!std::filesystem::path(weight.file).is_absolute() && !isFileName(weight.file))
    return bad(where + ".file lies outside the package");
  return checkPieces(weight, hashes, manifest, where);
}

// How many hashes of chunks the package has.
StatusOr<int64_t> countHashes(const Manifest& manifest) {
  const std::string& path = manifest.weight_hashes;
  if (path.empty()) return 0;
  MLC_RETURN_IF_ERROR(checkListed(path, manifest, "weight_hashes"));
  return std::ranges::find(manifest.files, path, &FileEntry::path)->bytes /
         static_cast<int64_t>(ContentDigest().size());
}

Status checkFileList(const Manifest& manifest) {
  std::set<std::string> names;
  for (size_t i = 0; i < manifest.files.size(); ++i) {
    const FileEntry& file = manifest.files[i];
    const std::string where = "files[" + std::to_string(i) + "]";
    if (!isFileName(file.path))
      return bad(where + ".path '" + file.path + "' lies outside the package");
    if (file.bytes < 0) return bad(where + ".bytes is negative");
    if (!names.insert(file.path).second)
      return bad(where + ".path '" + file.path + "' is listed twice");
  }
  return checkListed(manifest.plan, manifest, "plan");
}

}  // namespace

int64_t numElements(const std::vector<int64_t>& shape) { return elementsOf(shape).value_or(-1); }

Status validateManifest(const Manifest& manifest) {
  for (int64_t size : {manifest.dp, manifest.pp, manifest.tp}) {
    if (size < 1 || size > kMaxRanks) return bad("dp, pp or tp has no ranks, or too many");
  }
  const int64_t ranks = int64_t{manifest.dp} * manifest.pp * manifest.tp;
  if (ranks > kMaxRanks || ranks != static_cast<int64_t>(manifest.ranks.size()))
    return bad("ranks does not fit dp, pp and tp");
  const bool isEqual = manifest.dp_shares.empty();
  if (!isEqual &&
      (manifest.dp_shares.size() != static_cast<size_t>(manifest.dp) || !sumOf(manifest.dp_shares)))
    return bad("dp_shares does not fit dp");
  if (manifest.microbatches < 1 || manifest.microbatches > kMaxMicrobatches)
    return bad("microbatches must be at least 1 and at most " + std::to_string(kMaxMicrobatches));
  for (const TensorSpec& spec : manifest.inputs) MLC_RETURN_IF_ERROR(checkSpec(spec, "inputs"));
  for (const TensorSpec& spec : manifest.outputs) MLC_RETURN_IF_ERROR(checkSpec(spec, "outputs"));
  for (size_t i = 0; i < manifest.states.size(); ++i) {
    MLC_RETURN_IF_ERROR(checkState(manifest.states[i], "states[" + std::to_string(i) + "]"));
  }
  MLC_RETURN_IF_ERROR(checkFileList(manifest));
  MLC_ASSIGN_OR_RETURN(const int64_t hashes, countHashes(manifest));
  for (size_t i = 0; i < manifest.weights.size(); ++i) {
    MLC_RETURN_IF_ERROR(
        checkWeight(manifest.weights[i], hashes, manifest, "weights[" + std::to_string(i) + "]"));
  }
  for (size_t i = 0; i < manifest.programs.size(); ++i) {
    MLC_RETURN_IF_ERROR(checkProgram(static_cast<int>(i), manifest));
  }
  return checkRanks(manifest);
}

}  // namespace mlc::package
