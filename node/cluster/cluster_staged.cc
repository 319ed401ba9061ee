// CLUSTER STAGED: what files and a primary's stream say of slots that are on their way to this
// node's shard (migration/slot_journal.h). Nobody else may say it.
#include <optional>
#include <string>

#include "node/cluster/cluster_family.h"
#include "node/cluster/migration/slot_journal.h"
#include "node/cluster/migration/staged_moves.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::node::cluster_commands {
namespace {

constexpr size_t kFirstWord = 4;  // Behind CLUSTER STAGED <plan> <what>.

void Begin(CommandContext& ctx, StagedMoves& staged, const slots::PlanId& plan, Args words) {
  const std::optional<slots::MapVersion> version = ParseMapVersion(words[0]);
  const std::optional<slots::SlotSet> slots = slots::SlotSet::Parse(words[1]);
  if (!version.has_value() || !slots.has_value() || slots->empty()) {
    return ctx.reply().Error(errors::kSyntax);
  }
  staged.Begin(plan, *version, *slots);
  ctx.reply().Ok();
}

}  // namespace

void Staged(CommandContext& ctx, Args args) {
  const ClusterFamily& family = ctx.family<ClusterFamily>();
  if (StateOrRefuse(ctx) == nullptr) return;
  const bool from_journal =
      ctx.origin() == RequestOrigin::kAof || ctx.origin() == RequestOrigin::kReplication;
  if (!from_journal || family.staged == nullptr) {
    return ctx.reply().Error(
        "ERR CLUSTER STAGED is for append-only files and the stream of a primary only");
  }
  const std::optional<slots::PlanId> plan = slots::PlanId::FromHex(args[2]);
  const Args words = args.subspan(kFirstWord);
  if (!plan.has_value()) return ctx.reply().Error(errors::kSyntax);
  StagedMoves& staged = *family.staged;
  ctx.MarkChanged();
  if (EqualsIgnoreCase(args[3], "DATA") && words.size() == 1) {
    staged.Add(*plan, words[0]);
  } else if (EqualsIgnoreCase(args[3], "BEGIN") && words.size() == 2) {
    return Begin(ctx, staged, *plan, words);
  } else if (EqualsIgnoreCase(args[3], "DROP") && words.empty()) {
    staged.Drop(*plan);
  } else if (EqualsIgnoreCase(args[3], "ADOPT") && words.empty()) {
    const absl::Status adopted = staged.Adopt(*plan);
    if (!adopted.ok()) return ctx.reply().Error(ToStd(adopted.message()));
  } else {
    return ctx.reply().Error(errors::kSyntax);
  }
  ctx.reply().Ok();
}

}  // namespace slotmesh::node::cluster_commands
