"""@shared: reference facts and data files that are kept beside the checkout, not in it.

The nearest folder `shared` above the workspace that holds reference/commands.json gives
`:reference` and `:rdb`. In a checkout without one both are the single file `absent`; tests then
skip what needs it and say so (bazel/shared_data.h).
"""

_BUILD = """
package(default_visibility = ["//visibility:public"])

filegroup(name = "reference", srcs = glob(["reference/**"]) or ["absent"])

filegroup(name = "rdb", srcs = glob(["rdb/**"]) or ["absent"])
"""

_MAX_DEPTH = 64

def _shared_data_impl(ctx):
    folder = ctx.path(Label("@//:WORKSPACE")).dirname
    found = None
    for _ in range(_MAX_DEPTH):
        if str(folder) == "/":
            break
        folder = folder.dirname
        if folder.get_child("shared").get_child("reference").get_child("commands.json").exists:
            found = folder.get_child("shared")
            break
    if found == None:
        ctx.file("absent", "This checkout has no folder `shared` beside it.\n")
    else:
        ctx.symlink(found.get_child("reference"), "reference")
        ctx.symlink(found.get_child("data").get_child("rdb"), "rdb")
    ctx.file("BUILD", _BUILD)

shared_data = repository_rule(
    implementation = _shared_data_impl,
    local = True,
    doc = "The files of the folder `shared` above the workspace, if there is one.",
)
