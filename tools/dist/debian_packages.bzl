"""The Debian packages whose code is in binaries: for their licenses."""

_Packages = provider(fields = ["names"])
_TAG = "debian_package="

def _collect(_, ctx):
    names = [depset([tag[len(_TAG):] for tag in ctx.rule.attr.tags if tag.startswith(_TAG)])]
    for attribute in ["deps", "srcs"]:
        for dep in getattr(ctx.rule.attr, attribute, []):
            if _Packages in dep:
                names.append(dep[_Packages].names)
    return [_Packages(names = depset(transitive = names))]

_collector = aspect(implementation = _collect, attr_aspects = ["deps", "srcs"])

def _list(ctx):
    linked = [binary[_Packages].names for binary in ctx.attr.binaries]
    names = depset(ctx.attr.packages, transitive = linked).to_list()
    file = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(file, "".join([name + "\n" for name in sorted(names)]))
    return [DefaultInfo(files = depset([file]))]

# A file with the names, one a line, of `packages` and those that what `binaries` depend on is tagged with.
debian_packages = rule(
    implementation = _list,
    attrs = {
        "binaries": attr.label_list(aspects = [_collector]),
        "packages": attr.string_list(),
    },
)
