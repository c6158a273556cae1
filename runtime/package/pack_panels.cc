#include "runtime/package/pack_panels.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "runtime/base/element.h"
#include "runtime/base/parallel_for.h"

namespace mlc::package {
namespace {

// Where the i-th of the matrices in the leading dims begins, in elements.
int64_t matrixOffset(const StridedView& view, int64_t index) {
  int64_t offset = 0;
  for (size_t dim = view.sizes.size() - 2; dim-- > 0;) {
    offset += index % view.sizes[dim] * view.strides[dim];
    index /= view.sizes[dim];
  }
  return offset;
}

// One panel: `columns` of its `panel` columns exist. The source, part of a file, may be unaligned;
// strides are in elements.
template <typename T>
void copyPanel(const char* source, int64_t rows, int64_t rowStride, int64_t columns,
               int64_t columnStride, int64_t panel, T* out) {
  auto at = [&](int64_t row, int64_t column) {
    return source + (row * rowStride + column * columnStride) * static_cast<int64_t>(sizeof(T));
  };
  // A column of the panel may be a row of the file: rows in blocks, so that what is written stays
  // in the cache.
  constexpr int64_t kBlock = 64;
  for (int64_t begin = 0; begin < rows; begin += kBlock) {
    const int64_t end = std::min(rows, begin + kBlock);
    if (columnStride == 1) {
      for (int64_t row = begin; row < end; ++row) {
        std::memcpy(out + row * panel, at(row, 0), static_cast<size_t>(columns) * sizeof(T));
      }
    } else {
      for (int64_t column = 0; column < columns; ++column) {
        for (int64_t row = begin; row < end; ++row) {
          std::memcpy(out + row * panel + column, at(row, column), sizeof(T));
        }
      }
    }
    for (int64_t row = begin; row < end; ++row) {
      std::fill_n(out + row * panel + columns, panel - columns, T{});
    }
  }
}

// The same with `group` rows side by side: row r of column c is element r % group of the c-th group
// of line r / group.
template <typename T>
void copyGroups(const char* source, int64_t rows, int64_t rowStride, int64_t columns,
                int64_t columnStride, const PanelShape& shape, T* out) {
  for (int64_t first = 0; first < rows; first += shape.group) {
    T* line = out + first * shape.panel;
    std::fill_n(line, shape.panel * shape.group, T{});
    const int64_t count = std::min(shape.group, rows - first);
    for (int64_t column = 0; column < columns; ++column) {
      for (int64_t i = 0; i < count; ++i) {
        std::memcpy(line + column * shape.group + i,
                    source + ((first + i) * rowStride + column * columnStride) *
                                 static_cast<int64_t>(sizeof(T)),
                    sizeof(T));
      }
    }
  }
}

// Calls copyOne for all panels, of that many bytes each, on more threads the more there is to copy:
// a small weight is copied sooner than a thread is started.
void copyPanels(int64_t panels, int64_t bytes, int threads,
                const std::function<void(int64_t)>& copyOne) {
  constexpr int64_t kBytesPerThread = 256 << 10;
  const int64_t worthwhile = 1 + panels * bytes / kBytesPerThread;
  parallelFor(static_cast<int>(std::min<int64_t>(threads, worthwhile)), panels, copyOne);
}

template <typename T>
void packPanelsOf(const StridedView& view, const PanelShape& shape, int threads, char* out) {
  const size_t rank = view.sizes.size();
  const size_t rowDim = shape.transposed ? rank - 1 : rank - 2;
  const size_t columnDim = shape.transposed ? rank - 2 : rank - 1;
  const int64_t panel = shape.panel;
  const int64_t rows = view.sizes[rowDim], columns = view.sizes[columnDim];
  int64_t batch = 1;
  for (size_t dim = 0; dim + 2 < rank; ++dim) batch *= view.sizes[dim];
  const int64_t panels = (columns + panel - 1) / panel;
  const int64_t lines = (rows + shape.group - 1) / shape.group * shape.group;
  T* destination = reinterpret_cast<T*>(out);
  auto copyOne = [&](int64_t i) {
    const int64_t first = i % panels * panel;
    const char* source =
        view.data + (matrixOffset(view, i / panels) + first * view.strides[columnDim]) *
                        static_cast<int64_t>(sizeof(T));
    const int64_t present = std::min(panel, columns - first);
    T* to = destination + i * lines * panel;
    if (shape.group == 1) {
      copyPanel(source, rows, view.strides[rowDim], present, view.strides[columnDim], panel, to);
    } else {
      copyGroups(source, rows, view.strides[rowDim], present, view.strides[columnDim], shape, to);
    }
  };
  const int64_t bytes = lines * panel * static_cast<int64_t>(sizeof(T));
  copyPanels(batch * panels, bytes, threads, copyOne);
}

// Packed elements, one by one. A panel begins with a byte: it has an even number of columns.
void packPackedPanels(const StridedView& view, const PanelShape& shape, int threads, char* out) {
  const size_t rank = view.sizes.size();
  const size_t rowDim = shape.transposed ? rank - 1 : rank - 2;
  const size_t columnDim = shape.transposed ? rank - 2 : rank - 1;
  const int64_t rows = view.sizes[rowDim], columns = view.sizes[columnDim];
  const int64_t panels = (columns + shape.panel - 1) / shape.panel;
  const int64_t lines = (rows + shape.group - 1) / shape.group * shape.group;
  const int bits = dtypeBits(view.dtype);
  int64_t batch = 1;
  for (size_t dim = 0; dim + 2 < rank; ++dim) batch *= view.sizes[dim];
  auto copyOne = [&](int64_t i) {
    char* to = out + dtypeBytes(view.dtype, i * lines * shape.panel);
    std::memset(to, 0, static_cast<size_t>(dtypeBytes(view.dtype, lines * shape.panel)));
    const int64_t first = i % panels * shape.panel;
    const int64_t present = std::min(shape.panel, columns - first);
    const int64_t source = view.first + matrixOffset(view, i / panels);
    for (int64_t column = 0; column < present; ++column) {
      const int64_t from = source + (first + column) * view.strides[columnDim];
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t place =
            ((row / shape.group) * shape.panel + column) * shape.group + row % shape.group;
        storePacked(to, bits, place,
                    loadPacked(view.data, bits, from + row * view.strides[rowDim]));
      }
    }
  };
  const int64_t bytes = dtypeBytes(view.dtype, lines * shape.panel);
  copyPanels(batch * panels, bytes, threads, copyOne);
}

}  // namespace

void packPanels(const StridedView& view, const PanelShape& shape, int threads, char* out) {
  if (view.numElements() == 0) return;
  if (isPacked(view.dtype)) return packPackedPanels(view, shape, threads, out);
  switch (elementBytes(view.dtype)) {
    case 1:
      return packPanelsOf<uint8_t>(view, shape, threads, out);
    case 2:
      return packPanelsOf<uint16_t>(view, shape, threads, out);
    case 4:
      return packPanelsOf<uint32_t>(view, shape, threads, out);
    default:
      return packPanelsOf<uint64_t>(view, shape, threads, out);
  }
}

int64_t panelsElements(const std::vector<int64_t>& sizes, const PanelShape& shape) {
  const size_t rank = sizes.size();
  auto roundedUp = [](int64_t size, int64_t step) { return (size + step - 1) / step * step; };
  int64_t count = roundedUp(sizes[shape.transposed ? rank - 2 : rank - 1], shape.panel) *
                  roundedUp(sizes[shape.transposed ? rank - 1 : rank - 2], shape.group);
  for (size_t dim = 0; dim + 2 < rank; ++dim) count *= sizes[dim];
  return count;
}

}  // namespace mlc::package
