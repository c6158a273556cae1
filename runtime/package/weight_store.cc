#include "runtime/package/weight_store.h"

#include <cstring>

#include "runtime/package/layout_steps.h"
#include "runtime/package/pack_panels.h"
#include "runtime/package/stored_piece.h"
#include "runtime/package/validate_manifest.h"

namespace mlc::package {
namespace {

// Equal for slots that are made alike.
std::string keyOf(const WeightSlot& slot, const WeightPiece& piece) {
  std::string key = std::to_string(slot.source);
  for (int64_t offset : piece.offsets) key += "," + std::to_string(offset);
  for (int64_t size : piece.sizes) key += ":" + std::to_string(size);
  if (slot.layout == WeightLayout::kPanels) {
    key += (slot.transposed ? " t" : " p") + std::to_string(slot.panel) + "g" +
           std::to_string(slot.group);
  }
  for (const LayoutStep& step : slot.steps) {
    key += "/" + std::to_string(static_cast<int>(step.kind));
    for (int64_t dim : step.dims) key += "," + std::to_string(dim);
  }
  return key;
}

PanelShape panelShapeOf(const WeightSlot& slot) {
  return {slot.transposed, slot.panel, slot.group};
}

// A slot's piece, in memory that begins with the weight, or with that piece where it is one of
// those that are stored.
StridedView viewOf(const MappedFile& file, const WeightSource& source, const WeightPiece& piece) {
  if (source.splits.empty())
    return sliceOf(file.data(), source.dtype, source.shape, piece.offsets, piece.sizes);
  const bool isRowMajor = source.offsets.size() == 1;
  return sliceOf(file.data(), source.dtype, isRowMajor ? source.shape : piece.sizes, {},
                 piece.sizes);
}

int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

StatusOr<Weight> WeightStore::make(const WeightSlot& slot, int tpRank) {
  const std::lock_guard lock(mutex_);
  const WeightSource& source = package_->manifest().weights[static_cast<size_t>(slot.source)];
  const WeightPiece piece = pieceOf(slot, source, tpRank);
  const std::string key = keyOf(slot, piece);
  if (auto it = made_.find(key); it != made_.end()) return it->second;
  MLC_ASSIGN_OR_RETURN(const Weight weight, source.file.empty()
                                                ? makeFilled(source, slot, piece)
                                                : makeFromFile(source, slot, piece, tpRank));
  made_.emplace(key, weight);
  return weight;
}

int64_t WeightStore::checkedBytes() {
  const std::lock_guard lock(mutex_);
  return files_.checkedBytes();
}

StatusOr<char*> WeightStore::allocate(const std::string& name, int64_t bytes) {
  MLC_ASSIGN_OR_RETURN(AlignedBuffer buffer, AlignedBuffer::allocate(static_cast<size_t>(bytes),
                                                                     "weight '" + name + "'"));
  buffers_.push_back(std::move(buffer));
  return buffers_.back().data();
}

StatusOr<Weight> WeightStore::makeFilled(const WeightSource& source, const WeightSlot& slot,
                                         const WeightPiece& piece) {
  std::string element;
  for (size_t i = 0; 2 * i < source.fill.size(); ++i) {
    element += static_cast<char>(digit(source.fill[2 * i]) << 4 | digit(source.fill[2 * i + 1]));
  }
  // Every element is the same: strides of zero.
  StridedView view{element.data(), source.dtype, piece.sizes, {}};
  view.strides.assign(view.sizes.size(), 0);
  if (!slot.steps.empty()) return makeBySteps(view, slot);
  const bool panels = slot.layout == WeightLayout::kPanels;
  const int64_t count =
      panels ? panelsElements(view.sizes, panelShapeOf(slot)) : view.numElements();
  const int64_t bytes = dtypeBytes(source.dtype, count);
  MLC_ASSIGN_OR_RETURN(char* data, allocate(slot.name, bytes));
  if (panels) {
    packPanels(view, panelShapeOf(slot), threads_, data);
  } else {
    const auto width = static_cast<int64_t>(element.size());
    for (int64_t at = 0; at < bytes; at += width)
      std::memcpy(data + at, element.data(), element.size());
  }
  return Weight{data, bytes};
}

StatusOr<Weight> WeightStore::makeBySteps(const StridedView& view, const WeightSlot& slot) {
  const std::vector<int64_t> shape = *shapeAfter(slot.steps, view.sizes);
  const int64_t bytes = dtypeBytes(view.dtype, numElements(shape));
  MLC_ASSIGN_OR_RETURN(char* data, allocate(slot.name, bytes));
  applySteps(view, slot.steps, data);
  return Weight{data, bytes};
}

StatusOr<Weight> WeightStore::makeFromFile(const WeightSource& source, const WeightSlot& slot,
                                           const WeightPiece& piece, int tpRank) {
  const PackagePiece stored = {slot.source, pieceIndex(source, tpRank)};
  MLC_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file,
                       isChecked_ ? files_.map(stored) : files_.mapChecked(stored));
  const StridedView view = viewOf(*file, source, piece);
  if (slot.layout == WeightLayout::kPanels) {
    const int64_t bytes = dtypeBytes(source.dtype, panelsElements(view.sizes, panelShapeOf(slot)));
    MLC_ASSIGN_OR_RETURN(char* out, allocate(slot.name, bytes));
    packPanels(view, panelShapeOf(slot), threads_, out);
    return Weight{out, bytes};
  }
  if (!slot.steps.empty()) return makeBySteps(view, slot);
  const int64_t bytes = view.bytes();
  if (view.contiguous() && reinterpret_cast<uintptr_t>(view.data) % kBufferAlignment == 0) {
    mapped_.push_back(std::move(file));
    return Weight{view.data, bytes, true};
  }
  MLC_ASSIGN_OR_RETURN(char* out, allocate(slot.name, bytes));
  copyOut(view, out);
  return Weight{out, bytes};
}

}  // namespace mlc::package
