// PING, ECHO, SELECT, QUIT, RESET, HELLO, AUTH, and the cluster modes of a connection.
#ifndef SLOTMESH_NODE_COMMANDS_CONNECTION_H_
#define SLOTMESH_NODE_COMMANDS_CONNECTION_H_

#include <string_view>

#include "absl/types/span.h"
#include "node/command/command_spec.h"
#include "node/command/dispatcher.h"

namespace slotmesh::node {

// What tools read as the server's version: the Redis whose commands and replies they may expect.
inline constexpr std::string_view kCompatibleVersion = "7.2.4";

struct ConnectionFamily {
  Dispatcher& dispatcher;
};

// Handlers expect a ConnectionFamily as their family's state.
absl::Span<const CommandSpec> ConnectionCommands();

// A name that CLIENT SETNAME, SETINFO and HELLO SETNAME accept: printable, without spaces.
bool IsClientName(std::string_view name);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_CONNECTION_H_
