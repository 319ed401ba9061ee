#include "node/commands/debug_bus.h"

#include <climits>
#include <optional>

#include "node/command/bus_faults.h"
#include "node/commands/help.h"
#include "node/commands/server.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/ids.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Null, with the error replied, outside of clusters.
BusFaults* FaultsOf(CommandContext& ctx) {
  BusFaults* faults = ctx.family<ServerFamily>().bus_faults;
  if (faults == nullptr) ctx.reply().Error(errors::kClusterDisabled);
  return faults;
}

}  // namespace

void DebugDropPackets(CommandContext& ctx, Args args) {
  const std::optional<int64_t> type = ParseInt64(args[2]);
  if (!type.has_value() || *type < INT_MIN || *type > INT_MAX) {
    return ctx.reply().Error(errors::kNotInteger);
  }
  BusFaults* faults = FaultsOf(ctx);
  if (faults == nullptr) return;
  faults->DropPackets(static_cast<int>(*type));
  ctx.reply().Ok();
}

void DebugCloseLinksOnDrop(CommandContext& ctx, Args args) {
  const std::optional<int64_t> on = ParseInt64(args[2]);
  if (!on.has_value()) return ctx.reply().Error(errors::kNotInteger);
  BusFaults* faults = FaultsOf(ctx);
  if (faults == nullptr) return;
  faults->CloseLinksOnDrop(*on != 0);
  ctx.reply().Ok();
}

// KILL TO|FROM|ALL <node id>. A connection of the bus goes both ways, so that all mean the same.
void DebugClusterLink(CommandContext& ctx, Args args) {
  const bool known_way = EqualsIgnoreCase(args[3], "to") || EqualsIgnoreCase(args[3], "from") ||
                         EqualsIgnoreCase(args[3], "all");
  if (!EqualsIgnoreCase(args[2], "kill") || !known_way) {
    return ctx.reply().Error(SubcommandSyntax("debug", args[1]));
  }
  BusFaults* faults = FaultsOf(ctx);
  if (faults == nullptr) return;
  const std::optional<slots::NodeId> node = slots::NodeId::FromHex(args[4]);
  if (!node.has_value() || !faults->KillLinks(*node)) {
    return ctx.reply().Error(StrCat("ERR Unknown node ", args[4]));
  }
  ctx.reply().Ok();
}

}  // namespace slotmesh::node
