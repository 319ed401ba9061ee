// The arguments of one request: the command's name first. Views only; whoever made them says how
// long they live.
#ifndef SLOTMESH_NODE_RESP_ARGS_H_
#define SLOTMESH_NODE_RESP_ARGS_H_

#include <string_view>

#include "absl/types/span.h"

namespace slotmesh::node {

using Args = absl::Span<const std::string_view>;

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_ARGS_H_
