// Writes a file anew so that a reader, or a crash, finds the old content or the new one, whole.
#ifndef SLOTMESH_NODE_CONFIG_REPLACE_FILE_H_
#define SLOTMESH_NODE_CONFIG_REPLACE_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace slotmesh::node {

// Into a temporary file beside it, fsynced and renamed; an existing file's mode is kept. An error's
// message() is the system's.
absl::Status ReplaceFile(const std::string& path, std::string_view text);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CONFIG_REPLACE_FILE_H_
