// One client as CLIENT LIST and CLIENT INFO show it: "id=3 addr=... cmd=client|list ...".
#ifndef SLOTMESH_NODE_COMMANDS_CLIENT_LINE_H_
#define SLOTMESH_NODE_COMMANDS_CLIENT_LINE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "node/command/client.h"

namespace slotmesh::node {

// The letters of the flags field: "N" for a client without any.
std::string ClientFlagLetters(const Client& client);
// The line, without its end. `watched_keys` is what the watch table says of the client. Asks the
// client's host to measure buffers.
std::string ClientLine(Client& client, size_t watched_keys, int64_t now_ms);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_CLIENT_LINE_H_
