// The reply of COMMAND DOCS for one command.
//
// Pure function of a row; safe from any thread. REQUIRES of rows: `arguments` is in the notation of
// argument_notation.h (a test parses those of all families).
#ifndef SLOTMESH_NODE_COMMAND_COMMAND_INFO_DOCS_H_
#define SLOTMESH_NODE_COMMAND_COMMAND_INFO_DOCS_H_

#include "node/command/registry.h"
#include "node/resp/reply.h"

namespace slotmesh::node {

// The command's name and the map that tells of it.
void ReplyCommandDocs(const Command& command, Reply& reply);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_COMMAND_INFO_DOCS_H_
