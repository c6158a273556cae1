"""Archives of binaries that run elsewhere."""

load(":debian_packages.bzl", "debian_packages")

def archive(name, out, binaries, libraries = [], headers = [], packages = []):
    """A .tar.gz of bin/, lib/, include/ and the licenses of all code in it that is not mlc's.

    Args:
      binaries: for bin/: rules, not files that others make.
      libraries: for lib/.
      headers: for include/, each by its path in this repository.
      packages: Debian packages whose licenses apply, besides those that what the binaries depend on is tagged with.
    """
    debian_packages(
        name = name + "_packages",
        binaries = [label for label in binaries + libraries if not label.startswith("//tools/dist:")],
        packages = packages,
    )
    native.genrule(
        name = name,
        srcs = binaries + libraries + headers + [name + "_packages"],
        outs = [out],
        cmd = " ".join(
            ["/usr/bin/python3 -B $(location //tools/dist:pack.py) $@ --licenses $(location :%s_packages)" % name] +
            ["--add bin $(locations %s)" % label for label in binaries] +
            ["--add lib $(locations %s)" % label for label in libraries] +
            ["--add include $(locations %s)" % label for label in headers],
        ),
        tools = ["//tools/dist:pack.py"],
    )
