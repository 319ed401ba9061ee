"""Tests of golden scripts (script_runner.h)."""

def script_test(name, srcs, scripts, deps = [], data = [], **kwargs):
    """A cc_test that runs `scripts`; `bazel run :name -- --rewrite` accepts what came.

    Args:
      name: the test.
      srcs: one file whose main() calls RunScriptTests with the families to serve.
      scripts: *.script files of this package.
      deps: the families.
      data: other files that the scripts name.
      **kwargs: other attributes of cc_test.
    """
    native.cc_test(
        name = name,
        size = "small",
        srcs = srcs,
        args = ["$(location %s)" % script for script in scripts],
        data = scripts + data,
        deps = deps + ["//node/commands/testing:script_runner"],
        **kwargs
    )
