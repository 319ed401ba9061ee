"""The process's allocator: jemalloc, as its shared library, but for sanitizer builds.

    cc_binary(name = "slotmesh-node", malloc = MALLOC, ...)

For executables only: a library takes what its program has. Modules that are loaded later get the
same malloc, because it is a shared library (a static one with hidden symbols crashes on their
pointers).
"""

MALLOC = select({
    "//bazel:libc_malloc": "@bazel_tools//tools/cpp:malloc",
    "//conditions:default": "@jemalloc",
})
