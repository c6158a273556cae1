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


def type_cases():
    maker = Maker()
    for add in (elementwise, movement, reductions):
        add(maker)
    return maker.cases
