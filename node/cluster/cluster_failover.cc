#include "node/cluster/cluster_failover.h"

#include <algorithm>
#include <utility>

#include "node/cluster/cluster_propose.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int kTries = 5;

absl::Status Refused(std::string_view why) { return absl::FailedPreconditionError(ToAbsl(why)); }

// The in-sync set may change meanwhile, as replicas come and go: then it is tried again on what it
// is by then, a few times.
void TakeOver(ClusterState* state, bool may_lose, int tries, const ControlLink::Done& done) {
  const slots::ShardInfo* shard = state->self_shard();
  if (shard == nullptr || shard->primary == state->self_id()) return done(absl::OkStatus());
  const ledger::NodeBoot self{state->self_id(), state->link().boot()};
  const ledger::InSyncSet& set = *state->picture().decided->FindInSync(shard->id);
  const bool in_sync = std::binary_search(set.members.begin(), set.members.end(), self);
  if (set.synced && !in_sync && !may_lose) {
    return done(
        Refused("This replica is not in sync: acknowledged writes would be lost. To do it all the "
                "same add ACCEPT-DATA-LOSS"));
  }
  const uint64_t version = shard->in_sync_version;
  state->link().Propose(ledger::PrimaryChanged{.shard = shard->id,
                                               .expected_epoch = shard->epoch,
                                               .expected_in_sync_version = version,
                                               .primary = self,
                                               .in_sync = {self},
                                               .outside_set = !in_sync},
                        [state, may_lose, tries, version, done](const absl::Status& status) {
                          state->Refresh();
                          const slots::ShardInfo* now = state->self_shard();
                          const bool moved = now != nullptr && now->in_sync_version != version;
                          if (!absl::IsFailedPrecondition(status) || !moved || tries <= 1) {
                            return done(status);
                          }
                          TakeOver(state, may_lose, tries - 1, done);
                        });
}

}  // namespace

absl::Status CheckFailover(const ClusterFamily& family, const FailoverWish& wish) {
  const slots::ShardInfo* shard = family.state->self_shard();
  if (shard == nullptr || shard->primary == family.state->self_id()) {
    return Refused("You should send CLUSTER FAILOVER to a replica");
  }
  if (family.has_copy == nullptr || !family.has_copy()) {
    return Refused("This replica has no copy of its primary's data yet");
  }
  if (wish.force || family.state->IsUp(shard->primary)) return absl::OkStatus();
  return Refused("Master is down or failed, please use CLUSTER FAILOVER FORCE");
}

void BeginFailover(const ClusterFamily& family, const FailoverWish& wish, ControlLink::Done done) {
  if (wish.force) return TakeOver(family.state, wish.accept_data_loss, kTries, done);
  if (family.ask_primary_to_make_way()) return done(absl::OkStatus());
  done(Refused("Master is down or failed, please use CLUSTER FAILOVER FORCE"));
}

namespace cluster_commands {

void Failover(CommandContext& ctx, Args args) {
  if (StateOrRefuse(ctx) == nullptr) return;
  FailoverWish wish{.force = args.size() > 2};
  if (wish.force && !EqualsIgnoreCase(args[2], "FORCE") && !EqualsIgnoreCase(args[2], "TAKEOVER")) {
    return ctx.reply().Error(errors::kSyntax);
  }
  wish.accept_data_loss = args.size() == 4 && EqualsIgnoreCase(args[3], "ACCEPT-DATA-LOSS");
  if (args.size() > 3 && !wish.accept_data_loss) return ctx.reply().Error(errors::kSyntax);
  const ClusterFamily& family = ctx.family<ClusterFamily>();
  const absl::Status possible = CheckFailover(family, wish);
  if (!possible.ok()) return ctx.reply().Error(ToStd(possible.message()));
  if (wish.force) {
    if (RefusedWhereItCannotWait(ctx)) return;
    return BeginFailover(family, wish, ReplyWhenDecided(ctx));
  }
  BeginFailover(family, wish, [&ctx](const absl::Status& status) {  // Comes before it returns.
    status.ok() ? ctx.reply().Ok() : ctx.reply().Error(ToStd(status.message()));
  });
}

}  // namespace cluster_commands
}  // namespace slotmesh::node
