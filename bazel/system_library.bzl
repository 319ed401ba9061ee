"""Repository rules for libraries that the system's packages provide.

Each makes one target, `@name`, that compiles nothing: it adds the flags that pkg-config gives. A
library that is missing fails at loading time with the command that reports it.
"""

_BUILD = """
package(default_visibility = ["//visibility:public"])

cc_library(
    name = "{name}",
    defines = {defines},
    linkopts = {linkopts},
)
"""

def _pkg_config(ctx, flag, packages):
    result = ctx.execute(["pkg-config", flag] + packages)
    if result.return_code != 0:
        fail("pkg-config {} {}: {} (./up installs what bazel/packages.txt lists)".format(
            flag,
            " ".join(packages),
            result.stderr,
        ))
    return [word for word in result.stdout.strip().split(" ") if word]

def _system_library_impl(ctx):
    defines = [
        word[2:]
        for word in _pkg_config(ctx, "--cflags-only-other", ctx.attr.packages)
        if word.startswith("-D")
    ]
    linkopts = _pkg_config(ctx, "--libs", ctx.attr.packages)
    ctx.file("BUILD", _BUILD.format(
        name = ctx.name,
        defines = repr(defines),
        linkopts = repr(linkopts),
    ))

system_library = repository_rule(
    implementation = _system_library_impl,
    attrs = {"packages": attr.string_list(mandatory = True)},
    local = True,
    doc = "A library that pkg-config knows; `packages` are its module names.",
)

def _header_library_impl(ctx):
    header = ctx.attr.header
    path = header if header.startswith("/") else "/usr/include/" + header
    if not ctx.path(path).exists:
        fail("{} is missing: ./up installs it".format(path))
    ctx.file("BUILD", _BUILD.format(name = ctx.name, defines = [], linkopts = repr(ctx.attr.link)))

header_library = repository_rule(
    implementation = _header_library_impl,
    attrs = {
        "header": attr.string(mandatory = True),
        "link": attr.string_list(),
    },
    local = True,
    doc = """A library without a pkg-config file of use, known by a file of its own: a header under
    /usr/include, or an absolute path.""",
)

def rapidcheck_library(name):
    header_library(name = name, header = "rapidcheck.h", link = ["-lrapidcheck"])
