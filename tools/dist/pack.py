#!/usr/bin/env python3
"""Packs an archive that runs where nothing but glibc is, and fails if something in it needs another library.

The same bytes for the same files: names are sorted, times and owners left out.
"""

import argparse
import gzip
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

GLIBC = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}
# The MPI transport is loaded under mpirun only, and uses the user's MPI.
OF_THE_USER = {"libmlc_mpi.so": {"libmpi.so.40"}}


def needed_by(binary):
    text = subprocess.run(["readelf", "--dynamic", "--wide", binary], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", text))


def missing_libraries(root):
    """What binaries need that is neither carried nor there anyway, and what is carried for nothing."""
    libraries = {path.name: path for folder in ("bin", "lib") if (root / folder).is_dir() for path in (root / folder).iterdir()}
    used = set()
    for name, path in sorted(libraries.items()):
        needed = needed_by(path)
        used |= needed
        for library in sorted(needed - GLIBC - OF_THE_USER.get(name, set()) - libraries.keys()):
            yield f"{name} needs {library}, which is not in the archive"
    for name in sorted(libraries):
        if ".so." in name and name not in used:
            yield f"{name} is in the archive, and nothing needs it"


def add_license(root, package):
    """A package's copyright file, and the licenses that it says lie elsewhere on Debian's systems."""
    text = (pathlib.Path("/usr/share/doc") / package / "copyright").read_text(encoding="utf-8")
    folder = root / "share/licenses"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / package).write_text(text, encoding="utf-8")
    for name in re.findall(r"/usr/share/common-licenses/([\w.-]*\w)", text):
        (folder / name).write_bytes((pathlib.Path("/usr/share/common-licenses") / name).read_bytes())


def write_archive(root, out):
    with open(out, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as zipped, \
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted([root, *root.rglob("*")]):
            entry = tarfile.TarInfo(str(path.relative_to(root.parent)))
            if path.is_dir():
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
                continue
            entry.size = path.stat().st_size
            entry.mode = 0o755 if entry.name.startswith("mlc/bin/") and ".so" not in path.name else 0o644
            with open(path, "rb") as content:
                archive.addfile(entry, content)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--add", nargs="+", action="append", metavar=("FOLDER", "FILE"), required=True)
    parser.add_argument("--licenses", metavar="FILE", required=True, help="names of Debian packages, one a line")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch) / "mlc"
        for folder, *files in arguments.add:
            for file in files:
                # Headers lie where those that include them look for them.
                target = root / folder / (file if folder == "include" else pathlib.Path(file).name)
                target.parent.mkdir(parents=True, exist_ok=True)
                if folder == "include":
                    target.write_bytes(pathlib.Path(file).read_bytes())
                else:
                    subprocess.run(["/usr/lib/llvm-22/bin/llvm-strip", "--strip-all", "-o", target, file], check=True)
        problems = list(missing_libraries(root))
        if problems:
            sys.exit("\n".join(problems))
        for package in pathlib.Path(arguments.licenses).read_text().split():
            add_license(root, package)
        write_archive(root, arguments.out)


if __name__ == "__main__":
    main()
