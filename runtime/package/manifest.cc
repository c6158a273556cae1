#include "runtime/package/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/base/checksum.h"
#include "runtime/base/dim_expr.h"

namespace mlc::package {
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

Json toJson(const WeightSource& weight) {
  return {{"name", weight.name},        {"dtype", std::string(dtypeName(weight.dtype))},
          {"shape", weight.shape},      {"file", weight.file},
          {"offset", weight.offset},    {"fill", weight.fill},
          {"checksum", weight.checksum}};
}

const char* nameOf(LayoutStep::Kind kind) {
  return kind == LayoutStep::Kind::kReshape     ? "reshape"
         : kind == LayoutStep::Kind::kTranspose ? "transpose"
                                                : "pad";
}

Json toJson(const LayoutStep& step) { return {{"kind", nameOf(step.kind)}, {"dims", step.dims}}; }

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

// --- Reading
// ---------------------------------------------------------------------------------------------

// An object of the manifest and where it is, for messages.
class Reader {
 public:
  Reader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  template <typename T>
  Status read(const char* key, T& value) const {
    MLC_ASSIGN_OR_RETURN(const Json* field, find(key));
    try {
      field->get_to(value);
    } catch (const Json::exception&) {
      return wrong(key, "has the wrong type");
    }
    return okStatus();
  }

  Status read(const char* key, DType& dtype) const {
    std::string name;
    MLC_RETURN_IF_ERROR(read(key, name));
    if (!parseDType(name, dtype)) return wrong(key, "names no element type");
    return okStatus();
  }

  Status read(const char* key, DimExpr& expr) const {
    std::string text;
    MLC_RETURN_IF_ERROR(read(key, text));
    StatusOr<DimExpr> parsed = DimExpr::parse(text);
    if (!parsed.ok()) return wrong(key, "is no size: " + parsed.status().message());
    expr = *std::move(parsed);
    return okStatus();
  }

  Status read(const char* key, SizeConstraint::Relation& relation) const {
    std::string name;
    MLC_RETURN_IF_ERROR(read(key, name));
    const std::optional<SizeConstraint::Relation> known = relationNamed(name);
    if (!known) return wrong(key, "names no relation");
    relation = *known;
    return okStatus();
  }

  // A string that is one of two.
  template <typename Enum>
  Status readChoice(const char* key, const char* first, Enum firstValue, const char* second,
                    Enum secondValue, Enum& value) const {
    std::string name;
    MLC_RETURN_IF_ERROR(read(key, name));
    if (name != first && name != second) return wrong(key, "has an unknown value");
    value = name == first ? firstValue : secondValue;
    return okStatus();
  }

  template <typename T>
  Status readList(const char* key, std::vector<T>& items,
                  Status (*readItem)(const Reader&, T&)) const {
    MLC_ASSIGN_OR_RETURN(const Json* list, find(key));
    if (!list->is_array()) return wrong(key, "is not a list");
    for (size_t i = 0; i < list->size(); ++i) {
      T item;
      const Reader reader((*list)[i], where_ + key + "[" + std::to_string(i) + "].");
      MLC_RETURN_IF_ERROR(readItem(reader, item));
      items.push_back(std::move(item));
    }
    return okStatus();
  }

  template <typename T>
  Status readObject(const char* key, T& item, Status (*readItem)(const Reader&, T&)) const {
    MLC_ASSIGN_OR_RETURN(const Json* object, find(key));
    return readItem(Reader(*object, where_ + key + "."), item);
  }

 private:
  StatusOr<const Json*> find(const char* key) const {
    if (!json_.is_object()) return invalidError("manifest.json: " + where_ + " is not an object");
    auto it = json_.find(key);
    if (it == json_.end()) return wrong(key, "is missing");
    return &*it;
  }

  Status wrong(const std::string& key, const std::string& what) const {
    return invalidError("manifest.json: " + where_ + key + " " + what);
  }

  const Json& json_;
  std::string where_;
};

#define MLC_READ(key, field) MLC_RETURN_IF_ERROR(reader.read(key, field))

Status readSpec(const Reader& reader, TensorSpec& spec) {
  MLC_READ("name", spec.name);
  MLC_READ("dtype", spec.dtype);
  MLC_READ("dims", spec.dims);
  const bool holds = spec.dtype == DType::kSequence || spec.dtype == DType::kOptional;
  if (holds) MLC_READ("holds", spec.holds);
  return okStatus();
}

Status readSplit(const Reader& reader, Split& split) {
  MLC_READ("dim", split.dim);
  MLC_READ("axis", split.axis);
  MLC_READ("shares", split.shares);
  return okStatus();
}

Status readInput(const Reader& reader, ProgramInput& input) {
  using Kind = ProgramInput::Kind;
  MLC_RETURN_IF_ERROR(
      reader.readChoice("kind", "model", Kind::kModelInput, "receive", Kind::kReceive, input.kind));
  MLC_RETURN_IF_ERROR(reader.readObject("spec", input.spec, readSpec));
  MLC_READ("index", input.index);
  MLC_RETURN_IF_ERROR(reader.readList("splits", input.splits, readSplit));
  MLC_READ("from_stage", input.from_stage);
  MLC_READ("channel", input.channel);
  return okStatus();
}

Status readOutput(const Reader& reader, ProgramOutput& output) {
  using Kind = ProgramOutput::Kind;
  MLC_RETURN_IF_ERROR(
      reader.readChoice("kind", "model", Kind::kModelOutput, "send", Kind::kSend, output.kind));
  MLC_RETURN_IF_ERROR(reader.readObject("spec", output.spec, readSpec));
  MLC_READ("index", output.index);
  MLC_RETURN_IF_ERROR(reader.readList("splits", output.splits, readSplit));
  MLC_READ("to_stage", output.to_stage);
  MLC_READ("channel", output.channel);
  return okStatus();
}

Status readState(const Reader& reader, StateSpec& state) {
  MLC_RETURN_IF_ERROR(reader.readObject("spec", state.spec, readSpec));
  MLC_READ("next", state.next);
  return okStatus();
}

Status readProgramState(const Reader& reader, ProgramState& state) {
  MLC_RETURN_IF_ERROR(reader.readObject("spec", state.spec, readSpec));
  MLC_READ("index", state.index);
  return okStatus();
}

Status readStep(const Reader& reader, LayoutStep& step) {
  std::string kind;
  MLC_READ("kind", kind);
  for (auto known :
       {LayoutStep::Kind::kReshape, LayoutStep::Kind::kTranspose, LayoutStep::Kind::kPad}) {
    if (kind == nameOf(known)) step.kind = known;
  }
  if (kind != nameOf(step.kind)) return invalidError("manifest.json: unknown step '" + kind + "'");
  MLC_READ("dims", step.dims);
  return okStatus();
}

Status readSlot(const Reader& reader, WeightSlot& slot) {
  MLC_READ("name", slot.name);
  MLC_READ("source", slot.source);
  MLC_RETURN_IF_ERROR(reader.readList("splits", slot.splits, readSplit));
  MLC_RETURN_IF_ERROR(reader.readChoice("layout", "plain", WeightLayout::kPlain, "panels",
                                        WeightLayout::kPanels, slot.layout));
  MLC_READ("transposed", slot.transposed);
  MLC_READ("panel", slot.panel);
  MLC_READ("group", slot.group);
  MLC_RETURN_IF_ERROR(reader.readList("steps", slot.steps, readStep));
  return okStatus();
}

Status readWeight(const Reader& reader, WeightSource& weight) {
  MLC_READ("name", weight.name);
  MLC_READ("dtype", weight.dtype);
  MLC_READ("shape", weight.shape);
  MLC_READ("file", weight.file);
  MLC_READ("offset", weight.offset);
  MLC_READ("fill", weight.fill);
  MLC_READ("checksum", weight.checksum);
  return okStatus();
}

Status readKernel(const Reader& reader, DeviceKernel& kernel) {
  MLC_READ("name", kernel.name);
  return okStatus();
}

Status readProgram(const Reader& reader, Program& program) {
  MLC_READ("target", program.target);
  MLC_READ("object", program.object);
  MLC_READ("cpu", program.cpu);
  MLC_READ("cpu_features", program.cpu_features);
  MLC_READ("ptx", program.ptx);
  MLC_READ("cubin", program.cubin);
  MLC_READ("emulation", program.emulation);
  MLC_READ("symbols", program.symbols);
  MLC_RETURN_IF_ERROR(reader.readList("inputs", program.inputs, readInput));
  MLC_RETURN_IF_ERROR(reader.readList("outputs", program.outputs, readOutput));
  MLC_RETURN_IF_ERROR(reader.readList("weights", program.weights, readSlot));
  MLC_RETURN_IF_ERROR(reader.readList("states", program.states, readProgramState));
  return reader.readList("device_kernels", program.device_kernels, readKernel);
}

Status readRank(const Reader& reader, RankEntry& rank) {
  MLC_READ("program", rank.program);
  MLC_READ("device", rank.device);
  return okStatus();
}

Status readFile(const Reader& reader, FileEntry& file) {
  MLC_READ("path", file.path);
  MLC_READ("bytes", file.bytes);
  MLC_READ("checksum", file.checksum);
  return okStatus();
}

Status readInputDim(const Reader& reader, SizeConstraint::InputDim& dim) {
  MLC_READ("input", dim.input);
  MLC_READ("dim", dim.dim);
  return okStatus();
}

Status readConstraint(const Reader& reader, SizeConstraint& constraint) {
  MLC_READ("relation", constraint.relation);
  MLC_READ("left", constraint.left);
  MLC_READ("right", constraint.right);
  MLC_READ("node", constraint.node);
  MLC_READ("text", constraint.text);
  MLC_READ("function", constraint.function);
  return reader.readList("replaced", constraint.replaced, readInputDim);
}

Status readManifest(const Reader& reader, Manifest& manifest) {
  MLC_READ("format_version", manifest.format_version);
  MLC_READ("abi_version", manifest.abi_version);
  MLC_READ("producer", manifest.producer);
  MLC_READ("model", manifest.model);
  MLC_RETURN_IF_ERROR(reader.readList("inputs", manifest.inputs, readSpec));
  MLC_RETURN_IF_ERROR(reader.readList("outputs", manifest.outputs, readSpec));
  MLC_RETURN_IF_ERROR(reader.readList("states", manifest.states, readState));
  MLC_READ("dp", manifest.dp);
  MLC_READ("pp", manifest.pp);
  MLC_READ("tp", manifest.tp);
  MLC_READ("dp_shares", manifest.dp_shares);
  MLC_READ("microbatches", manifest.microbatches);
  MLC_READ("plan", manifest.plan);
  MLC_RETURN_IF_ERROR(reader.readList("programs", manifest.programs, readProgram));
  MLC_RETURN_IF_ERROR(reader.readList("ranks", manifest.ranks, readRank));
  MLC_RETURN_IF_ERROR(reader.readList("weights", manifest.weights, readWeight));
  MLC_RETURN_IF_ERROR(reader.readList("files", manifest.files, readFile));
  MLC_READ("predicted_ms", manifest.predicted_ms);
  MLC_RETURN_IF_ERROR(reader.readList("constraints", manifest.constraints, readConstraint));
  MLC_READ("computed_symbols", manifest.computed_symbols);
  MLC_READ("checksum", manifest.checksum);
  return okStatus();
}

#undef MLC_READ

}  // namespace

StatusOr<Manifest> parseManifest(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return invalidError("manifest.json is not valid JSON");
  Manifest manifest;
  MLC_RETURN_IF_ERROR(readManifest(Reader(json, ""), manifest));
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
                     {"files", listToJson(manifest.files)},
                     {"predicted_ms", manifest.predicted_ms},
                     {"constraints", listToJson(manifest.constraints)},
                     {"computed_symbols", manifest.computed_symbols},
                     {"checksum", manifest.checksum}};
  return json.dump(2) + "\n";
}

std::string checksumOfManifest(Manifest manifest) {
  manifest.checksum.clear();
  const std::string text = printManifest(manifest);
  return checksumOf(text.data(), text.size());
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

}  // namespace mlc::package
