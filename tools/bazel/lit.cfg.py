"""lit settings of the .mlir tests: RUN lines find mlc-opt and LLVM's FileCheck on PATH."""
import os

import lit.formats

config.name = "mlc"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".mlir"]
config.environment["PATH"] = os.pathsep.join(
    [os.environ["MLC_TOOLS"], "/usr/lib/llvm-22/bin", os.environ["PATH"]])
