"""Holds how many files name an op ("Adding an op" in docs/architecture.md): stages ask its traits and interfaces, they list no ops."""

import pathlib
import re
import sys

# Ops that no rewrite is about stand for others like them.
ELEMENTWISE, FORMULA, KERNEL_ROOT, LIBRARY = 3, 4, 5, 5
PLACES = {
    "Acos": ELEMENTWISE,
    "Asinh": ELEMENTWISE,
    "Atanh": ELEMENTWISE,
    "ShiftLeft": FORMULA,
    "Sign": FORMULA,
    "ArgReduce": KERNEL_ROOT,
    "CumSum": KERNEL_ROOT,
    "Lrn": KERNEL_ROOT,
    "MaxPoolWithIndices": KERNEL_ROOT,
    "TopK": LIBRARY,
    "NonMaxSuppression": LIBRARY,
    "StringConcat": LIBRARY,
}


def names(op, text):
    """Whether the text names the graph op, not one of another dialect, or the library's function for it."""
    function = re.sub(r"(?<!^)(?=[A-Z])", "_", op).lower()
    return re.search(rf"\bGraph_{op}Op\b|(?<!math::)(?<!arith::)\b{op}Op\b|\bFunction k{op}\(\"{function}\"", text) is not None


def main():
    root = pathlib.Path(sys.argv[1]).resolve().parent
    texts = {file.relative_to(root): file.read_text() for folder in ["compiler", "partitioner", "runtime", "tools"]
             for suffix in ["h", "cc", "td"] for file in (root / folder).rglob(f"*.{suffix}") if not file.name.endswith("_test.cc")}
    assert len(texts) > 100, f"there are few sources below {root}"
    # The test must be able to fail.
    assert names("Xor", "isa<graph::XorOp>(op)") and names("Xor", "def Graph_XorOp : ...") and not names("Xor", "math::XorOp")
    assert names("NonZero", 'const Function kNonZero("non_zero", nonZero);')
    failed = False
    for op, allowed in PLACES.items():
        places = sorted(str(path) for path, text in texts.items() if names(op, text))
        if not 1 <= len(places) <= allowed:
            print(f"{op} is named in {len(places)} files instead of {allowed} at most: {', '.join(places)}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
