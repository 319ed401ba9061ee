"""Fuzz targets: a quick seeded test in every build, a libFuzzer program with --config=fuzz.

The source defines `extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)`.

    bazel test //node/resp:parser_fuzz_test                      # corpus and seeded mutations of it
    bazel run --config=fuzz //node/resp:parser_fuzz_test -- -max_total_time=600 [folder for finds]
"""

def fuzz_test(name, srcs, deps = [], corpus = [], runs = 20000, size = "small", **kwargs):
    """A cc_test `name` that feeds `srcs` with inputs.

    Args:
      name: the test.
      srcs: the file with LLVMFuzzerTestOneInput.
      deps: what it needs.
      corpus: files with inputs worth starting from; each is replayed, then mutated.
      runs: how many mutated inputs a plain test run tries.
      size: as for cc_test.
      **kwargs: other attributes of cc_test.
    """
    native.cc_test(
        name = name,
        srcs = srcs,
        args = select({
            "//bazel:fuzz_mode": [],
            "//conditions:default": ["--runs=%d" % runs],
        }) + ["$(location %s)" % file for file in corpus],
        data = corpus,
        linkopts = select({
            "//bazel:fuzz_mode": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        deps = deps + select({
            "//bazel:fuzz_mode": [],
            "//conditions:default": ["//bazel/fuzz:driver"],
        }),
        size = size,
        **kwargs
    )
