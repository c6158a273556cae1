#include "runtime/package/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/abi/abi.h"
#include "runtime/base/content_hash.h"
#include "runtime/base/dim_expr.h"
#include "runtime/base/json_reader.h"

namespace mlc {

static void readType(JsonReader& reader, DType& type) {
  std::string name;
  reader.read("dtype", name);
  if (!parseDType(name, type)) reader.wrong("dtype", "names no element type");
}

static void readExpression(JsonReader& reader, const char* key, DimExpr& expression) {
  std::string text;
  reader.read(key, text);
  StatusOr<DimExpr> parsed = DimExpr::parse(text);
  if (!parsed.ok()) return reader.wrong(key, "is no size: " + parsed.status().message());
  expression = *std::move(parsed);
}

static void readFields(JsonReader& reader, SizeConstraint::InputDim& dim) {
  reader.read("input", dim.input);
  reader.read("dim", dim.dim);
}

static void readFields(JsonReader& reader, SizeConstraint& constraint) {
  std::string relation;
  reader.read("relation", relation);
  const std::optional<SizeConstraint::Relation> known = relationNamed(relation);
  if (!known) return reader.wrong("relation", "names no relation");
  constraint.relation = *known;
  readExpression(reader, "left", constraint.left);
  readExpression(reader, "right", constraint.right);
  reader.read("node", constraint.node);
  reader.read("text", constraint.text);
  reader.read("function", constraint.function);
  reader.read("replaced", constraint.replaced);
}

namespace package {
namespace {

using Json = nlohmann::json;

// --- Writing
// ---------------------------------------------------------------------------------------------

Json toJson(const TensorSpec& spec) {
  Json json = {
      {"name", spec.name}, {"dtype", std::string(dtypeName(spec.dtype))}, {"dims", spec.dims}};
  if (!spec.holds.empty()) json["holds"] = spec.holds;
  return json;
}

Json toJson(const Split& split) {
  return {{"dim", split.dim}, {"axis", split.axis}, {"shares", split.shares}};
}

Json toJson(const FileEntry& file) {
  return {{"path", file.path}, {"bytes", file.bytes}, {"checksum", file.checksum}};
}

Json toJson(const DeviceKernel& kernel) { return {{"name", kernel.name}}; }

Json toJson(const SizeConstraint::InputDim& dim) {
  return {{"input", dim.input}, {"dim", dim.dim}};
}

Json toJson(const RankEntry& rank) { return {{"program", rank.program}, {"device", rank.device}}; }

constexpr std::pair<const char*, LayoutStep::Kind> kStepKinds[] = {
    {"reshape", LayoutStep::Kind::kReshape},
    {"transpose", LayoutStep::Kind::kTranspose},
    {"pad", LayoutStep::Kind::kPad}};

const char* nameOf(LayoutStep::Kind kind) {
  return std::ranges::find(kStepKinds, kind, [](const auto& known) { return known.second; })->first;
}

Json toJson(const LayoutStep& step) { return {{"kind", nameOf(step.kind)}, {"dims", step.dims}}; }

Json toJson(const WeightSource& weight);
Json toJson(const WeightSlot& slot);
Json toJson(const SizeConstraint& constraint);
Json toJson(const StateSpec& state) { return {{"spec", toJson(state.spec)}, {"next", state.next}}; }

Json toJson(const ProgramState& state) {
  return {{"spec", toJson(state.spec)}, {"index", state.index}};
}

Json toJson(const ProgramInput& input);
Json toJson(const ProgramOutput& output);
Json toJson(const Program& program);

template <typename T>
Json listToJson(const std::vector<T>& items) {
  Json list = Json::array();
  for (const T& item : items) list.push_back(toJson(item));
  return list;
}

Json toJson(const SizeConstraint& constraint) {
  return {{"relation", std::string(relationName(constraint.relation))},
          {"left", constraint.left.str()},
          {"right", constraint.right.str()},
          {"node", constraint.node},
          {"text", constraint.text},
          {"function", constraint.function},
          {"replaced", listToJson(constraint.replaced)}};
}

Json toJson(const WeightSource& weight) {
  return {{"name", weight.name},   {"dtype", std::string(dtypeName(weight.dtype))},
          {"shape", weight.shape}, {"splits", listToJson(weight.splits)},
          {"file", weight.file},   {"offsets", weight.offsets},
          {"fill", weight.fill},   {"first_hash", weight.first_hash}};
}

Json toJson(const WeightSlot& slot) {
  return {{"name", slot.name},
          {"source", slot.source},
          {"splits", listToJson(slot.splits)},
          {"layout", slot.layout == WeightLayout::kPanels ? "panels" : "plain"},
          {"transposed", slot.transposed},
          {"panel", slot.panel},
          {"group", slot.group},
          {"steps", listToJson(slot.steps)}};
}

Json toJson(const ProgramInput& input) {
  const bool model = input.kind == ProgramInput::Kind::kModelInput;
  return {{"kind", model ? "model" : "receive"},
          {"spec", toJson(input.spec)},
          {"index", input.index},
          {"splits", listToJson(input.splits)},
          {"from_stage", input.from_stage},
          {"channel", input.channel}};
}

Json toJson(const ProgramOutput& output) {
  const bool model = output.kind == ProgramOutput::Kind::kModelOutput;
  return {{"kind", model ? "model" : "send"},
          {"spec", toJson(output.spec)},
          {"index", output.index},
          {"splits", listToJson(output.splits)},
          {"to_stage", output.to_stage},
          {"channel", output.channel}};
}

Json toJson(const Program& program) {
  return {{"target", program.target},
          {"object", program.object},
          {"cpu", program.cpu},
          {"cpu_features", program.cpu_features},
          {"ptx", program.ptx},
          {"cubin", program.cubin},
          {"emulation", program.emulation},
          {"symbols", program.symbols},
          {"inputs", listToJson(program.inputs)},
          {"outputs", listToJson(program.outputs)},
          {"weights", listToJson(program.weights)},
          {"states", listToJson(program.states)},
          {"device_kernels", listToJson(program.device_kernels)}};
}

}  // namespace

// --- Reading
// ---------------------------------------------------------------------------------------------

static void readFields(JsonReader& reader, TensorSpec& spec) {
  readType(reader, spec.dtype);
  reader.read("name", spec.name);
  reader.read("dims", spec.dims);
  if (spec.dtype == DType::kSequence || spec.dtype == DType::kOptional)
    reader.read("holds", spec.holds);
}

static void readFields(JsonReader& reader, Split& split) {
  reader.read("dim", split.dim);
  reader.read("axis", split.axis);
  reader.read("shares", split.shares);
}

static void readFields(JsonReader& reader, ProgramInput& input) {
  using Kind = ProgramInput::Kind;
  constexpr std::pair<const char*, Kind> kKinds[] = {{"model", Kind::kModelInput},
                                                     {"receive", Kind::kReceive}};
  reader.readChoice("kind", kKinds, input.kind);
  reader.read("spec", input.spec);
  reader.read("index", input.index);
  reader.read("splits", input.splits);
  reader.read("from_stage", input.from_stage);
  reader.read("channel", input.channel);
}

static void readFields(JsonReader& reader, ProgramOutput& output) {
  using Kind = ProgramOutput::Kind;
  constexpr std::pair<const char*, Kind> kKinds[] = {{"model", Kind::kModelOutput},
                                                     {"send", Kind::kSend}};
  reader.readChoice("kind", kKinds, output.kind);
  reader.read("spec", output.spec);
  reader.read("index", output.index);
  reader.read("splits", output.splits);
  reader.read("to_stage", output.to_stage);
  reader.read("channel", output.channel);
}

static void readFields(JsonReader& reader, StateSpec& state) {
  reader.read("spec", state.spec);
  reader.read("next", state.next);
}

static void readFields(JsonReader& reader, ProgramState& state) {
  reader.read("spec", state.spec);
  reader.read("index", state.index);
}

static void readFields(JsonReader& reader, LayoutStep& step) {
  reader.readChoice("kind", kStepKinds, step.kind);
  reader.read("dims", step.dims);
}

static void readFields(JsonReader& reader, WeightSlot& slot) {
  constexpr std::pair<const char*, WeightLayout> kLayouts[] = {{"plain", WeightLayout::kPlain},
                                                               {"panels", WeightLayout::kPanels}};
  reader.read("name", slot.name);
  reader.read("source", slot.source);
  reader.read("splits", slot.splits);
  reader.readChoice("layout", kLayouts, slot.layout);
  reader.read("transposed", slot.transposed);
  reader.read("panel", slot.panel);
  reader.read("group", slot.group);
  reader.read("steps", slot.steps);
}

static void readFields(JsonReader& reader, WeightSource& weight) {
  readType(reader, weight.dtype);
  reader.read("name", weight.name);
  reader.read("shape", weight.shape);
  reader.read("file", weight.file);
  reader.read("splits", weight.splits);
  reader.read("offsets", weight.offsets);
  reader.read("fill", weight.fill);
  reader.read("first_hash", weight.first_hash);
}

static void readFields(JsonReader& reader, DeviceKernel& kernel) {
  reader.read("name", kernel.name);
}

static void readFields(JsonReader& reader, Program& program) {
  reader.read("target", program.target);
  reader.read("object", program.object);
  reader.read("cpu", program.cpu);
  reader.read("cpu_features", program.cpu_features);
  reader.read("ptx", program.ptx);
  reader.read("cubin", program.cubin);
  reader.read("emulation", program.emulation);
  reader.read("symbols", program.symbols);
  reader.read("inputs", program.inputs);
  reader.read("outputs", program.outputs);
  reader.read("weights", program.weights);
  reader.read("states", program.states);
  reader.read("device_kernels", program.device_kernels);
}

static void readFields(JsonReader& reader, RankEntry& rank) {
  reader.read("program", rank.program);
  reader.read("device", rank.device);
}

static void readFields(JsonReader& reader, FileEntry& file) {
  reader.read("path", file.path);
  reader.read("bytes", file.bytes);
  reader.read("checksum", file.checksum);
}

static void readVersion(JsonReader& reader, const char* key, int own, int& version) {
  reader.read(key, version);
  if (version != own) {
    reader.wrong(key, "is " + std::to_string(version) + ", this runtime has version " +
                          std::to_string(own) + ": compile the model again");
  }
}

static void readFields(JsonReader& reader, Manifest& manifest) {
  // First: other versions have other keys.
  readVersion(reader, "format_version", kFormatVersion, manifest.format_version);
  readVersion(reader, "abi_version", MLC_ABI_VERSION, manifest.abi_version);
  reader.read("producer", manifest.producer);
  reader.read("model", manifest.model);
  reader.read("inputs", manifest.inputs);
  reader.read("outputs", manifest.outputs);
  reader.read("states", manifest.states);
  reader.read("dp", manifest.dp);
  reader.read("pp", manifest.pp);
  reader.read("tp", manifest.tp);
  reader.read("dp_shares", manifest.dp_shares);
  reader.read("microbatches", manifest.microbatches);
  reader.read("plan", manifest.plan);
  reader.read("programs", manifest.programs);
  reader.read("ranks", manifest.ranks);
  reader.read("weights", manifest.weights);
  reader.read("weight_hashes", manifest.weight_hashes);
  reader.read("files", manifest.files);
  reader.read("predicted_ms", manifest.predicted_ms);
  reader.read("constraints", manifest.constraints);
  reader.read("computed_symbols", manifest.computed_symbols);
  reader.read("checksum", manifest.checksum);
}

StatusOr<Manifest> parseManifest(const std::string& text) {
  Manifest manifest;
  MLC_RETURN_IF_ERROR(JsonReader::readText(text, "manifest.json", manifest));
  return manifest;
}

std::string printManifest(const Manifest& manifest) {
  const Json json = {{"format_version", manifest.format_version},
                     {"abi_version", manifest.abi_version},
                     {"producer", manifest.producer},
                     {"model", manifest.model},
                     {"inputs", listToJson(manifest.inputs)},
                     {"outputs", listToJson(manifest.outputs)},
                     {"states", listToJson(manifest.states)},
                     {"dp", manifest.dp},
                     {"pp", manifest.pp},
                     {"tp", manifest.tp},
                     {"dp_shares", manifest.dp_shares},
                     {"microbatches", manifest.microbatches},
                     {"plan", manifest.plan},
                     {"programs", listToJson(manifest.programs)},
                     {"ranks", listToJson(manifest.ranks)},
                     {"weights", listToJson(manifest.weights)},
                     {"weight_hashes", manifest.weight_hashes},
                     {"files", listToJson(manifest.files)},
                     {"predicted_ms", manifest.predicted_ms},
                     {"constraints", listToJson(manifest.constraints)},
                     {"computed_symbols", manifest.computed_symbols},
                     {"checksum", manifest.checksum}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

StatusOr<std::vector<std::string>> filesOfAnyVersion(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  try {
    if (!json.at("producer").get<std::string>().starts_with("mlc "))
      return invalidError("manifest.json was written by somebody else");
    std::vector<std::string> paths;
    for (const Json& file : json.at("files")) paths.push_back(file.at("path"));
    return paths;
  } catch (const Json::exception&) {
    return invalidError("manifest.json is no manifest of a package");
  }
}

std::string checksumOfManifest(Manifest manifest) {
  manifest.checksum.clear();
  return contentHashOf(printManifest(manifest));
}

bool hasComputedShape(const TensorSpec& spec, const Manifest& manifest) {
  std::set<std::string> symbols;
  for (const std::string& dim : spec.dims) {
    if (const StatusOr<DimExpr> expression = DimExpr::parse(dim); expression.ok())
      expression->collectSymbols(symbols);
  }
  return std::any_of(manifest.computed_symbols.begin(), manifest.computed_symbols.end(),
                     [&](const std::string& symbol) { return symbols.contains(symbol); });
}

}  // namespace package
}  // namespace mlc
