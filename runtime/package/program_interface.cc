#include "runtime/package/program_interface.h"

#include "runtime/base/checksum.h"
#include "runtime/package/layout_steps.h"
#include "runtime/package/validate_manifest.h"
#include "runtime/package/weight_piece.h"

namespace mlc::package {
namespace {

std::string textOf(const TensorSpec& spec) {
  std::string text(dtypeName(spec.dtype));
  if (!spec.holds.empty()) text += " of " + spec.holds;
  for (const std::string& dim : spec.dims) text += ", " + dim;
  return text + "\n";
}

std::string textOf(const WeightSlot& slot, const WeightContent& content) {
  std::string text =
      std::string(dtypeName(content.dtype)) + ", " + std::to_string(content.elements);
  if (slot.layout == WeightLayout::kPanels) {
    text += (slot.transposed ? ", transposed panels of " : ", panels of ") +
            std::to_string(slot.panel) + " x " + std::to_string(slot.group);
  }
  return text + "\n";
}

}  // namespace

std::string interfaceOf(const Program& program, const SlotContents& contents) {
  std::string text = "symbols\n";
  for (const std::string& symbol : program.symbols) text += symbol + "\n";
  text += "inputs\n";
  for (const ProgramInput& input : program.inputs) text += textOf(input.spec);
  text += "outputs\n";
  for (const ProgramOutput& output : program.outputs) text += textOf(output.spec);
  text += "weights\n";
  for (size_t i = 0; i < program.weights.size(); ++i)
    text += textOf(program.weights[i], contents.weights[i]);
  text += "states\n";
  for (size_t i = 0; i < program.states.size(); ++i)
    text += contents.lengths[i] + " then " + textOf(program.states[i].spec);
  return "mlc-interface:" + checksumOf(text.data(), text.size());
}

std::string interfaceOf(const Program& program, const Manifest& manifest, int tpRank) {
  SlotContents contents;
  for (const WeightSlot& slot : program.weights) {
    const WeightSource& source = manifest.weights[static_cast<size_t>(slot.source)];
    const auto shape = shapeAfter(slot.steps, pieceOf(slot, source, tpRank).sizes);
    contents.weights.push_back({source.dtype, numElements(*shape)});
  }
  for (const ProgramState& state : program.states)
    contents.lengths.push_back(manifest.states[static_cast<size_t>(state.index)].next);
  return interfaceOf(program, contents);
}

}  // namespace mlc::package
