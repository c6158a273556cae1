"""A small model in bf16."""

from model_writer import run
from narrow_floats import make

run(lambda: make("bf16"))
