// The families that belong to a session and to the server, with what they need around them: for
// golden scripts.
#ifndef SLOTMESH_NODE_COMMANDS_TESTING_SERVER_FAMILY_H_
#define SLOTMESH_NODE_COMMANDS_TESTING_SERVER_FAMILY_H_

#include <vector>

#include "node/commands/testing/test_engine.h"

namespace slotmesh::node {

// CLIENT, connection, transactions, server. DEBUG SLEEP moves the engine's clock.
std::vector<TestFamily> SessionFamilies();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_TESTING_SERVER_FAMILY_H_
