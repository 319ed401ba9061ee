// MIGRATE: keys to another server. Its state does the work (migrator.h).
#ifndef SLOTMESH_NODE_COMMANDS_MIGRATE_H_
#define SLOTMESH_NODE_COMMANDS_MIGRATE_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"
#include "node/commands/migrator.h"

namespace slotmesh::node {

struct MigrateFamily {
  Migrator* migrator = nullptr;  // Null: no network to use (tests of the words alone).
};

// The row needs a MigrateFamily as its family's state.
absl::Span<const CommandSpec> MigrateCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_MIGRATE_H_
