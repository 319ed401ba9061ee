"""Modules built from C or C++: one shared object with nothing visible but its entry points."""

def slotmesh_module(name, srcs, deps = [], linkopts = [], **kwargs):
    """A module, as the file `name`.so.

    Args:
      name: the module.
      srcs: its sources.
      deps: libraries besides the headers of //modules/sdk.
      linkopts: further options of the linker.
      **kwargs: visibility, copts and the like.
    """
    native.cc_binary(
        name = name + ".so",
        srcs = srcs,
        linkopts = linkopts + ["-Wl,--version-script,$(location //modules/sdk:module.lds)"],
        linkshared = True,
        deps = deps + [
            "//modules/sdk:module.lds",
            "//modules/sdk:slotmesh_module",
        ],
        **kwargs
    )
