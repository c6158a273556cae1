#include "compiler/target/cpu/contract/im2col_panel_source.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlc::cpu {

using mlir::Value;

namespace {

DimExpr product(llvm::ArrayRef<DimExpr> sizes) {
  DimExpr result(1);
  for (const DimExpr& size : sizes) result = result * size;
  return result;
}

Value both(KernelBuilder& k, Value a, Value b) {
  return k.builder().createOrFold<mlir::arith::AndIOp>(k.loc(), a, b);
}

Value negated(KernelBuilder& k, Value a) { return k.sub(k.index(0), a); }

// ceil(max(a, 0) / b)
Value ceilDivClamped(KernelBuilder& k, Value a, int64_t b) {
  return k.div(k.add(k.max(a, k.index(0)), k.index(b - 1)), k.index(b));
}

}  // namespace

DimExpr ConvGeometry::inputPixels() const { return product(input); }
DimExpr ConvGeometry::outputPixels() const { return product(output); }
DimExpr ConvGeometry::kernelElements() const { return product(kernel); }

bool ConvGeometry::isPointwise() const {
  for (size_t i = 0; i < input.size(); ++i) {
    if (!(kernel[i] == DimExpr(1)) || strides[i] != 1 || pads[i] != 0 || !(input[i] == output[i])) {
      return false;
    }
  }
  return true;
}

void Im2colPanelSource::pack(KernelBuilder& k, Value batch, Value firstColumn, Value columns,
                             Value panel, Value panelOffset) const {
  // A group's images are consecutive: image * groups + group counts them all.
  Value groupElements = k.dim(geometry_.groupChannels() * geometry_.inputPixels());
  Value imageBase = k.mul(batch, groupElements);
  Value lineSize = k.dim(geometry_.output.back());
  Value firstLine = k.div(firstColumn, lineSize);
  Value endLine = k.ceilDiv(k.add(firstColumn, columns), lineSize);
  k.loop(firstLine, endLine, k.index(1), [&](Value line) {
    packLine(k, imageBase, line, firstColumn, columns, panel, panelOffset);
  });
  k.branch(k.less(columns, k.index(tile_.columns())), [&] {
    Value rows = k.dim(geometry_.groupChannels() * geometry_.kernelElements());
    zeroColumns(k, tile_, accumulator_, rows, columns, panel, panelOffset);
  });
}

void Im2colPanelSource::packLine(KernelBuilder& k, Value imageBase, Value line, Value firstColumn,
                                 Value columns, Value panel, Value panelOffset) const {
  const size_t rank = geometry_.input.size();
  Value one = k.index(1), zero = k.index(0);
  Value lineBegin = k.mul(line, k.dim(geometry_.output.back()));
  Value first = k.max(lineBegin, firstColumn);
  Value end = k.min(k.add(lineBegin, k.dim(geometry_.output.back())), k.add(firstColumn, columns));
  // The line's position along the outer spatial dims.
  llvm::SmallVector<Value> outer(rank - 1);
  Value rest = line;
  for (size_t i = rank - 1; i-- > 0;) {
    outer[i] = i == 0 ? rest : k.rem(rest, k.dim(geometry_.output[i]));
    if (i > 0) rest = k.div(rest, k.dim(geometry_.output[i]));
  }
  Value runColumn = k.add(panelOffset, k.sub(first, firstColumn));

  auto kernelLoops = [&](auto&& self, size_t dim, Value image, Value inside,
                         Value element) -> void {
    k.loop(zero, k.dim(geometry_.kernel[dim]), one, [&](Value position) {
      Value nextElement = k.add(k.mul(element, k.dim(geometry_.kernel[dim])), position);
      if (dim + 1 == rank) {
        Run run;
        run.firstOut = k.sub(first, lineBegin);
        run.endOut = k.sub(end, lineBegin);
        run.image = k.add(imageBase, k.mul(image, k.dim(geometry_.input[dim])));
        run.inside = inside;
        run.kernelElement = nextElement;
        run.kernelInner = position;
        run.panel = k.add(runColumn, k.mul(nextElement, k.index(tile_.columns())));
        return packRun(k, run, panel);
      }
      Value at = k.add(k.mul(outer[dim], k.index(geometry_.strides[dim])),
                       k.mul(position, k.index(geometry_.dilations[dim])));
      at = k.sub(at, k.index(geometry_.pads[dim]));
      // Not negative and less than the size, in one comparison of unsigned numbers.
      Value insideDim = mlir::arith::CmpIOp::create(
          k.builder(), k.loc(), mlir::arith::CmpIPredicate::ult, at, k.dim(geometry_.input[dim]));
      Value nextInside = inside ? both(k, inside, insideDim) : insideDim;
      Value nextImage = image ? k.add(k.mul(image, k.dim(geometry_.input[dim])), at) : at;
      self(self, dim + 1, nextImage, nextInside, nextElement);
    });
  };
  if (rank == 1) {
    mlir::Value yes = mlir::arith::ConstantIntOp::create(k.builder(), k.loc(), 1, 1);
    kernelLoops(kernelLoops, 0, zero, yes, zero);
  } else {
    kernelLoops(kernelLoops, 0, Value(), Value(), zero);
  }
}

void Im2colPanelSource::packRun(KernelBuilder& k, const Run& run, Value panel) const {
  const size_t inner = geometry_.input.size() - 1;
  const int64_t stride = geometry_.strides[inner];
  // Output position o reads image element o * stride + shift of the line.
  Value shift = k.sub(k.mul(run.kernelInner, k.index(geometry_.dilations[inner])),
                      k.index(geometry_.pads[inner]));
  Value firstInside = ceilDivClamped(k, negated(k, shift), stride);
  Value endInside = ceilDivClamped(k, k.sub(k.dim(geometry_.input[inner]), shift), stride);
  Value first = k.min(k.max(run.firstOut, firstInside), run.endOut);
  Value end = k.max(k.min(run.endOut, endInside), first);
  end = mlir::arith::SelectOp::create(k.builder(), k.loc(), run.inside, end, first);
  Value length = k.sub(end, first), runLength = k.sub(run.endOut, run.firstOut);
  Value clipped = k.less(length, runLength);

  Value zero = conversion::constantLike(k.builder(), k.loc(), accumulator_, 0);
  Value rowStep = k.mul(k.dim(geometry_.kernelElements()), k.index(tile_.columns()));
  Value from = k.add(run.image, k.add(k.mul(first, k.index(stride)), shift));
  Value to = k.add(run.panel, k.sub(first, run.firstOut));
  k.loop(k.index(0), k.dim(geometry_.groupChannels()), k.index(1), [&](Value channel) {
    Value row = k.mul(channel, rowStep);
    k.branch(clipped, [&] {
      k.loop(k.index(0), runLength, k.index(1),
             [&](Value i) { k.store(zero, panel, k.add(k.add(run.panel, row), i)); });
    });
    copyRun(k, k.add(from, k.mul(channel, k.dim(geometry_.inputPixels()))), k.add(to, row), length,
            panel);
  });
}

void Im2colPanelSource::copyRun(KernelBuilder& k, Value from, Value to, Value length,
                                Value panel) const {
  const int64_t stride = geometry_.strides.back();
  auto copy = [&](Value i, int64_t width) {
    Value loaded = k.load(image_, k.add(from, k.mul(i, k.index(stride))), width);
    k.store(widen(k, loaded, element_, accumulator_), panel, k.add(to, i));
  };
  auto elements = [&] { k.loop(k.index(0), length, k.index(1), [&](Value i) { copy(i, 1); }); };
  if (stride != 1) return elements();
  Value width = k.index(tile_.width);
  k.branch(k.less(length, width), elements, [&] {
    // The last vector ends where the run does and may repeat elements of the one before.
    Value last = k.sub(length, width);
    k.loop(k.index(0), last, width, [&](Value i) { copy(i, tile_.width); });
    copy(last, tile_.width);
  });
}

}  // namespace mlc::cpu
