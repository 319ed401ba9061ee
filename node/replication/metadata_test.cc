// The rows of replication agree with the reference, and with them the generic commands are
// complete.
#include "node/commands/testing/metadata.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "node/commands/generic.h"
#include "node/commands/migrate.h"
#include "node/commands/sort.h"
#include "node/replication/replication.h"

namespace slotmesh::node {
namespace {

TEST(Metadata, RowsAgreeWithTheReference) {
  const std::optional<nlohmann::json> reference = LoadReference();
  if (!reference) GTEST_SKIP();
  EXPECT_EQ(ExpectRowsAgree(ReplicationCommands(), *reference), 9u);
  ExpectGroupComplete("generic",
                      {GenericCommands(), MigrateCommands(), SortCommands(), ReplicationCommands()},
                      *reference);
}

}  // namespace
}  // namespace slotmesh::node
