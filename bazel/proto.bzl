"""C++ code from .proto files: messages and gRPC services, by the system's protoc."""

_SUFFIXES = [".pb.h", ".pb.cc", ".grpc.pb.h", ".grpc.pb.cc"]

def cc_grpc_library(name, srcs, deps = [], **kwargs):
    """A cc_library with the messages and gRPC services of `srcs`.

    Include as "package/path/file.pb.h" and "package/path/file.grpc.pb.h". A .proto file names
    another one by its path from the repository's root.

    Args:
      name: the library.
      srcs: .proto files of this package.
      deps: cc_grpc_library targets whose .proto files these import.
      **kwargs: visibility and the like.
    """
    native.filegroup(
        name = name + "_protos",
        srcs = srcs + [dep + "_protos" for dep in deps],
        visibility = kwargs.get("visibility"),
    )
    outs = [src[:-len(".proto")] + suffix for src in srcs for suffix in _SUFFIXES]
    native.genrule(
        name = name + "_generated",
        srcs = srcs + [":" + name + "_protos"],
        outs = outs,
        cmd = " ".join([
            "/usr/bin/protoc",
            "--proto_path=.",
            "--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin",
            "--cpp_out=$(GENDIR)",
            "--grpc_out=$(GENDIR)",
        ] + [
            "$(location {})".format(src)
            for src in srcs
        ]),
        visibility = ["//visibility:private"],
    )
    native.cc_library(
        name = name,
        srcs = [out for out in outs if out.endswith(".cc")],
        hdrs = [out for out in outs if out.endswith(".h")],
        copts = ["-Wno-unused-parameter", "-Wno-deprecated-declarations"],
        deps = deps + ["@grpc", "@protobuf"],
        **kwargs
    )
