// Where a test finds the reference facts and data files that are kept beside the checkout
// (bazel/shared.bzl).
//
// For tests; they get the files by depending on //bazel:shared_data. Reads the environment that
// Bazel gives.
#ifndef SLOTMESH_BAZEL_SHARED_DATA_H_
#define SLOTMESH_BAZEL_SHARED_DATA_H_

#include <optional>
#include <string>
#include <string_view>

namespace slotmesh {

// The path of a file such as "reference/commands.json" or "rdb/redis70.rdb". Absent, having said so
// on stderr, if this checkout has no shared files at all: then the test skips. A file that is
// missing among shared files that are there ends the test's process.
std::optional<std::string> SharedFile(std::string_view name);

}  // namespace slotmesh

#endif  // SLOTMESH_BAZEL_SHARED_DATA_H_
