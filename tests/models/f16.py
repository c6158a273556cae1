"""A small model in f16."""

from model_writer import run
from narrow_floats import make

run(lambda: make("f16"))
