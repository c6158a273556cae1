"""Every path that the documentation names exists."""

import pathlib
import re
import sys

TOP = ("compiler", "partitioner", "runtime", "collectives", "tools", "tests", "docs", "examples")
CODE = re.compile(r"`([^`\s]+)`")
LINK = re.compile(r"\]\(([^)#:]+)\)")
PLACEHOLDER = re.compile(r"[<>*{}…$]|NAME|FILE|DIR")


def exists(base, name):
    # Sources are named without their endings where header and source are meant.
    return any((base / (name + ending)).exists() for ending in ("", ".h", ".cc", ".py", ".td"))


def problems_of(root, document):
    text = document.read_text()
    for name in LINK.findall(text):
        if not (document.parent / name).exists():
            yield f"{document.relative_to(root)} links to {name}, which is not there"
    for name in CODE.findall(text):
        # What begins with a top-level folder is a path from the root.
        if name.split("/")[0] in TOP and "/" in name and not PLACEHOLDER.search(name) and not exists(root, name):
            yield f"{document.relative_to(root)} names {name}, which is not there"


def main():
    root = pathlib.Path(sys.argv[1]).resolve().parent
    documents = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    documents += [file for folder in TOP for file in sorted((root / folder).rglob("README.md"))]
    assert len(documents) > 6, f"there are few documents below {root}"
    problems = [problem for document in documents for problem in problems_of(root, document)]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
