// What requests cost their slots, while CLUSTER SLOT-STATS is to know.
#include <utility>

#include "node/command/dispatcher.h"
#include "node/resp/request_text.h"
#include "slots/hash_slot.h"

namespace slotmesh::node {
namespace {

// MULTI's own bytes, which came before it was known what slot they are for.
constexpr uint64_t kMultiBytes = 15;

// Replies to the primary go nowhere, nor do those that a client does not want.
bool RepliesLeave(const Client& client, RequestOrigin origin) {
  return origin == RequestOrigin::kClient &&
         (client.reply_mode == ReplyMode::kOn || client.reply_mode == ReplyMode::kSkipNext);
}

}  // namespace

// The commands inside of a transaction, script or module are part of what runs them.
void Dispatcher::RunCounted(Client& client, Args args, const Plan& plan, RequestOrigin origin,
                            int slot, bool queue) {
  const Command& command = *plan.command;
  const HashedKey* key = plan.single_key();
  if (origin != RequestOrigin::kClient && origin != RequestOrigin::kReplication) {
    Call(client, command, args, origin, key);
    return;
  }
  // What a first run cost before it had to wait was kept.
  if (!client.rerun.active) {
    if (slot == kNoSlot) slot = SlotsOf(client, command, args, plan).slot;
    client.slot_cost = {.slot = slot};
    uint64_t& bytes_in = client.slot_cost.usage.bytes_in;
    bytes_in = client.inline_bytes != 0 ? client.inline_bytes : RequestLength(args);
    if (Has(command.flags(), Flag::kRunsTransaction)) bytes_in += kMultiBytes;
  }
  if (queue) {
    Queue(client, command, args);
    return AddCost(client);
  }
  const uint64_t reply_begin = client.output.end_position();
  client.slot_cost.usage.ticks += Call(client, command, args, origin, key);
  if (client.waits()) return;
  if (RepliesLeave(client, origin)) {
    client.slot_cost.usage.bytes_out += client.output.end_position() - reply_begin;
  }
  AddCost(client);
}

void Dispatcher::AddCost(Client& client) {
  const Client::SlotCost cost = std::exchange(client.slot_cost, {});
  SlotStats* stats = engine_.slot_stats;
  if (cost.slot != kNoSlot && stats != nullptr && stats->active()) {
    stats->Add(cost.slot, cost.usage);
  }
}

}  // namespace slotmesh::node
