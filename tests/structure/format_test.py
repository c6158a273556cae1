"""Every C and C++ source is as clang-format-22 writes it."""

import concurrent.futures
import pathlib
import subprocess
import sys

TOP = ("compiler", "partitioner", "runtime", "collectives", "tools", "tests", "examples")
ENDINGS = (".h", ".hpp", ".c", ".cc")


def is_formatted(files):
    return subprocess.run(["clang-format-22", "--dry-run", "-Werror", *files], capture_output=True).returncode == 0


def wrong(files):
    """Those that are not formatted. One process for many files: starting one takes longer than formatting."""
    return [] if is_formatted(files) else [file for file in files if not is_formatted([file])]


def main():
    root = pathlib.Path(sys.argv[1]).resolve().parent
    sources = [file for folder in TOP for file in sorted((root / folder).rglob("*")) if file.suffix in ENDINGS]
    assert len(sources) > 100, f"there are few sources below {root}"
    groups = [sources[i:i + 40] for i in range(0, len(sources), 40)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        unformatted = [str(file.relative_to(root)) for files in pool.map(wrong, groups) for file in files]
    if unformatted:
        print("clang-format-22 -i", *unformatted)
    return 1 if unformatted else 0


if __name__ == "__main__":
    sys.exit(main())
