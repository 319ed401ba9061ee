// CLUSTER subcommands of atomic slot moves: plans and aborts go to the ledger, the migration
// manager does what it decides.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/cluster/cluster_family.h"
#include "node/cluster/migration/migration_book.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node::cluster_commands {
namespace {

using slots::SlotSet;

constexpr int64_t kMillisPerSecond = 1000;

// Proposals of one request: one after the other, the client's reply behind the last one.
struct Proposals {
  ControlLink& link;
  BlockedClients& blocked;
  BlockedClients::Ticket ticket = 0;
  std::vector<ledger::Change> changes;
  size_t next = 0;
  // Of plans: what one came to decides about the rest.
  bool all_or_none = false;
};

void Answer(Proposals& proposals, const absl::Status& status) {
  proposals.blocked.Complete(proposals.ticket, [&](Client& client) {
    if (status.ok()) return client.reply().Ok();
    client.reply().Error(ToStd(status.message()));
  });
}

// Takes back the plans that were proposed, that with the bad answer included: it may still come.
void TakeBack(const Proposals& proposals) {
  for (size_t i = 0; i <= proposals.next; ++i) {
    const ledger::PlanId plan = std::get<ledger::MovePlanned>(proposals.changes[i]).plan;
    proposals.link.Propose(
        ledger::MoveAborted{plan, "another move of the same request was refused"},
        [](const absl::Status&) {});
  }
}

void ProposeNext(const std::shared_ptr<Proposals>& proposals) {
  if (proposals->next == proposals->changes.size()) {
    return Answer(*proposals, absl::OkStatus());
  }
  proposals->link.Propose(
      proposals->changes[proposals->next], [proposals](const absl::Status& status) {
        // An abort that is refused comes too late: the move has ended.
        const bool fine = proposals->all_or_none ? status.ok() : !absl::IsUnavailable(status);
        if (fine) {
          ++proposals->next;
          return ProposeNext(proposals);
        }
        if (proposals->all_or_none) TakeBack(*proposals);
        Answer(*proposals, status);
      });
}

void ProposeAll(CommandContext& ctx, ClusterState& state, std::vector<ledger::Change> changes,
                bool all_or_none) {
  if (!ctx.may_block()) {
    return ctx.reply().Error(StrCat("ERR CLUSTER ", ctx.command().spec().name,
                                    " is not allowed inside a transaction or script"));
  }
  auto proposals =
      std::make_shared<Proposals>(Proposals{.link = state.link(), .blocked = ctx.engine().blocked});
  proposals->ticket = proposals->blocked.Block(ctx.client());
  proposals->changes = std::move(changes);
  proposals->all_or_none = all_or_none;
  ProposeNext(proposals);
}

// This node's shard if it is its primary, else null with the refusal in the reply.
const slots::ShardInfo* OwnShardOrRefuse(CommandContext& ctx, const ClusterState& state) {
  const slots::ShardInfo* shard = state.self_shard();
  if (shard != nullptr && shard->primary == state.self_id()) return shard;
  ctx.reply().Error("Slot migration can only be used on primary nodes.");
  return nullptr;
}

// One "SLOTSRANGE first last [first last ...] NODE id" of a request.
struct Wish {
  SlotSet slots;
  const slots::ShardInfo* target = nullptr;
};

class WishParser {
 public:
  WishParser(CommandContext& ctx, const ClusterState& state, const slots::ShardInfo& own, Args args)
      : ctx_(ctx), state_(state), own_(own), words_(args) {}

  // Nothing with the refusal in the reply.
  std::optional<std::vector<Wish>> Parse() {
    std::vector<Wish> wishes;
    SlotSet seen;
    while (!words_.empty()) {
      Wish wish;
      if (!ParseRanges(&wish.slots) || !CheckOwned(wish.slots)) return std::nullopt;
      if (seen.Intersects(wish.slots)) return Refuse("Slot ranges in migrations overlap");
      seen |= wish.slots;
      if (!ParseTarget(&wish)) return std::nullopt;
      wishes.push_back(std::move(wish));
    }
    return wishes;
  }

 private:
  std::nullopt_t Refuse(std::string_view error) {
    ctx_.reply().Error(error);
    return std::nullopt;
  }
  bool Fail(std::string_view error) {
    ctx_.reply().Error(error);
    return false;
  }

  bool ParseRanges(SlotSet* slots) {
    if (!EqualsIgnoreCase(words_[0], "SLOTSRANGE")) return Fail(errors::kSyntax);
    words_.remove_prefix(1);
    while (!words_.empty() && ParseInt64(words_[0]).has_value()) {
      const std::optional<slots::Slot> first = ParseSlot(ctx_, words_[0]);
      if (!first.has_value()) return false;
      if (words_.size() < 2) return Fail("No end slot for final slot range");
      const std::optional<slots::Slot> last = ParseSlot(ctx_, words_[1]);
      if (!last.has_value()) return false;
      if (*first > *last) {
        return Fail(
            StrCat("Start slot number ", *first, " is greater than end slot number ", *last, "."));
      }
      const SlotSet range = SlotSet::Of(*first, *last);
      if (slots->Intersects(range)) {
        return Fail(StrCat("Slot range ", *first, "-", *last, " overlaps with a previous range."));
      }
      *slots |= range;
      words_.remove_prefix(2);
    }
    return !slots->empty() || Fail("No slot ranges specified");
  }

  bool CheckOwned(const SlotSet& slots) {
    const SlotSet missing = slots - own_.slots;
    for (const slots::Slot slot : missing.ToVector()) {
      if (state_.map().Owner(slot) == nullptr) {
        return Fail(StrCat("Slot ", slot, " has no node served."));
      }
    }
    if (!missing.empty()) return Fail("Slots are not served by this node.");
    for (const ledger::MovePlan& move : state_.picture().decided->moves) {
      const SlotSet moving = move.slots & slots;
      if (!moving.empty())
        return Fail(StrCat("I am already migrating slot ", *moving.First(), "."));
    }
    return true;
  }

  bool ParseTarget(Wish* wish) {
    if (words_.size() < 2 || !EqualsIgnoreCase(words_[0], "NODE")) return Fail(errors::kSyntax);
    const std::string_view name = words_[1];
    words_.remove_prefix(2);
    if (name.size() != slots::NodeId::kHexLength) {
      return Fail(StrCat("Invalid node name: ", name));
    }
    const std::optional<slots::NodeId> id = slots::NodeId::FromHex(name);
    if (!id.has_value() || state_.map().FindNode(*id) == nullptr) {
      return Fail(StrCat("Unknown node name: ", name));
    }
    if (*id == state_.self_id()) return Fail("Target node can not be this node.");
    wish->target = state_.map().ShardOf(*id);
    if (wish->target == nullptr || wish->target->primary != *id) {
      return Fail("Target node is not a primary");
    }
    return true;
  }

  CommandContext& ctx_;
  const ClusterState& state_;
  const slots::ShardInfo& own_;
  Args words_;
};

ledger::MoveSide SideOf(const slots::ShardInfo& shard) {
  return {shard.id, shard.epoch, shard.primary_boot};
}

// "0-5 7-7"
std::string RangesText(const SlotSet& slots) {
  std::string text;
  for (const slots::SlotRange& range : slots.Ranges()) {
    absl::StrAppend(&text, text.empty() ? "" : " ", range.first, "-", range.last);
  }
  return text;
}

void ReplyRecord(Reply& reply, const MigrationRecord& record) {
  constexpr size_t kFields = 12;
  reply.Map(kFields);
  const auto text = [&](std::string_view name, std::string_view value) {
    reply.Bulk(name);
    reply.Bulk(value);
  };
  const auto number = [&](std::string_view name, int64_t value) {
    reply.Bulk(name);
    reply.Integer(value);
  };
  text("name", record.plan.ToHex());
  text("operation", record.exporting ? "EXPORT" : "IMPORT");
  text("slot_ranges", RangesText(record.slots));
  text("target_node", record.target.ToHex());
  text("source_node", record.source.ToHex());
  number("create_time", record.created_ms / kMillisPerSecond);
  number("last_update_time", record.updated_ms / kMillisPerSecond);
  number("last_ack_time", record.last_ack_ms / kMillisPerSecond);
  text("state", MoveStageName(record.stage));
  text("message", record.message);
  number("cow_size", 0);
  number("remaining_repl_size", static_cast<int64_t>(record.remaining_bytes));
}

}  // namespace

void MigrateSlots(CommandContext& ctx, Args args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const slots::ShardInfo* own = OwnShardOrRefuse(ctx, *state);
  if (own == nullptr) return;
  if (state->picture().data_missing) {
    return ctx.reply().Error("This node came up without the data of its slots");
  }
  const std::optional<std::vector<Wish>> wishes =
      WishParser(ctx, *state, *own, args.subspan(2)).Parse();
  if (!wishes.has_value()) return;
  std::vector<ledger::Change> plans;
  for (const Wish& wish : *wishes) {
    plans.push_back(ledger::MovePlanned{ledger::PlanId::Random(ctx.random()), wish.slots,
                                        SideOf(*own), SideOf(*wish.target)});
  }
  ProposeAll(ctx, *state, std::move(plans), /*all_or_none=*/true);
}

void CancelSlotMigrations(CommandContext& ctx, Args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const slots::ShardInfo* own = OwnShardOrRefuse(ctx, *state);
  if (own == nullptr) return;
  std::vector<ledger::Change> aborts;
  for (const ledger::MovePlan& move : state->picture().decided->moves) {
    if (move.source.shard != own->id) continue;
    aborts.push_back(ledger::MoveAborted{move.plan, std::string(kCancelReason)});
  }
  if (aborts.empty()) return ctx.reply().Error("No migrations ongoing");
  ProposeAll(ctx, *state, std::move(aborts), /*all_or_none=*/false);
}

void GetSlotMigrations(CommandContext& ctx, Args) {
  if (StateOrRefuse(ctx) == nullptr) return;
  const MigrationBook* book = ctx.family<ClusterFamily>().migrations;
  if (book == nullptr) return ctx.reply().EmptyArray();
  ctx.reply().Array(book->records().size());
  for (const MigrationRecord& record : book->records()) ReplyRecord(ctx.reply(), record);
}

}  // namespace slotmesh::node::cluster_commands
