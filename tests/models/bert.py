"""The sentence similarity example's model, made tiny."""

import pathlib
import sys

import numpy as np
from model_writer import save_data

sys.path.insert(0, sys.argv[2])
import make_model  # noqa: E402  (its folder is an argument)


def write(heads, layers):
    path = pathlib.Path(sys.argv[1]) / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    make_model.TINY.update(num_attention_heads=heads, num_hidden_layers=layers)
    make_model.write_model(path, tiny=True)
    random = np.random.default_rng(5)
    ids = random.integers(0, make_model.TINY["vocab_size"], (3, 9))
    mask = np.ones_like(ids)
    mask[1, 5:] = 0
    save_data(path, {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})


if __name__ == "__main__":
    write(heads=3, layers=2)
