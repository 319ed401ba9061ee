// Every row agrees with the reference (node/commands/testing/metadata.h).
#include "node/commands/testing/metadata.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/commands/acl.h"
#include "node/commands/bitmaps.h"
#include "node/commands/client.h"
#include "node/commands/command_family.h"
#include "node/commands/connection.h"
#include "node/commands/generic.h"
#include "node/commands/geo.h"
#include "node/commands/hashes.h"
#include "node/commands/hyperloglog.h"
#include "node/commands/lists.h"
#include "node/commands/migrate.h"
#include "node/commands/pubsub.h"
#include "node/commands/server.h"
#include "node/commands/sets.h"
#include "node/commands/sort.h"
#include "node/commands/streams.h"
#include "node/commands/strings.h"
#include "node/commands/transactions.h"
#include "node/commands/zsets.h"

namespace slotmesh::node {
namespace {

TEST(Metadata, RowsAgreeWithTheReference) {
  const std::optional<nlohmann::json> reference = LoadReference();
  if (!reference) GTEST_SKIP();
  size_t compared = 0;
  for (const auto rows : {StringCommands(), BitmapCommands(),          SetCommands(),
                          HashCommands(),   GenericCommands(),         MigrateCommands(),
                          ListCommands(),   StreamCommands(),          SortCommands(),
                          PubSubCommands(), SortedSetReadCommands(),   SortedSetWriteCommands(),
                          GeoCommands(),    HyperLogLogCommands(),     CommandCommands(),
                          AclCommandRows(), ConnectionCommands(),      TransactionCommands(),
                          ClientCommands(), ServerContainerCommands(), ServerPlainCommands()}) {
    compared += ExpectRowsAgree(rows, *reference);
  }
  EXPECT_GE(compared, 140u);
}

TEST(Metadata, AllCommandsOfTheGroupsAreHere) {
  const std::optional<nlohmann::json> reference = LoadReference();
  if (!reference) GTEST_SKIP();
  const std::pair<std::string, std::vector<absl::Span<const CommandSpec>>> groups[] = {
      {"string", {StringCommands()}},
      {"set", {SetCommands()}},
      {"hash", {HashCommands()}},
      {"list", {ListCommands()}},
      {"pubsub", {PubSubCommands()}},
      {"bitmap", {BitmapCommands()}},
      {"geo", {GeoCommands()}},
      {"hyperloglog", {HyperLogLogCommands()}},
      {"sorted_set", {SortedSetReadCommands(), SortedSetWriteCommands()}},
  };
  for (const auto& [group, families] : groups) {
    ExpectGroupComplete(group, families, *reference);
  }
}

}  // namespace
}  // namespace slotmesh::node
