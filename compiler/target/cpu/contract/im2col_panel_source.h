// Panels of a convolution's right side: a column per output position, a row per filter element.
#pragma once

#include "compiler/target/cpu/contract/panel_source.h"

namespace mlc::cpu {

// The geometry of a convolution; dims as in graph.conv, one entry of each list per spatial dim.
struct ConvGeometry {
  DimExpr images, channels, outChannels;  // of all groups
  int64_t groups = 1;
  llvm::SmallVector<DimExpr, 3> input, kernel, output;
  llvm::SmallVector<int64_t, 3> strides, pads, dilations;  // pads: the low ones

  DimExpr groupChannels() const { return floorDiv(channels, groups); }
  DimExpr inputPixels() const;
  DimExpr outputPixels() const;
  DimExpr kernelElements() const;  // of one channel

  // Whether each output position reads just the input element at the same position.
  bool isPointwise() const;
};

// Copies runs of neighbouring output positions, clipped to the image.
class Im2colPanelSource : public PanelSource {
 public:
  Im2colPanelSource(const ConvGeometry& geometry, const TileShape& tile, mlir::Value image,
                    mlir::Type element, mlir::Type accumulator)
      : geometry_(geometry),
        tile_(tile),
        image_(image),
        element_(element),
        accumulator_(accumulator) {}

  bool isMatrix() const override { return false; }
  // batch: image * groups + group.
  void pack(KernelBuilder& k, mlir::Value batch, mlir::Value firstColumn, mlir::Value columns,
            mlir::Value panel, mlir::Value panelOffset) const override;

 private:
  // Positions firstOut .. endOut of one line of the output, for one filter element of every
  // channel.
  struct Run {
    mlir::Value firstOut, endOut;  // along the innermost spatial dim
    mlir::Value image;             // offset of the image line that the filter element reads
    mlir::Value inside;            // whether that line is inside the image
    mlir::Value kernelElement;     // row-major number in the kernel
    mlir::Value kernelInner;       // position along the innermost dim
    mlir::Value panel;  // offset in the panel of firstOut in channel 0's row of kernelElement
  };
  void packLine(KernelBuilder& k, mlir::Value imageBase, mlir::Value line, mlir::Value firstColumn,
                mlir::Value columns, mlir::Value panel, mlir::Value panelOffset) const;
  void packRun(KernelBuilder& k, const Run& run, mlir::Value panel) const;
  void copyRun(KernelBuilder& k, mlir::Value from, mlir::Value to, mlir::Value length,
               mlir::Value panel) const;

  const ConvGeometry& geometry_;
  TileShape tile_;
  mlir::Value image_;
  mlir::Type element_, accumulator_;
};

}  // namespace mlc::cpu
