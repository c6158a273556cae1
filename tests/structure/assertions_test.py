"""Every test file is registered in its folder's BUILD file, has a test, and the test asserts something.

An empty file compiles, runs no test and passes; so does one that nothing builds.
"""

import ast
import pathlib
import re
import sys

TOP = ("compiler", "partitioner", "runtime", "collectives", "tools", "tests", "examples")
PATTERNS = ("*_test.cc", "*_test.py", "*_test.sh", "*.mlir")

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
GTEST_CASE = re.compile(r"^\s*(TYPED_)?TEST(_F|_P)?\(", re.MULTILINE)
# A suite that is defined elsewhere.
GTEST_INSTANCE = re.compile(r"^\s*INSTANTIATE_\w+\(", re.MULTILINE)
GTEST_ASSERTION = re.compile(r"\b(EXPECT|ASSERT)_[A-Z]+|\b(FAIL|ADD_FAILURE)\(")
RUN_LINE = re.compile(r"RUN:(.*)")
PREFIX = re.compile(r"--check-prefix(?:es)?[= ]([\w,-]+)")


def gtest_problem(text):
    text = COMMENT.sub("", text)
    if GTEST_INSTANCE.search(text) and not GTEST_CASE.search(text):
        return None
    if not GTEST_CASE.search(text):
        return "has no test"
    return None if GTEST_ASSERTION.search(text) else "asserts nothing"


def is_assertion(node):
    if isinstance(node, (ast.Assert, ast.Raise)):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    # A script's verdict is its exit status.
    return name.startswith(("assert", "exit")) or name == "fail"


def python_problem(text):
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    functions = [node.name for node in nodes if isinstance(node, ast.FunctionDef)]
    if not any(name.startswith("test") or name == "main" for name in functions):
        return "has no test"
    if any(isinstance(node, ast.ClassDef) for node in nodes) and not any(name.startswith("test") for name in functions):
        return "has no test"
    return None if any(is_assertion(node) for node in nodes) else "asserts nothing"


def shell_problem(text):
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return None if lines else "has no test"


def filecheck_problem(text):
    runs = RUN_LINE.findall(text)
    if not runs:
        return "has no test"
    if any("verify-diagnostics" in run for run in runs):
        return None if "expected-" in text else "asserts nothing"
    prefixes = {prefix for run in runs if "FileCheck" in run
                for prefix in (",".join(PREFIX.findall(run)) or "CHECK").split(",")}
    checked = {prefix for prefix in prefixes if re.search(rf"//\s*{re.escape(prefix)}(-\w+)?(\{{\w+\}})?:", text)}
    return None if prefixes and checked == prefixes else "asserts nothing"


PROBLEMS = {".cc": gtest_problem, ".py": python_problem, ".sh": shell_problem, ".mlir": filecheck_problem}


def is_registered(file, build):
    """By its name, by its name without the ending (in a list of tests), or by a pattern."""
    names = (re.escape(file.name), re.escape(file.stem), r"\*_test" + re.escape(file.suffix), r"\*" + re.escape(file.suffix))
    return any(re.search(rf'"{name}"', build) for name in names)


def problems_of(file, text, build):
    problem = PROBLEMS[file.suffix](text)
    if problem:
        yield f"{file} {problem}"
    if not is_registered(file, build):
        yield f"{file} is not in its folder's BUILD file"


def check_checker():
    """The test must be able to fail."""
    good = {
        "a_test.cc": "TEST(A, B) { EXPECT_EQ(1, f()); }",
        "b_test.cc": "INSTANTIATE_TEST_SUITE_P(A, Suite, testing::Values(1));",
        "a_test.py": "class A(unittest.TestCase):\n  def test_a(self):\n    self.assertEqual(1, f())",
        "b_test.py": "def main():\n  return 1\nsys.exit(main())",
        "a_test.sh": "#!/bin/sh\nexec $1",
        "a.mlir": "// RUN: mlc-opt %s | FileCheck %s\n// CHECK-LABEL: @f",
        "b.mlir": "// RUN: mlc-opt %s -verify-diagnostics\n// expected-error@+1 {{no}}",
    }
    bad = {
        "a_test.cc": ["\n", "#include <gtest/gtest.h>\n// TEST(A, B) { EXPECT_EQ(1, 1); }", "TEST(A, B) { f(); }"],
        "a_test.py": ["", "class A(unittest.TestCase):\n  def helper(self):\n    self.assertEqual(1, 1)\nsys.exit(main())",
                      "class A(unittest.TestCase):\n  def test_a(self):\n    f()"],
        "a_test.sh": ["#!/bin/sh\n# exec $1\n"],
        "a.mlir": ["", "// CHECK: @f", "// RUN: mlc-opt %s", "// RUN: mlc-opt %s | FileCheck %s\nfunc.func @f()",
                   "// RUN: mlc-opt %s | FileCheck %s --check-prefix=A\n// CHECK: @f"],
    }
    for name, text in good.items():
        assert not list(problems_of(pathlib.Path(name), text, f'"{name}"')), name
        assert list(problems_of(pathlib.Path(name), text, "")), f"{name} in no BUILD file"
    for name, texts in bad.items():
        for text in texts:
            assert list(problems_of(pathlib.Path(name), text, f'"{name}"')), (name, text)


def main():
    check_checker()
    root = pathlib.Path(sys.argv[1]).resolve().parent
    files = [file for folder in TOP for pattern in PATTERNS for file in sorted((root / folder).rglob(pattern))
             # What a test reads is not one.
             if "testdata" not in file.parts and not file.stem.endswith("_for_test")]
    assert len(files) > 50, f"there are few tests below {root}"
    problems = []
    for file in files:
        build = file.parent / "BUILD"
        problems += problems_of(file, file.read_text(), build.read_text() if build.exists() else "")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
