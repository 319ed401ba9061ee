#include "node/command/dispatcher.h"

#include "node/resp/errors.h"

namespace slotmesh::node {
namespace {

// Which of the checks an origin's commands go through. Whoever made the request has done the
// others, or they do not apply: what a primary or a file sends has happened already.
struct OriginChecks {
  bool access = false;  // Authentication and ACL.
  bool routing = false;
  bool state = false;     // Memory, disk, replicas, loading, pause.
  bool queueing = false;  // MULTI.
};

constexpr OriginChecks ChecksOf(Origin origin) {
  switch (origin) {
    case Origin::kClient:
      return {.access = true, .routing = true, .state = true, .queueing = true};
    case Origin::kExec:
      return {.access = true};
    case Origin::kScript:
    case Origin::kModule:
      return {.access = true, .routing = true, .state = true};
    case Origin::kAof:
    case Origin::kReplication:
    case Origin::kMigration:
      return {};
  }
  return {};
}

constexpr int64_t kMicrosPerMilli = 1000;

}  // namespace

void CommandContext::Effect(Args words) {
  has_effects_ = true;
  if (engine_.journal.active()) engine_.journal.Append(client_.database, words);
}

void Dispatcher::BeginTurn() { engine_.now_ms = engine_.clock.WallMicros() / kMicrosPerMilli; }

Dispatcher::Plan Dispatcher::MakePlan(Args args) {
  Plan plan;
  plan.command = engine_.registry.Resolve(args);
  if (plan.command == nullptr) return plan;
  const size_t key = plan.command->single_key();
  if (key == 0 || key >= args.size()) return plan;
  plan.key = engine_.keyspace.Hash(args[key]);
  plan.hashed = true;
  return plan;
}

Dispatcher::Result Dispatcher::Execute(Client& client, Args args, Origin origin) {
  return ExecutePlanned(client, args, MakePlan(args), origin);
}

Dispatcher::Result Dispatcher::ExecuteParked(Client& client) {
  const OwnedArgs request = std::move(client.parked);
  client.parked = OwnedArgs();
  return Execute(client, request.view(), Origin::kClient);
}

Dispatcher::Result Dispatcher::ExecutePlanned(Client& client, Args args, const Plan& plan,
                                              Origin origin) {
  const OriginChecks checks = ChecksOf(origin);
  const Command* command = plan.command;
  const uint64_t reply_begin = client.output.end_position();
  if (!CheckKnown(client, command, args)) return Finish(client, reply_begin);
  const bool queue = checks.queueing && client.transaction.active &&
                     !Has(command->flags(), Flag::kTransactionControl);
  if (queue && Has(command->flags(), Flag::kNoMulti)) {
    Reject(client, command, errors::kNotInMulti);
    return Finish(client, reply_begin);
  }
  if (checks.access && !CheckAccess(client, *command)) return Finish(client, reply_begin);
  if (checks.routing && engine_.gate != nullptr) {
    int slot = kNoSlot;
    switch (CheckRouting(client, *command, args, origin, plan, &slot)) {
      case Admission::kServe:
        break;
      case Admission::kRefused:
        return Finish(client, reply_begin);
      case Admission::kPark:
        engine_.parking.Park(client, args, ParkReason::kFence, slot, engine_.now_ms);
        return Result::kParked;
    }
  }
  if (checks.state && !CheckState(client, *command)) return Finish(client, reply_begin);
  if (checks.state && !queue &&
      engine_.pause.Holds(command->flags() | client.transaction.flags, engine_.now_ms)) {
    engine_.parking.Park(client, args, ParkReason::kPause, kNoSlot, engine_.now_ms);
    return Result::kParked;
  }
  if (queue) {
    Queue(client, *command, args);
  } else {
    Call(client, *command, args, origin, plan.hashed ? &plan.key : nullptr);
  }
  return Finish(client, reply_begin);
}

void Dispatcher::Call(Client& client, const Command& command, Args args, Origin origin,
                      const HashedKey* prefetched) {
  CommandContext ctx(engine_, client, command, args, origin);
  ctx.set_prefetched(prefetched);
  Reply& reply = client.reply();
  const uint32_t errors_before = reply.error_count();
  const uint64_t begin = engine_.clock.Ticks();
  engine_.journal.BeginUnit(origin);
  command.spec().handler(ctx, args);
  if (ctx.changes() > 0 || ctx.has_effects()) {
    if (!ctx.has_effects() && engine_.journal.active()) {
      engine_.journal.Append(client.database, args);
    }
    engine_.stats.keyspace_changes += ctx.changes();
    client.has_unsent_write = true;
  }
  engine_.journal.EndUnit();
  const uint64_t ticks = engine_.clock.Ticks() - begin;

  CommandStats& stats = command.stats();
  ++stats.calls;
  stats.ticks += ticks;
  if (stats.latency == nullptr) stats.latency = std::make_unique<LatencyHistogram>();
  const auto micros = static_cast<uint64_t>(static_cast<double>(ticks) * engine_.micros_per_tick);
  stats.latency->Record(micros);
  if (reply.error_count() != errors_before) ++stats.failed;
  ++engine_.stats.commands_processed;
  client.last_command = &command;
  if (micros >= kSlowCommandMicros) AfterSlowCommand(client, command, args, micros);
}

void Dispatcher::AfterSlowCommand(Client& client, const Command& command, Args args,
                                  uint64_t micros) {
  BeginTurn();
  if (!engine_.slow_log.Wants(static_cast<int64_t>(micros))) return;
  if (Has(command.flags(), Flag::kSkipCommandLog)) return;
  engine_.slow_log.Add(args, static_cast<int64_t>(micros), engine_.now_ms / 1000, client.address,
                       client.name);
}

void Dispatcher::Queue(Client& client, const Command& command, Args args) {
  Transaction& transaction = client.transaction;
  transaction.queued.push_back({&command, OwnedArgs(args)});
  transaction.flags = transaction.flags | command.flags();
  transaction.memory_bytes += transaction.queued.back().args.memory_bytes();
  client.reply().Queued();
}

Dispatcher::Result Dispatcher::Finish(Client& client, uint64_t reply_begin) {
  Reply& reply = client.reply();
  if (reply.error_count() != 0) {
    engine_.stats.CountError(reply.last_error_code());
    reply.ClearErrors();
  }
  if (client.asking && client.last_command != nullptr &&
      !Has(client.last_command->flags(), Flag::kAsking)) {
    client.asking = false;
  }
  if (client.reply_mode != ReplyMode::kOn) ApplyReplyMode(client, reply_begin);
  return client.close_now || client.close_after_reply ? Result::kClose : Result::kDone;
}

void Dispatcher::ApplyReplyMode(Client& client, uint64_t reply_begin) {
  switch (client.reply_mode) {
    case ReplyMode::kOn:
      return;
    case ReplyMode::kOff:
      client.output.TruncateTo(reply_begin);
      return;
    case ReplyMode::kSkipNext:
      client.reply_mode = ReplyMode::kSkip;
      return;
    case ReplyMode::kSkip:
      client.output.TruncateTo(reply_begin);
      client.reply_mode = ReplyMode::kOn;
      return;
  }
}

}  // namespace slotmesh::node
