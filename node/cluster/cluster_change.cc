// CLUSTER subcommands that change the cluster. Each proposes an entry to the ledger and answers
// when it is decided.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "node/cluster/cluster_propose.h"
#include "node/cluster/slot_handover.h"
#include "node/cluster/slot_release.h"
#include "node/command/server_observer.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node::cluster_commands {
namespace {

using slots::SlotSet;

// Adds one slot; false with the refusal in the reply if it stands there already.
bool AddOnce(CommandContext& ctx, slots::Slot slot, SlotSet* slots) {
  if (slots->Contains(slot)) {
    ctx.reply().Error(StrCat("Slot ", slot, " specified multiple times"));
    return false;
  }
  slots->Add(slot);
  return true;
}

// The slots that the words name, one by one.
std::optional<SlotSet> ParseSlotList(CommandContext& ctx, Args words) {
  SlotSet slots;
  for (const std::string_view word : words) {
    const std::optional<slots::Slot> slot = ParseSlot(ctx, word);
    if (!slot.has_value() || !AddOnce(ctx, *slot, &slots)) return std::nullopt;
  }
  return slots;
}

// The slots that pairs of words name as first and last.
std::optional<SlotSet> ParseSlotRanges(CommandContext& ctx, Args words) {
  if (words.size() % 2 != 0) {
    ctx.reply().Error(WrongArity(ctx.command().full_name()));
    return std::nullopt;
  }
  SlotSet slots;
  for (size_t i = 0; i < words.size(); i += 2) {
    const std::optional<slots::Slot> first = ParseSlot(ctx, words[i]);
    if (!first.has_value()) return std::nullopt;
    const std::optional<slots::Slot> last = ParseSlot(ctx, words[i + 1]);
    if (!last.has_value()) return std::nullopt;
    if (*first > *last) {
      ctx.reply().Error(
          StrCat("start slot number ", *first, " is greater than end slot number ", *last));
      return std::nullopt;
    }
    for (int slot = *first; slot <= *last; ++slot) {
      if (!AddOnce(ctx, static_cast<slots::Slot>(slot), &slots)) return std::nullopt;
    }
  }
  return slots;
}

// The first of them that somebody owns, or that nobody does; -1 if there is none.
int FirstOf(const ClusterState& state, const SlotSet& slots, bool owned) {
  for (const slots::SlotRange& range : slots.Ranges()) {
    for (int slot = range.first; slot <= range.last; ++slot) {
      if ((state.map().Owner(static_cast<slots::Slot>(slot)) != nullptr) == owned) return slot;
    }
  }
  return -1;
}

absl::StatusOr<Proposing> AddTo(ClusterState& state, SlotSet slots, bool again) {
  // What an earlier try has brought about is no obstacle.
  if (again && state.self_shard() != nullptr) slots -= state.self_shard()->slots;
  const int busy = FirstOf(state, slots, true);
  if (busy >= 0)
    return absl::FailedPreconditionError(StrCat("ERR Slot ", busy, " is already busy"));
  const absl::StatusOr<const slots::ShardInfo*> shard = OwnShard(state);
  if (!shard.ok()) return shard.status();
  if (slots.empty()) return Proposing();
  return [&state, change = ledger::SlotsAssigned{(*shard)->id, (*shard)->epoch, slots}](
             ControlLink::Done done) { state.link().Propose(change, std::move(done)); };
}

void Add(CommandContext& ctx, const std::optional<SlotSet>& slots) {
  ClusterState* state = ctx.family<ClusterFamily>().state;
  if (!slots.has_value()) return;
  ProposeOnceFormed(ctx, *state,
                    [state, slots = *slots](bool again) { return AddTo(*state, slots, again); });
}

// DELSLOTS and then ADDSLOTS in one transaction is how redis-cli --cluster fix lets another node
// take a slot over: here its owner is asked to let it go. Its keys stay there until they are
// fetched.
void TakeAway(CommandContext& ctx, ClusterState& state, const SlotSet& slots) {
  SlotHandover* handover = ctx.family<ClusterFamily>().handover;
  if (slots.count() != 1 || handover == nullptr) {
    return ctx.reply().Error("Others' slots can be taken over one at a time only");
  }
  const slots::ShardInfo* owner = state.map().Owner(*slots.First());
  if (state.IsUp(owner->primary)) {
    return handover->Ask(*slots.First(), slots::NodeId(), ReplyWhenDecided(ctx));
  }
  Propose(ctx, state, ledger::SlotsUnassigned{owner->id, owner->epoch, slots});
}

absl::StatusOr<Proposing> RemoveFrom(ClusterState& state, const SlotSet& slots, bool again) {
  const absl::StatusOr<const slots::ShardInfo*> shard = OwnShard(state);
  if (!shard.ok()) return shard.status();
  const int free = FirstOf(state, slots, false);
  if (free >= 0 && !again) {
    return absl::FailedPreconditionError(StrCat("ERR Slot ", free, " is already unassigned"));
  }
  // To others' slots this node has no claim that it could give up.
  const SlotSet mine = slots & (*shard)->slots;
  if (mine.empty()) return Proposing();
  const absl::Status busy = CheckFenced(state, mine);
  if (!busy.ok()) return busy;
  return [&state, mine, change = ledger::SlotsUnassigned{(*shard)->id, (*shard)->epoch, mine}](
             ControlLink::Done done) { GiveAway(state, change, mine, std::move(done)); };
}

void Remove(CommandContext& ctx, const std::optional<SlotSet>& slots) {
  ClusterState* state = ctx.family<ClusterFamily>().state;
  if (!slots.has_value()) return;
  const slots::ShardInfo* shard = state->self_shard();
  const bool leads = shard != nullptr && shard->primary == state->self_id();
  const bool all_mine = shard != nullptr && (*slots & shard->slots) == *slots;
  if (leads && !all_mine && ctx.may_wait_in_transaction() && FirstOf(*state, *slots, false) < 0) {
    return TakeAway(ctx, *state, *slots);
  }
  ProposeOnceFormed(ctx, *state, [state, slots = *slots](bool again) {
    return RemoveFrom(*state, slots, again);
  });
}

absl::StatusOr<Proposing> ReplicaOf(ClusterState& state, Engine& engine,
                                    const slots::NodeId& primary) {
  const auto refuse = [](std::string_view why) {
    return absl::FailedPreconditionError(StrCat("ERR ", why));
  };
  if (primary == state.self_id()) return refuse("Can't replicate myself");
  const slots::ShardInfo* shard = state.map().ShardOf(primary);
  if (shard == nullptr && state.map().FindNode(primary) != nullptr &&
      !state.map().FindNode(primary)->arbiter) {
    return absl::AbortedError("ERR That node has no shard yet: it is still joining, try again");
  }
  if (shard == nullptr || shard->primary != primary) {
    return refuse("I can only replicate a master, not a replica.");
  }
  const slots::ShardInfo* own = state.self_shard();
  if (own == shard) return Proposing();
  const bool leads = own != nullptr && own->primary == state.self_id();
  if (leads && (!own->slots.empty() || engine.keyspace.size() > 0)) {
    return refuse("To set a master the node must be empty and without assigned slots.");
  }
  const ledger::NodeBoot self{state.self_id(), state.link().boot()};
  return [&state, change = ledger::ReplicaAssigned{self, shard->id, shard->epoch}](
             ControlLink::Done done) { state.link().Propose(change, std::move(done)); };
}

// What a replica has is its primary's: on its own it begins with nothing, and may copy another one.
void DropCopy(Engine& engine) {
  Tell(engine, &ServerObserver::OnFlush, -1, true, true);
  engine.keyspace.Flush();
  Tell(engine, &ServerObserver::OnFlush, -1, true, false);
  const std::string_view words[] = {"FLUSHALL"};
  engine.journal.Append({.origin = Origin::kClient, .argv = words});
}

// CLUSTER RESET. Slots of the node, which hold no keys, go back to nobody first.
absl::StatusOr<Proposing> Leave(ClusterState& state, bool hard, Engine& engine) {
  const slots::ShardInfo* shard = state.self_shard();
  const bool primary = shard == nullptr || shard->primary == state.self_id();
  if (primary && engine.keyspace.size() > 0) {
    return absl::FailedPreconditionError(
        "ERR CLUSTER RESET can't be called with master nodes containing keys");
  }
  const SlotSet slots = primary && shard != nullptr ? shard->slots : SlotSet();
  const absl::Status busy = CheckFenced(state, slots);
  if (!busy.ok()) return busy;
  const bool alone = state.map().data().nodes.size() <= 1;
  if (slots.empty() || alone) {
    return [&state, &engine, slots, hard, primary](ControlLink::Done done) {
      state.SetFence(slots, Fence::kWrites);
      state.link().Reset(hard, [&state, &engine, slots, primary, done](const absl::Status& status) {
        state.Refresh();
        state.LiftFence(slots);
        if (status.ok() && !primary) DropCopy(engine);
        done(status);
      });
    };
  }
  return [&state, slots, hard, change = ledger::SlotsUnassigned{shard->id, shard->epoch, slots}](
             ControlLink::Done done) {
    GiveAway(state, change, slots, [&state, hard, done](const absl::Status& status) {
      if (!status.ok()) return done(status);
      state.link().Reset(hard, done);
    });
  };
}

}  // namespace

void Meet(CommandContext& ctx, Args args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  if (args.size() > 5) return ctx.reply().Error(WrongArity(ctx.command().full_name()));
  const std::optional<int64_t> port = ParseInt64(args[3]);
  if (!port.has_value()) {
    return ctx.reply().Error(StrCat("Invalid base port specified: ", args[3]));
  }
  std::optional<int64_t> bus_port = *port + kBusPortOffset;
  if (args.size() == 5) {
    bus_port = ParseInt64(args[4]);
    if (!bus_port.has_value()) {
      return ctx.reply().Error(StrCat("Invalid bus port specified: ", args[4]));
    }
  }
  const absl::Status status =
      *port <= 0 || *port > 65535 || *bus_port <= 0 || *bus_port > 65535
          ? absl::InvalidArgumentError("")
          : state->link().Meet(std::string(args[2]), static_cast<uint16_t>(*port),
                               static_cast<uint16_t>(*bus_port));
  if (absl::IsInvalidArgument(status)) {
    return ctx.reply().Error(StrCat("Invalid node address specified: ", args[2], ":", args[3]));
  }
  if (!status.ok()) return ctx.reply().Error(ToStd(status.message()));
  ctx.reply().Ok();
}

void Forget(CommandContext& ctx, Args args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const std::optional<slots::NodeId> id = slots::NodeId::FromHex(args[2]);
  if (id.has_value() && *id == state->self_id()) {
    return ctx.reply().Error("I tried hard but I can't forget myself...");
  }
  // One entry takes the member out for all: that other nodes are told the same again is no error.
  if (id.has_value() && state->WasForgotten(*id)) return ctx.reply().Ok();
  const slots::NodeInfo* node = MemberOrRefuse(ctx, *state, args[2]);
  if (node == nullptr) return;
  if (RefusedWhereItCannotWait(ctx)) return;
  const slots::BootId boot = state->picture().decided->BootOf(node->id);
  state->link().Propose(ledger::MemberLeft{{node->id, boot}, /*forget=*/true},
                        [state, id, reply = ReplyWhenDecided(ctx)](const absl::Status& status) {
                          state->Refresh();
                          // Another node was told the same, and this one had not heard of it yet.
                          const bool gone = state->map().FindNode(*id) == nullptr;
                          reply(gone ? absl::OkStatus() : status);
                        });
}

void AddSlots(CommandContext& ctx, Args args) {
  if (StateOrRefuse(ctx) != nullptr) Add(ctx, ParseSlotList(ctx, args.subspan(2)));
}

void AddSlotsRange(CommandContext& ctx, Args args) {
  if (StateOrRefuse(ctx) != nullptr) Add(ctx, ParseSlotRanges(ctx, args.subspan(2)));
}

void DelSlots(CommandContext& ctx, Args args) {
  if (StateOrRefuse(ctx) != nullptr) Remove(ctx, ParseSlotList(ctx, args.subspan(2)));
}

void DelSlotsRange(CommandContext& ctx, Args args) {
  if (StateOrRefuse(ctx) != nullptr) Remove(ctx, ParseSlotRanges(ctx, args.subspan(2)));
}

void FlushSlot(CommandContext& ctx, Args args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const std::optional<int64_t> slot = ParseInt64(args[2]);
  if (!slot.has_value() || *slot < 0 || *slot >= slots::kSlotCount) {
    return ctx.reply().Error("Invalid or out of range slot");
  }
  const bool sync = args.size() == 4 && EqualsIgnoreCase(args[3], "SYNC");
  if (args.size() > 4 || (args.size() == 4 && !sync && !EqualsIgnoreCase(args[3], "ASYNC"))) {
    return ctx.reply().Error(errors::kSyntax);
  }
  // Files and a primary's stream repeat what was allowed.
  const bool asked =
      ctx.origin() != RequestOrigin::kAof && ctx.origin() != RequestOrigin::kReplication;
  if (asked && !state->MayChange(static_cast<slots::Slot>(*slot))) {
    return ctx.reply().Error(errors::kClusterDown);
  }
  for (int i = 0; i < ctx.keyspace().database_count(); ++i) {
    Database& db = ctx.keyspace().database(i);
    ctx.MarkChanged(static_cast<int64_t>(db.slot_size(static_cast<int>(*slot))));
    db.FlushSlot(static_cast<int>(*slot));
  }
  ctx.reply().Ok();
}

void FlushSlots(CommandContext& ctx, Args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  if (ctx.keyspace().size() > 0) {
    return ctx.reply().Error("DB must be empty to perform CLUSTER FLUSHSLOTS.");
  }
  const slots::ShardInfo* shard = ShardOrRefuse(ctx, *state);
  if (shard == nullptr) return;
  if (shard->slots.empty()) return ctx.reply().Ok();
  if (RefusedWhileFenced(ctx, *state, shard->slots)) return;
  GiveAway(*state, ledger::SlotsUnassigned{shard->id, shard->epoch, shard->slots}, shard->slots,
           ReplyWhenDecided(ctx));
}

void SetConfigEpoch(CommandContext& ctx, Args args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const std::optional<int64_t> epoch = ParseInt64(args[2]);
  if (!epoch.has_value()) return ctx.reply().Error(errors::kNotInteger);
  if (*epoch < 0) {
    return ctx.reply().Error(StrCat("Invalid config epoch specified: ", *epoch));
  }
  if (state->map().data().nodes.size() > 1) {
    return ctx.reply().Error(
        "The user can assign a config epoch only when the node does not know any other node.");
  }
  const slots::ShardInfo* shard = ShardOrRefuse(ctx, *state);
  if (shard == nullptr) return;
  if (shard->epoch != 0) return ctx.reply().Error("Node config epoch is already non-zero");
  Propose(ctx, *state, ledger::ConfigEpochSet{shard->id, static_cast<slots::Epoch>(*epoch)});
}

void BumpEpoch(CommandContext& ctx, Args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const slots::ShardInfo* shard = ShardOrRefuse(ctx, *state);
  if (shard == nullptr || RefusedWhereItCannotWait(ctx)) return;
  BlockedClients& blocked = ctx.engine().blocked;
  const BlockedClients::Ticket ticket = blocked.Block(ctx.client());
  const slots::Epoch before = shard->epoch;
  state->link().Propose(ledger::EpochBumped{shard->id, before}, [&blocked, state, ticket, before](
                                                                    const absl::Status& status) {
    blocked.Complete(ticket, [&](Client& client) {
      if (!status.ok()) return client.reply().Error(ToStd(status.message()));
      state->Refresh();
      const slots::ShardInfo* now = state->self_shard();
      const slots::Epoch epoch = now == nullptr ? before : now->epoch;
      client.reply().Simple(StrCat(epoch == before ? "STILL " : "BUMPED ", epoch));
    });
  });
}

void Reset(CommandContext& ctx, Args args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  bool hard = false;
  if (args.size() == 3 && EqualsIgnoreCase(args[2], "HARD")) {
    hard = true;
  } else if (args.size() > 3 || (args.size() == 3 && !EqualsIgnoreCase(args[2], "SOFT"))) {
    return ctx.reply().Error(errors::kSyntax);
  }
  ProposeOnceFormed(ctx, *state, [state, hard, &engine = ctx.engine()](bool) {
    return Leave(*state, hard, engine);
  });
}

void SaveConfig(CommandContext& ctx, Args) {
  // What the ledger decides is on disk before it is acted upon: there is nothing left to save.
  if (StateOrRefuse(ctx) != nullptr) ctx.reply().Ok();
}

void Replicate(CommandContext& ctx, Args args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const slots::NodeInfo* primary = MemberOrRefuse(ctx, *state, args[2]);
  if (primary == nullptr) return;
  ProposeOnceFormed(ctx, *state, [state, &engine = ctx.engine(), primary = primary->id](bool) {
    return ReplicaOf(*state, engine, primary);
  });
}

}  // namespace slotmesh::node::cluster_commands
