"""Holds the dependencies between the folders to those of docs/architecture.md, by the sources' includes."""

import pathlib
import re
import sys

# What a folder's sources may include, besides the folder itself. The first rule that fits counts.
RULES = [
    ("runtime/base", []),
    ("runtime/abi", []),
    ("runtime/team", ["runtime/base"]),
    ("runtime/package", ["runtime/base", "runtime/abi"]),
    ("runtime/device", ["runtime/base", "runtime/abi", "runtime/package"]),
    ("runtime/library", ["runtime/base", "runtime/abi"]),
    ("runtime/executor", ["runtime/base", "runtime/abi", "runtime/library", "runtime/package", "runtime/team", "runtime/device", "collectives"]),
    ("runtime", ["runtime", "collectives"]),
    ("collectives", ["runtime/base"]),
    ("partitioner", ["runtime/base"]),
    # Plain data, for those who load the compiler as a library.
    ("compiler/pipeline.h", ["partitioner", "runtime/base"]),
    ("compiler/library", ["compiler", "runtime/base"]),
    # The dialect of the passes' attributes verifies what the loader will take.
    ("compiler/dialect/mlc", ["compiler/dialect", "runtime/base", "runtime/package"]),
    ("compiler/dialect", ["runtime/base", "runtime/abi"]),
    ("compiler/import", ["compiler/dialect", "compiler/diagnostics.h", "runtime/base"]),
    ("compiler/transforms", ["compiler/dialect", "compiler/diagnostics.h", "runtime/base"]),
    ("compiler/partition", ["compiler/dialect", "compiler/diagnostics.h", "partitioner", "runtime/base", "runtime/package"]),
    ("compiler/conversion", ["compiler/dialect", "compiler/diagnostics.h", "runtime/base", "runtime/abi", "runtime/package"]),
    # A target is made for a device, and gives a program's files: plain data both.
    ("compiler/target", ["compiler/conversion", "compiler/dialect", "compiler/diagnostics.h", "compiler/package/program_files.h",
                         "partitioner/device_model", "runtime/base", "runtime/abi", "runtime/package"]),
    ("compiler/package", ["compiler/dialect", "runtime/base", "runtime/package"]),
    ("compiler", ["compiler", "partitioner", "runtime/base", "runtime/abi", "runtime/package"]),
    ("tools", ["tools", "compiler", "partitioner", "runtime", "collectives"]),
    # Their options are parsed too.
    ("tests/parsers", ["partitioner", "runtime", "tools"]),
    ("tests", ["tests", "compiler", "partitioner", "runtime", "collectives"]),
]
# Headers that only the compiler may see.
COMPILER_ONLY = re.compile(r"(mlir|llvm|lld|google/protobuf)/")
TOP = re.compile(r"(compiler|partitioner|runtime|collectives|tools|tests)/")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def problems_of(path, text):
    # Tests put parts together that are apart otherwise.
    if path.endswith("_test.cc") or "_for_test" in path:
        return
    folder, allowed = next(rule for rule in RULES if inside(path, rule[0]))
    for included in INCLUDE.findall(text):
        if COMPILER_ONLY.match(included) and not path.startswith(("compiler/", "tools/opt/", "tools/bazel/", "tests/")):
            yield f"{path} includes {included}: only the compiler knows MLIR, LLVM and protobuf"
        elif TOP.match(included) and not any(inside(included, other) for other in [folder, *allowed]):
            yield f"{path} includes {included}: {folder} may depend on {', '.join(allowed) or 'nothing'}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve().parent
    sources = [file for folder in ["compiler", "partitioner", "runtime", "collectives", "tools", "tests"]
               for suffix in ["h", "hpp", "cc", "c"] for file in sorted((root / folder).rglob(f"*.{suffix}"))]
    assert len(sources) > 100, f"there are few sources below {root}"
    # The test must be able to fail.
    assert list(problems_of("runtime/base/x.cc", '#include "tools/x.h"')) and list(problems_of("runtime/x.cc", "#include <mlir/x.h>"))
    problems = [problem for file in sources for problem in problems_of(str(file.relative_to(root)), file.read_text())]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
