"""A model written by a Python file of this folder, with inputs and expected outputs."""

def test_model(name, inputs = 1, outputs = 1, more_files = [], srcs = [], arguments = ""):
    """Runs <name>.py into the folder <name>. `arguments` follow the folder on its command line."""
    files = ["model.onnx"] + more_files
    files += ["input_%d.pb" % i for i in range(inputs)] + ["output_%d.pb" % i for i in range(outputs)]
    native.genrule(
        name = name,
        srcs = [name + ".py", "model_writer.py"] + srcs,
        outs = [name + "/" + file for file in files],
        cmd = "$(location @python_env//:bin/python3) -B $(location %s.py) $(RULEDIR)/%s %s" % (name, name, arguments),
        tools = ["@python_env//:bin/python3"],
    )
