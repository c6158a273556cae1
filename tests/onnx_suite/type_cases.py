"""Cases of our own: each op with each type of elements that ONNX allows and the importer takes.

The backend tests are nearly all of f32. What is expected is computed by ONNX's reference evaluator; for f16 and bf16
in double precision, and rounded once.
"""

import numpy
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

OPSET = 22
HALVES = ("float16", "bfloat16")
FLOATS = ("float", "double", *HALVES)
SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
TYPES = {"float": "FLOAT", "double": "DOUBLE"}
TYPES.update({name: name.upper() for name in (*HALVES, *SIGNED, *UNSIGNED, "bool")})

# Types that are only stored, moved, cast and quantized.
NARROW_OPSET = 25
NARROW_INTEGERS = {"INT4": (-8, 7), "UINT4": (0, 15), "INT2": (-2, 1), "UINT2": (0, 3)}
NARROW_FLOATS = ("FLOAT4E2M1", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT8E8M0")

UNARY = """Abs Ceil Celu Cos Elu Erf Exp Floor Gelu HardSigmoid HardSwish IsInf IsNaN LeakyRelu Log Mish Neg Not BitwiseNot
    Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Softplus Softsign Sqrt Tan Tanh ThresholdedRelu""".split()
BINARY = """Add And BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Max Min Mod Mul Or Pow
    Sub Xor""".split()
REDUCTIONS = "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare".split()
# Their attributes and parameters are rounded to the tensors' type, which the reference in double precision does not do.
NOT_IN_HALVES = ("Gelu", "HardSigmoid", "HardSwish", "ReduceProd")


def onnx_type(name):
    return getattr(onnx.TensorProto, TYPES[name])


def allowed_types(op):
    schema = onnx.defs.get_schema(op, OPSET, "")
    kind = schema.inputs[0].type_str
    texts = next(c.allowed_type_strs for c in schema.type_constraints if c.type_param_str == kind)
    names = [text[len("tensor(") : -1] for text in texts]
    return [name for name in names if name in TYPES and not (name in HALVES and op in NOT_IN_HALVES)]


class Maker:
    def __init__(self):
        self.random = numpy.random.default_rng(5)
        self.cases = []  # (name, model, inputs, outputs)

    def array(self, kind, shape, positive=False, small=False):
        if kind == "bool":
            return self.random.integers(0, 2, shape).astype(bool)
        dtype = helper.tensor_dtype_to_np_dtype(onnx_type(kind))
        if kind in FLOATS:
            values = self.random.standard_normal(shape) * 2
            return (numpy.abs(values) + 0.1 if positive else values).astype(dtype)
        values = self.random.integers(1, 5 if small else 120, shape)
        if kind in SIGNED and not positive:
            values *= self.random.choice([-1, 1], shape)
        return values.astype(dtype)

    def add(self, op, suffix, inputs, **attributes):
        names = [f"x{i}" for i in range(len(inputs))]
        # A dim of 37 is symbolic.
        infos = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype),
                                               ["n" if dim == 37 else dim for dim in array.shape])
                 for name, array in zip(names, inputs)]
        output = onnx.ValueInfoProto(name="y")
        graph = helper.make_graph([helper.make_node(op, names, ["y"], **attributes)], "g", infos, [output])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        wanted = helper.tensor_dtype_to_np_dtype(model.graph.output[0].type.tensor_type.elem_type)
        (result,) = self.reference(model, op, dict(zip(names, inputs)))
        self.cases.append((f"{op}_{suffix}", model, inputs, [numpy.asarray(result).astype(wanted)]))

    def add_nodes(self, name, suffix, inputs, nodes, **constants):
        """A model of nodes (op, inputs, attributes) with the results y0, y1, ..., all of them outputs."""
        infos = [helper.make_tensor_value_info(key, helper.np_dtype_to_tensor_dtype(array.dtype),
                                               ["n" if dim == 37 else dim for dim in array.shape])
                 for key, array in inputs.items()]
        made = [helper.make_node(op, names, [f"y{i}"], **attributes)
                for i, (op, names, attributes) in enumerate(nodes)]
        initializers = [onnx.numpy_helper.from_array(array, key) for key, array in constants.items()]
        outputs = [onnx.ValueInfoProto(name=f"y{i}") for i in range(len(nodes))]
        graph = helper.make_graph(made, "g", infos, outputs, initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", NARROW_OPSET)], ir_version=11)
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        results = ReferenceEvaluator(model).run(None, inputs)
        self.cases.append((f"{name}_{suffix}", model, list(inputs.values()), results))

    def reference(self, model, op, inputs):
        if op == "Cast" or not any(str(array.dtype) in HALVES for array in inputs.values()):
            return ReferenceEvaluator(model).run(None, inputs)
        wide = onnx.ModelProto()
        wide.CopyFrom(model)
        for info in wide.graph.input:
            if str(inputs[info.name].dtype) in HALVES:
                info.type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
                inputs[info.name] = inputs[info.name].astype(numpy.float64)
        return ReferenceEvaluator(wide).run(None, inputs)


def elementwise(maker):
    for op in UNARY:
        for kind in allowed_types(op):
            maker.add(op, kind, [maker.array(kind, (37, 1, 5), positive=op in ("Log", "Sqrt"))])
    for op in BINARY:
        for kind in allowed_types(op):
            positive = op == "Pow"
            arrays = [maker.array(kind, shape, positive=positive, small=positive) for shape in ((37, 1, 5), (4, 1))]
            maker.add(op, kind, arrays, **({"fmod": 1} if op == "Mod" and kind in FLOATS else {}))
    for source in TYPES:
        for target in TYPES:
            values = maker.array(source, (37, 5), positive=target in UNSIGNED)
            maker.add("Cast", f"{source}_{target}", [values], to=onnx_type(target))


def movement(maker):
    for kind in TYPES:
        x, indices = maker.array(kind, (37, 4, 6)), maker.random.integers(-4, 4, (3, 2))
        maker.add("Transpose", kind, [x], perm=[2, 0, 1])
        maker.add("Concat", kind, [x, maker.array(kind, (37, 1, 6)), maker.array(kind, (37, 9, 6))], axis=1)
        maker.add("Where", kind, [maker.array("bool", (37, 1, 6)), x, maker.array(kind, (4, 1))])
        maker.add("Gather", kind, [x, indices], axis=1)
        maker.add("GatherElements", kind, [x, maker.random.integers(-4, 4, (37, 2, 6))], axis=1)
        maker.add("DepthToSpace", kind, [maker.array(kind, (2, 8, 3, 5))], blocksize=2)
        maker.add("Trilu", kind, [maker.array(kind, (2, 8, 5))], upper=0)


def reductions(maker):
    for name in REDUCTIONS:
        op = "Reduce" + name
        for kind in allowed_types(op):
            # The reference evaluator has no logarithms of integers.
            if kind == "bool" or (name.startswith("Log") and kind not in FLOATS):
                continue
            maker.add(op, kind, [maker.array(kind, (37, 4, 6), positive=name == "LogSum", small=True)], keepdims=0)
    for op in ("ArgMax", "ArgMin"):
        for kind in allowed_types(op):
            maker.add(op, kind, [maker.array(kind, (37, 9))], axis=1, select_last_index=1)
    for kind in FLOATS:
        maker.add("MatMul", kind, [maker.array(kind, (2, 37, 17)), maker.array(kind, (17, 9))])
        maker.add("Softmax", kind, [maker.array(kind, (3, 37, 11))], axis=1)
        maker.add("LayerNormalization", kind, [maker.array(kind, shape) for shape in ((37, 11), (11,), (11,))])
        maker.add("Conv", kind, [maker.array(kind, (2, 4, 9, 9)), maker.array(kind, (6, 2, 3, 3))], group=2, strides=[2, 1])
        maker.add("MaxPool", kind, [maker.array(kind, (2, 3, 9, 9))], kernel_shape=[3, 2], pads=[1, 1, 1, 1])


def narrow_array(maker, kind, shape):
    """Numbers of a narrow type: all of its range, but no NaN."""
    dtype = helper.tensor_dtype_to_np_dtype(getattr(onnx.TensorProto, kind))
    if kind in NARROW_INTEGERS:
        low, high = NARROW_INTEGERS[kind]
        return maker.random.integers(low, high + 1, shape).astype(numpy.int8).astype(dtype)
    return numpy.exp2(maker.random.uniform(-6, 2, shape)).astype(dtype)


def narrow(maker):
    """Types of storage: several ops to a model. 37 * 5 elements end inside of a byte."""
    for kind in (*NARROW_INTEGERS, *NARROW_FLOATS):
        number = getattr(onnx.TensorProto, kind)
        x, other = narrow_array(maker, kind, (37, 5)), narrow_array(maker, kind, (37, 3))
        maker.add_nodes("Moved", kind, {"x": x, "other": other, "i": maker.random.integers(-8, 8, (3,))}, [
            ("Transpose", ["x"], {"perm": [1, 0]}),
            ("Concat", ["x", "other"], {"axis": 1}),
            ("Gather", ["y1", "i"], {"axis": 1}),
            ("Identity", ["x"], {}),
            ("Reshape", ["x", "shape"], {}),
        ], shape=numpy.array([5, -1]))
        numbers = maker.random.integers(0, 2, (37, 5))
        maker.add_nodes("Casts", kind, {"x": x, "integers": numbers, "doubles": numbers * 0.75}, [
            ("Cast", ["x"], {"to": onnx.TensorProto.DOUBLE}),
            ("Cast", ["x"], {"to": onnx.TensorProto.BOOL}),
            ("Cast", ["integers"], {"to": number}),
            ("Cast", ["doubles"], {"to": number}),
            ("Cast", ["y2"], {"to": onnx.TensorProto.BFLOAT16}),
        ])
        if kind == "FLOAT8E8M0":
            continue
        real, stored = maker.array("float", (37, 10)) * 4, narrow_array(maker, kind, (37, 10))
        scales = {name: maker.random.uniform(0.1, 1, shape).astype(numpy.float32)
                  for name, shape in (("one", ()), ("axis", (10,)), ("blocks", (37, 4)))}
        zeros = {f"{name}_zero": narrow_array(maker, kind, scale.shape) if kind in NARROW_INTEGERS
                 else numpy.zeros(scale.shape, x.dtype) for name, scale in scales.items()}
        attributes = {"one": {}, "axis": {"axis": 1}, "blocks": {"axis": 1, "block_size": 3}}
        maker.add_nodes("Quantized", kind, {"real": real, "stored": stored}, [
            *(("QuantizeLinear", ["real", name, name + "_zero"], attributes[name]) for name in scales),
            *(("DequantizeLinear", ["stored", name, name + "_zero"], attributes[name]) for name in scales),
        ], **scales, **zeros)


def type_cases():
    maker = Maker()
    for add in (elementwise, movement, reductions, narrow):
        add(maker)
    return maker.cases
