"""A small convolutional network: normalization, pooling, two branches, a classifier."""

import numpy as np
from model_writer import FLOAT, Graph, run


def make():
    g = Graph("cnn", opset=13, ir_version=7)
    x = g.input("image", FLOAT, ["batch", 3, 17, 17])
    x = g.node("Conv", [x, g.normal("conv1.weight", [8, 3, 3, 3]), g.normal("conv1.bias", [8])], "c1",
               kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    statistics = [g.normal("bn.scale", [8]), g.normal("bn.bias", [8]), g.normal("bn.mean", [8]),
                  g.weight("bn.variance", np.linspace(0.5, 2, 8, dtype=np.float32))]
    x = g.node("BatchNormalization", [x, *statistics], "bn", epsilon=1e-3)
    x = g.node("Relu", [x], "relu")
    wide = g.node("Conv", [x, g.normal("conv2.weight", [8, 4, 3, 3])], "c2", kernel_shape=[3, 3], group=2,
                  auto_pad="SAME_UPPER")
    pooled = g.node("AveragePool", [x], "ap", kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    x = g.node("Concat", [wide, pooled], "cat", axis=1)
    x = g.node("LRN", [x], "lrn", size=3, alpha=0.01, beta=0.5, bias=1.0)
    x = g.node("MaxPool", [x], "mp", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    x = g.node("Flatten", [x], "flat")
    x = g.node("Gemm", [x, g.normal("fc.weight", [10, 400], 0.05), g.normal("fc.bias", [10])], "fc", transB=1)
    g.node("Softmax", [x], "probabilities", axis=1)
    g.output("probabilities", FLOAT, ["batch", 10])
    return g, {"image": g.random.standard_normal((2, 3, 17, 17)).astype(np.float32)}


run(make)
