"""Binaries that run where only glibc is: all other libraries are linked in, and stay their own."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

# Libraries that are linked from their archives. (libprotobuf-lite.a is compiled for executables only.)
_ARCHIVES = ["minizip", "sodium", "z", "zstd"]

def static_libraries(name):
    """Linker scripts under the names of shared libraries, in folders to be searched first: -lNAME then links its archive."""
    command = "set -e; find=/usr/lib/llvm-22/bin/clang; cd $(RULEDIR)\n"
    for folder, library in [("static", library) for library in _ARCHIVES] + [("static_cxx", "stdc++")]:
        command += "archive=$$($$find -print-file-name=lib%s.a); [ -e $$archive ]; echo \"INPUT($$archive)\" > %s/lib%s.so\n" % (library, folder, library)
    for library in ["LLVM", "MLIR"]:
        command += "echo \"INPUT($$(echo /usr/lib/llvm-22/lib/lib%s*.a))\" > static/lib%s.so\n" % (library, library)
    native.genrule(
        name = name,
        outs = ["static/lib%s.so" % library for library in _ARCHIVES + ["LLVM", "MLIR"]] + ["static_cxx/libstdc++.so"],
        cmd = command,
        visibility = ["//visibility:public"],
    )

def portable_cc_binary(name, srcs = [], linkopts = [], linkshared = False, shares_cxx_library = False, **kwargs):
    """A cc_binary with its libraries linked in, of which nothing can be seen from outside; of a shared object only mlc*."""
    options = [
        "-L$(BINDIR)/tools/bazel/static",
        "-Wl,--exclude-libs,ALL",
        "-Wl,--gc-sections",
    ]
    if not shares_cxx_library:
        options += ["-L$(BINDIR)/tools/bazel/static_cxx", "-static-libgcc"]
    if linkshared:
        options.append("-Wl,--version-script=$(location //tools/bazel:exports.map)")
    cc_binary(
        name = name,
        srcs = srcs + ["//tools/bazel:absent.c"],
        additional_linker_inputs = ["//tools/bazel:exports.map", "//tools/bazel:static"],
        linkopts = options + linkopts,
        linkshared = linkshared,
        **kwargs
    )
