"""Every path that the documentation names exists."""

import pathlib
import re
import sys

# Ends of the names of sources and documents.
SOURCE = re.compile(r"[\w.-]+\.(h|cc|c|py|td|mlir|md|bzl|sh)")
TOP = ("compiler", "partitioner", "runtime", "collectives", "tools", "tests", "docs", "examples")
CODE = re.compile(r"`([^`\s]+)`")
LINK = re.compile(r"\]\(([^)#:]+)\)")
PLACEHOLDER = re.compile(r"[<>*{}…$]|NAME|FILE|DIR")


def exists(base, name):
    # Sources are named without their endings where header and source are meant.
    return any((base / (name + ending)).exists() for ending in ("", ".h", ".cc", ".py", ".td"))


def base_names(root):
    return {file.name for folder in TOP for file in (root / folder).rglob("*")} | {file.name for file in root.iterdir()}


def problems_of(root, document, names):
    text = document.read_text()
    for name in LINK.findall(text):
        if not (document.parent / name).exists():
            yield f"{document.relative_to(root)} links to {name}, which is not there"
    for name in CODE.findall(text):
        # What begins with a top-level folder is a path from the root.
        if name.split("/")[0] in TOP and "/" in name and not PLACEHOLDER.search(name) and not exists(root, name):
            yield f"{document.relative_to(root)} names {name}, which is not there"
        # A name without its folder is that of any file.
        elif SOURCE.fullmatch(name) and name not in names and not PLACEHOLDER.search(name):
            yield f"{document.relative_to(root)} names {name}, which is nowhere"


def main():
    root = pathlib.Path(sys.argv[1]).resolve().parent
    documents = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    documents += [file for folder in TOP for file in sorted((root / folder).rglob("README.md"))]
    assert len(documents) > 6, f"there are few documents below {root}"
    names = base_names(root)
    problems = [problem for document in documents for problem in problems_of(root, document, names)]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
