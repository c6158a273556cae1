"""Tests in Python that run the tools as a user does."""

def e2e_test(name, size = "medium", data = []):
    """Runs <name>.py with the private Python; the tools, test models and jobs.py are there."""
    native.sh_test(
        name = name,
        size = size,
        # A minute each on an idle machine; a busy one may need more.
        timeout = "long",
        srcs = ["run_python.sh"],
        args = ["$(location @python_env//:bin/python3)", "tests/e2e/%s.py" % name],
        data = [
            name + ".py",
            "jobs.py",
            "//tests/models:all",
            "//tools:mlc-compile",
            "//tools:mlc-run",
            "@python_env//:bin/python3",
        ] + data,
        # Each uses all cores.
        tags = ["exclusive"],
    )
