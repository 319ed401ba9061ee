// The reply of a container's HELP.
#ifndef SLOTMESH_NODE_COMMANDS_HELP_H_
#define SLOTMESH_NODE_COMMANDS_HELP_H_

#include <string_view>

#include "absl/types/span.h"
#include "node/resp/reply.h"
#include "slots/strings.h"

namespace slotmesh::node {

// `lines`: forms, each followed by indented lines that say what it does. HELP itself is added.
inline void ReplyHelp(Reply& reply, std::string_view command,
                      absl::Span<const std::string_view> lines) {
  reply.Array(lines.size() + 3);
  reply.Simple(StrCat(command, " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
  for (const std::string_view line : lines) reply.Simple(line);
  reply.Simple("HELP");
  reply.Simple("    Prints this help.");
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_HELP_H_
