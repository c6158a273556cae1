"""The cases of ONNX's backend tests as one folder."""

def _suite_cases_impl(ctx):
    folder = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run(
        outputs = [folder],
        inputs = ctx.files.package + ctx.files.modules + [ctx.file.script],
        executable = ctx.executable.python,
        arguments = ["-B", ctx.file.script.path, folder.path],
        mnemonic = "OnnxCases",
    )
    return DefaultInfo(files = depset([folder]), runfiles = ctx.runfiles([folder]))

suite_cases = rule(
    implementation = _suite_cases_impl,
    attrs = {
        "script": attr.label(allow_single_file = True),
        "modules": attr.label_list(allow_files = True, doc = "what the script imports from its folder"),
        "package": attr.label(doc = "the files of the onnx package that the cases are made of"),
        "python": attr.label(allow_single_file = True, executable = True, cfg = "exec"),
    },
)
