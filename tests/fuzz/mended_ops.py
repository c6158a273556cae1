"""Ops that the onnx package's reference implementation gets wrong, or right to single precision only."""

import math

import numpy as np
from onnx.reference.op_run import OpRun
from onnx.reference.ops import op_attention, op_conv_integer, op_depth_to_space, op_one_hot, op_pow, op_qlinear_conv, op_space_to_depth

erf = np.vectorize(math.erf, otypes=[np.float64])
erfc = np.vectorize(math.erfc, otypes=[np.float64])


class Erf(OpRun):
    """The package's one is rounded to single precision."""

    op_domain = ""

    def _run(self, x):
        return (erf(x) if x.size else x,)


class Gelu(OpRun):
    """The package's one is made of that Erf, and cancels."""

    op_domain = ""

    def _run(self, x, approximate="none"):
        if approximate == "tanh":
            # 1 + tanh(u) = 2 / (1 + exp(-2 u))
            return (x / (1 + np.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))),)
        return (0.5 * x * erfc(-x / math.sqrt(2)) if x.size else x,)


class OneHot(op_one_hot.OneHot):
    """The package's one multiplies by the difference of the two values, which infinite ones have none of."""

    op_domain = ""

    def _run(self, indices, depth, values, axis=None):
        (hot,) = super()._run(indices, depth, np.array([0, 1]), axis=axis)
        return (np.where(hot == 1, values[1], values[0]),)


class Pow(op_pow.Pow):
    """The package's one takes a square root for the power of 0.5, which is not defined at minus infinity where the power is."""

    op_domain = ""

    def _run(self, a, b):
        (result,) = super()._run(a, b)
        return (np.where(np.isneginf(a) & (b == 0.5), np.inf, result) if a.dtype == np.float64 else result,)


class LpNormalization(OpRun):
    """The package's one sums numbers, not their absolute values, for p = 1."""

    op_domain = ""

    def _run(self, x, axis=-1, p=2):
        norm = np.power(np.power(np.abs(x), p).sum(axis=axis, keepdims=True), 1.0 / p)
        return (np.where(norm == 0, 0, x / norm),)


class LRN(OpRun):
    """The package's one takes the batch's size for the number of channels, and divides alpha in single precision."""

    op_domain = ""

    def _run(self, x, alpha=1e-4, beta=0.75, bias=1.0, size=1):
        sums = np.zeros_like(x)
        for c in range(x.shape[1]):
            window = x[:, max(0, c - (size - 1) // 2):c + size // 2 + 1]
            sums[:, c] = (window * window).sum(1)
        return (x / (bias + float(alpha) / size * sums) ** beta,)


class GlobalMaxPool(OpRun):
    """The package's one has the right axes of images only."""

    op_domain = ""

    def _run(self, x):
        return (x.max(axis=tuple(range(2, x.ndim)), keepdims=True),)


class HardSwish(OpRun):
    """The package's one is a function whose 1/6 is rounded to single precision."""

    op_domain = ""

    def _run(self, x):
        return (x * np.clip(x / 6 + 0.5, 0, 1),)


class PRelu(OpRun):
    """The package's one multiplies zeros, too, by slopes that may be infinite."""

    op_domain = ""

    def _run(self, x, slope):
        return (np.where(x < 0, x * slope, x),)


class LogSoftmax(OpRun):
    """The package's one takes the logarithm of probabilities that are zero."""

    op_domain = ""

    def _run(self, x, axis=-1):
        if not x.size:
            return (x,)
        shifted = x - x.max(axis=axis, keepdims=True)
        return (shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)),)


class ReduceLogSumExp(OpRun):
    """The package's one subtracts an infinite maximum from itself."""

    op_domain = ""

    def _run(self, x, axes=None, keepdims=1, noop_with_empty_axes=0):
        axes = tuple(int(axis) for axis in axes) if axes is not None and len(axes) else None
        if axes is None and noop_with_empty_axes:
            return (x,)
        largest = x.max(axis=axes, keepdims=True, initial=-np.inf)
        shift = np.where(np.isfinite(largest), largest, 0)
        result = shift + np.log(np.exp(x - shift).sum(axis=axes, keepdims=True))
        return (result if keepdims else np.squeeze(result, axis=axes),)


class Attention(op_attention.Attention):
    """The package's one gives every row of queries the keys of the first one if it is causal and its mask has one row."""

    op_domain = ""

    def _run(self, q, k, v, mask=None, *others, **attributes):
        if mask is not None:
            mask = np.broadcast_to(mask, (*mask.shape[:-2], q.shape[-2], mask.shape[-1]))
        return super()._run(q, k, v, mask, *others, **attributes)


class GatherElements(OpRun):
    """The package's one refuses fewer indices than elements along the other dims."""

    op_domain = ""

    def _run(self, x, indices, axis=0):
        axis %= x.ndim
        if any(count > size for i, (count, size) in enumerate(zip(indices.shape, x.shape, strict=True)) if i != axis):
            raise ValueError("more indices than elements along a dim")
        kept = x[tuple(slice(None if i == axis else count) for i, count in enumerate(indices.shape))]
        return (np.take_along_axis(kept, indices, axis),)


class SpaceToDepth(op_space_to_depth.SpaceToDepth):
    """The package's one leaves out the rest of a dim of an empty tensor."""

    op_domain = ""

    def _run(self, x, **attributes):
        if any(size % self.blocksize for size in x.shape[2:]):
            raise ValueError("a dim is not a multiple of the blocks")
        return super()._run(x, **attributes)


class DepthToSpace(op_depth_to_space.DepthToSpace):
    """The package's one leaves out the rest of an empty tensor's channels."""

    op_domain = ""

    def _run(self, x, **attributes):
        if x.shape[1] % self.blocksize**2:
            raise ValueError("the channels are not a multiple of the blocks")
        return super()._run(x, **attributes)


def padding(size, extent, stride, auto_pad, pads):
    """At the beginning and the end of a dim."""
    if not auto_pad.startswith("SAME"):
        return pads
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return (total // 2, total - total // 2) if auto_pad == "SAME_UPPER" else (total - total // 2, total // 2)


class Conv(OpRun):
    """The package's one puts zeros between dilated weights, whose product with infinity is NaN, and gives an empty result where no
    window fits, which ONNX Runtime refuses."""

    op_domain = ""

    def _run(self, x, w, bias=None, auto_pad="NOTSET", dilations=None, group=1, kernel_shape=None, pads=None, strides=None):
        rank, kernel = x.ndim - 2, w.shape[2:]
        dilations, strides, pads = dilations or [1] * rank, strides or [1] * rank, pads or [0] * 2 * rank
        extents = [dilation * (size - 1) + 1 for dilation, size in zip(dilations, kernel)]
        around = [padding(size, extents[d], strides[d], auto_pad, (pads[d], pads[d + rank])) for d, size in enumerate(x.shape[2:])]
        x = np.pad(x, [(0, 0), (0, 0), *around])
        windows = [(size - extent) // stride + 1 for size, extent, stride in zip(x.shape[2:], extents, strides)]
        if min(windows) < 1:
            raise ValueError("no window fits into the image")
        groups = []
        for image, weights in zip(np.split(x, group, 1), np.split(w, group)):
            total = np.zeros((x.shape[0], weights.shape[0], *windows))
            for tap in np.ndindex(kernel):
                pixels = image[(..., *(slice(t * dilation, t * dilation + (count - 1) * stride + 1, stride)
                                       for t, dilation, count, stride in zip(tap, dilations, windows, strides)))]
                total += np.einsum("nc...,mc->nm...", pixels, weights[(..., *tap)])
            groups.append(total)
        result = np.concatenate(groups, 1)
        return (result if bias is None else result + bias.reshape(-1, *[1] * rank),)


class Pooling(OpRun):
    """The package's ones take other windows where they pad by themselves, and leave NaN out of means."""

    op_domain = ""

    def _run(self, x, auto_pad="NOTSET", ceil_mode=0, count_include_pad=0, dilations=None, kernel_shape=None, pads=None, strides=None, **_):
        rank = x.ndim - 2
        dims = []  # of each spatial dim the positions of each window's elements, and how many of them count
        for d, (size, kernel) in enumerate(zip(x.shape[2:], kernel_shape)):
            stride, dilation = (strides or [1] * rank)[d], (dilations or [1] * rank)[d]
            extent = dilation * (kernel - 1) + 1
            low, high = padding(size, extent, stride, auto_pad, (pads[d], pads[d + rank]) if pads else (0, 0))
            slack = size + low + high - extent
            windows = (-(-slack // stride) if ceil_mode else slack // stride) + 1
            if windows < 0:
                raise ValueError("no window fits into the image")
            # None begins in the padding at the end.
            windows -= bool(ceil_mode and windows and (windows - 1) * stride >= size + low)
            places = [np.arange(kernel) * dilation + w * stride - low for w in range(windows)]
            dims.append([(at[(at >= 0) & (at < size)], np.sum(at < size + high)) for at in places])
        result = np.empty((*x.shape[:2], *map(len, dims)), x.dtype)
        for at in np.ndindex(result.shape[2:]):
            windows = [dims[d][i] for d, i in enumerate(at)]
            inside = x[np.ix_(*map(np.arange, x.shape[:2]), *(places for places, _ in windows))]
            result[(..., *at)] = self.folded(inside, tuple(range(2, x.ndim)), np.prod([count for _, count in windows]) if count_include_pad else None)
        return (result,)


class MaxPool(Pooling):
    def folded(self, inside, axes, count):
        return inside.max(axes, initial=-np.inf if inside.dtype == np.float64 else np.iinfo(inside.dtype).min)


class AveragePool(Pooling):
    def folded(self, inside, axes, count):
        return inside.sum(axes) / (count or np.prod([inside.shape[axis] for axis in axes]))


def refusing_small_images(convolution):
    """The package's one gives an empty result where no window fits, which ONNX Runtime refuses."""

    def run(self, *operands, **attributes):
        result = convolution._run(self, *operands, **attributes)
        if 0 in result[0].shape[2:]:
            raise ValueError("no window fits into the image")
        return result

    return type(convolution.__name__, (convolution,), {"op_domain": "", "_run": run})


CONVOLUTIONS = [refusing_small_images(one) for one in (op_conv_integer.ConvInteger, op_qlinear_conv.QLinearConv)]
MENDED = [Erf, Gelu, OneHot, Pow, LpNormalization, LRN, GlobalMaxPool, HardSwish, PRelu, LogSoftmax, ReduceLogSumExp, Attention, GatherElements, SpaceToDepth, DepthToSpace, Conv, MaxPool, AveragePool, *CONVOLUTIONS]
