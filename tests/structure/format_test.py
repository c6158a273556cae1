"""Every C and C++ source is as clang-format-22 writes it."""

import concurrent.futures
import pathlib
import subprocess
import sys

TOP = ("compiler", "partitioner", "runtime", "collectives", "tools", "tests", "examples")
ENDINGS = (".h", ".hpp", ".c", ".cc")


def is_formatted(file):
    return subprocess.run(["clang-format-22", "--dry-run", "-Werror", str(file)], capture_output=True).returncode == 0


def main():
    root = pathlib.Path(sys.argv[1]).resolve().parent
    sources = [file for folder in TOP for file in sorted((root / folder).rglob("*")) if file.suffix in ENDINGS]
    assert len(sources) > 100, f"there are few sources below {root}"
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        wrong = [str(file.relative_to(root)) for file, ok in zip(sources, pool.map(is_formatted, sources)) if not ok]
    if wrong:
        print("clang-format-22 -i", *wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
