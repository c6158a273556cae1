"""Tests that throw mutated files at a parser."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

_COPT = "//command_line_option:copt"
_LINKOPT = "//command_line_option:linkopt"

def _instrument(settings, attr):
    return {
        _COPT: settings[_COPT] + [
            "-fsanitize=fuzzer-no-link,address,undefined",
            "-fno-sanitize-recover=undefined",
            "-g1",
        ],
        _LINKOPT: settings[_LINKOPT] + ["-fsanitize=address,undefined"],
    }

_instrumentation = transition(implementation = _instrument, inputs = [_COPT, _LINKOPT], outputs = [_COPT, _LINKOPT])

def _instrumented_impl(ctx):
    binary = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = binary, target_file = ctx.executable.binary, is_executable = True)
    return [DefaultInfo(executable = binary, runfiles = ctx.runfiles([binary]))]

# A binary, built with everything that it consists of for libFuzzer: coverage, addresses, undefined behaviour.
_instrumented = rule(
    implementation = _instrumented_impl,
    executable = True,
    attrs = {
        "binary": attr.label(executable = True, cfg = _instrumentation),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
)

def parser_fuzz_test(name, deps):
    """<name>_fuzz: the libFuzzer target in <name>_fuzz.cc. <name>_fuzz_test: a short run of it, with fixed random numbers.

    Both begin from the files in seeds/<name>.
    """
    cc_binary(
        name = name + "_plain",
        testonly = True,
        srcs = [name + "_fuzz.cc"],
        linkopts = ["-fsanitize=fuzzer"],
        # Only for the instrumented one.
        tags = ["manual"],
        deps = deps,
    )
    _instrumented(
        name = name + "_fuzz",
        testonly = True,
        binary = name + "_plain",
    )
    native.sh_test(
        name = name + "_fuzz_test",
        size = "medium",
        srcs = ["run_short.sh"],
        args = [
            "$(location :%s_fuzz)" % name,
            "tests/parsers/seeds/" + name,
        ],
        data = native.glob(["seeds/%s/*" % name]) + [":%s_fuzz" % name],
    )
