#include "node/command/dispatcher.h"

#include <utility>
#include <vector>

#include "node/command/request_filter.h"
#include "node/command/script_run.h"
#include "node/resp/errors.h"
#include "node/resp/request_text.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// What such a command replies is held until it is safe, in synced mode (SAFETY 11).
constexpr Flag kSeesData = Flag::kWrite | Flag::kReadOnly | Flag::kMayReplicate;

// Which of the checks an origin's commands go through. Whoever made the request has done the
// others, or they do not apply: what a primary or a file sends has happened already.
struct OriginChecks {
  bool access = false;  // Authentication and ACL.
  bool routing = false;
  bool state = false;     // Memory, disk, replicas, loading, pause.
  bool queueing = false;  // MULTI.
};

constexpr OriginChecks ChecksOf(RequestOrigin origin) {
  switch (origin) {
    case RequestOrigin::kClient:
      return {.access = true, .routing = true, .state = true, .queueing = true};
    case RequestOrigin::kExec:
      return {.access = true};
    case RequestOrigin::kScript:  // ExecuteInScript
    case RequestOrigin::kModule:  // ExecuteForModule
    case RequestOrigin::kAof:
    case RequestOrigin::kReplication:
    case RequestOrigin::kMigration:
      return {};
  }
  return {};
}

// A replica outside of clusters sends those on to its primary who understand it.
bool IsSentOn(const Engine& engine, const Client& client, Flag flags) {
  if (engine.gate != nullptr || !client.understands_redirect) return false;
  return Has(flags, Flag::kWrite) || (Has(flags, Flag::kReadOnly) && !client.readonly);
}

constexpr int64_t kMicrosPerMilli = 1000;
constexpr int64_t kMillisPerSecond = 1000;

// Its replies are push messages, which CLIENT REPLY does not hold back: SUBSCRIBE and the like.
bool IsPushReply(const Command& command) {
  return Has(command.flags(), Flag::kPubSub) && Has(command.flags(), Flag::kWhileSubscribed);
}

// What the journal says of an effect's cause.
constexpr Origin OriginOf(RequestOrigin origin) {
  switch (origin) {
    case RequestOrigin::kClient:
    case RequestOrigin::kExec:
      return Origin::kClient;
    case RequestOrigin::kScript:
      return Origin::kScript;
    case RequestOrigin::kModule:
      return Origin::kModule;
    case RequestOrigin::kAof:
      return Origin::kAofLoad;
    case RequestOrigin::kReplication:
      return Origin::kReplicaLink;
    case RequestOrigin::kMigration:
      return Origin::kMigration;
  }
  return Origin::kClient;
}

// The request comes from a journal, this node's or another's.
constexpr bool IsJournals(RequestOrigin origin) {
  return origin == RequestOrigin::kAof || origin == RequestOrigin::kReplication ||
         origin == RequestOrigin::kMigration;
}

Dispatcher::Result Park(Engine& engine, Client& client, Args args, ParkReason reason,
                        int slot = kNoSlot) {
  engine.parking.Park(client, args, reason, slot, engine.now_ms);
  return Dispatcher::Result::kWaits;
}

LatencyHistogram& LatencyOf(CommandStats& stats) {
  if (stats.latency == nullptr) stats.latency = std::make_unique<LatencyHistogram>();
  return *stats.latency;
}

}  // namespace

void CommandContext::Effect(Args words, int slot) {
  has_effects_ = true;
  if (!engine_.journal.active()) return;
  std::vector<std::string_view> original;
  if (engine_.registry.any_renamed() && words[0].data() == args_[0].data()) [[unlikely]] {
    // Who reads the journal may not know the name.
    const Command& named = command_.parent() == nullptr ? command_ : *command_.parent();
    original.assign(words.begin(), words.end());
    original[0] = named.full_name();
    words = original;
  }
  engine_.journal.Append(
      {.database = client_.database, .slot = slot, .origin = OriginOf(origin_), .argv = words});
}

void CommandContext::JournalVerbatim() { Effect(args_, EffectSlot()); }

int CommandContext::EffectSlot() const {
  if (!engine_.keyspace.cluster()) return kNoSlot;
  if (prefetched_ != nullptr) return prefetched_->slot;
  slots::KeyRefs keys;
  if (slots::FindKeys(command_.spec().keys, command_.spec().get_keys, slots::KeyDetail::kPositions,
                      args_, &keys) != slots::KeyStatus::kOk ||
      keys.empty()) {
    return kNoSlot;
  }
  return slots::HashSlot(args_[keys[0].word]);
}

void Dispatcher::BeginTurn() {
  engine_.now_ms = engine_.clock.WallMicros() / kMicrosPerMilli;
  engine_.turn_ns = engine_.clock.MonotonicNanos();
}

Dispatcher::Plan Dispatcher::MakePlan(Args args, RequestOrigin origin) {
  Plan plan;
  plan.command =
      IsJournals(origin) ? engine_.registry.ResolveOriginal(args) : engine_.registry.Resolve(args);
  if (plan.command == nullptr) return plan;
  const size_t key = plan.command->first_key(args);
  if (key == 0) return plan;
  plan.key = HashKey(engine_.keyspace, args[key]);
  plan.hashed = true;
  plan.is_single = plan.command->single_key() != 0;
  plan.needs_object = plan.command->works_on_objects();
  return plan;
}

Dispatcher::Result Dispatcher::Execute(Client& client, Args args, RequestOrigin origin) {
  if (engine_.request_filter != nullptr && IsFiltered(client, origin)) [[unlikely]] {
    OwnedArgs held;
    const Args changed = engine_.request_filter->Apply(client, args, &held);
    return ExecutePlanned(client, changed, MakePlan(changed, origin), origin);
  }
  return ExecutePlanned(client, args, MakePlan(args, origin), origin);
}

bool Dispatcher::IsFiltered(const Client& client, RequestOrigin origin) {
  return (origin == RequestOrigin::kClient && !client.rerun.active) ||
         origin == RequestOrigin::kScript || origin == RequestOrigin::kReplication;
}

Dispatcher::Result Dispatcher::ExecuteParked(Client& client) {
  if (client.parked.empty()) {
    // A wait has ended with the reply that was written meanwhile.
    if (engine_.gate != nullptr && IsSynced(engine_, client) &&
        Has(client.last_command->flags(), kSeesData)) {
      client.saw_data = true;
    }
    ++client.commands;
    if (CountErrors(client, client.last_command)) ++client.last_command->stats().failed;
    AddCost(client);
    return Finish(client, client.output.end_position());
  }
  const OwnedArgs request = std::exchange(client.parked, OwnedArgs());
  const Result result = Execute(client, request.view(), RequestOrigin::kClient);
  if (client.waits()) return result;
  if (client.rerun.active) ++client.commands;
  client.rerun = {};
  return result;
}

Dispatcher::Result Dispatcher::ExecutePlanned(Client& client, Args args, const Plan& plan,
                                              RequestOrigin origin) {
  if (origin == RequestOrigin::kScript) return ExecuteInScript(client, args, plan);
  const OriginChecks checks = ChecksOf(origin);
  const Command* command = plan.command;
  const uint64_t reply_begin = client.output.end_position();
  if (!CheckKnown(client, command, args)) return Finish(client, reply_begin);
  const bool in_transaction = checks.queueing && client.transaction.active;
  if (in_transaction && Has(command->flags(), Flag::kNoMulti)) {
    Reject(client, command, errors::kNotInMulti);
    return Finish(client, reply_begin);
  }
  const bool queue = in_transaction && !Has(command->flags(), Flag::kTransactionControl);
  if (checks.access && !MayRun(client, *command, args, origin)) return Finish(client, reply_begin);
  int slot = kNoSlot;
  if (checks.routing && engine_.gate != nullptr) {
    switch (CheckRouting(client, *command, args, origin, plan, &slot)) {
      case Admission::kServe:
        break;
      case Admission::kRefused:
        return Finish(client, reply_begin);
      case Admission::kPark:
        return Park(engine_, client, args, ParkReason::kFence, slot);
    }
  }
  if (engine_.replication.is_replica && checks.routing &&
      IsSentOn(engine_, client, FlagsOf(client, *command, args))) [[unlikely]] {
    // While the role changes hands it is not known where to.
    if (engine_.pause.Holds(FlagsOf(client, *command, args), engine_.now_ms)) {
      return Park(engine_, client, args, ParkReason::kPause);
    }
    client.reply().Error(StrCat("REDIRECT ", engine_.replication.primary));
    EndRefused(client, *command);
    return Finish(client, reply_begin);
  }
  if (checks.state) {
    const Flag flags = FlagsOf(client, *command, args);
    if (!CheckBusy(client, *command) || !CheckMemory(client, *command, flags, origin) ||
        !CheckState(client, *command, flags)) {
      return Finish(client, reply_begin);
    }
    if (engine_.pause.Holds(flags, engine_.now_ms)) {
      return Park(engine_, client, args, ParkReason::kPause);
    }
  }
  const bool runs = checks.state && !queue;
  const bool can_wait = origin == RequestOrigin::kClient && client.host() != nullptr;
  if (runs && engine_.held_keys.any() && ChangesHeldKey(client, *command, args)) [[unlikely]] {
    if (can_wait) return Park(engine_, client, args, ParkReason::kHeldKey);
    Reject(client, command, errors::kKeyHeld);
    return Finish(client, reply_begin);
  }
  const bool snapshots = engine_.big_values != nullptr && engine_.big_values->active();
  if (runs && can_wait && snapshots && ChangesUnsavedValue(client, *command, args)) [[unlikely]] {
    return Park(engine_, client, args, ParkReason::kSavedValue);
  }
  const bool outermost = engine_.messages.pushes.Begin(client);
  if (engine_.slot_stats != nullptr && engine_.slot_stats->active()) [[unlikely]] {
    RunCounted(client, args, plan, origin, slot, queue);
  } else if (queue) {
    Queue(client, *command, args);
  } else {
    Call(client, *command, args, origin, plan.single_key());
  }
  const Result result =
      Finish(client, IsPushReply(*command) ? client.output.end_position() : reply_begin);
  if (outermost) EndPushes(client, *command);
  ServeReadyKeys();
  return result;
}

uint64_t Dispatcher::Call(Client& client, const Command& command, Args args, RequestOrigin origin,
                          const HashedKey* prefetched) {
  CommandContext ctx(engine_, client, command, args, origin);
  ctx.set_prefetched(prefetched);
  CommandStats& stats = command.stats();
  const uint64_t reply_begin = client.output.end_position();
  // A command that waits and runs again is counted once.
  const bool first_run = !client.rerun.active;
  const uint64_t begin = engine_.clock.Ticks();
  // What such a command meets that has expired has nothing to do with each other.
  const bool one_unit = !Has(command.flags(), Flag::kTouchesArbitraryKeys);
  if (one_unit) engine_.journal.BeginUnit();
  // What runs other commands is shown before them.
  if (!engine_.messages.monitors.empty() && Has(command.flags(), Flag::kSkipMonitor)) [[unlikely]] {
    TellMonitors(ctx, args);
  }
  const bool no_touch = client.no_touch;  // The command may be the one that ends it.
  if (no_touch) [[unlikely]]
    engine_.keyspace.set_touching(false);
  const RunningCommand outer = std::exchange(engine_.running, {&client, args, &outer});
  // On a replica that takes writes these meet no key whose time has come.
  const bool own_write =
      engine_.keyspace.expiry_mode() == ExpiryMode::kHide && Has(command.flags(), Flag::kWrite);
  if (own_write) [[unlikely]]
    engine_.keyspace.set_expiry_mode(ExpiryMode::kDelete);
  command.spec().handler(ctx, args);
  // Else it may have changed the role.
  if (own_write) [[unlikely]]
    engine_.keyspace.set_expiry_mode(ExpiryMode::kHide);
  engine_.running = outer;
  if (no_touch) [[unlikely]]
    engine_.keyspace.set_touching(true);
  if (ctx.changes() > 0 || ctx.has_effects()) {
    if (!ctx.has_effects() && engine_.journal.active()) ctx.JournalVerbatim();
    engine_.stats.keyspace_changes += ctx.changes();
    client.has_unsent_write = true;
  }
  if (engine_.unit_end != nullptr && engine_.unit_end->pending()) [[unlikely]]
    EndUnitWork();
  if (one_unit) engine_.journal.EndUnit();
  if (engine_.gate != nullptr && IsSynced(engine_, client) && Has(command.flags(), kSeesData)) {
    client.saw_data = true;
  }
  if (client.has_unsent_write) client.write_offset = engine_.journal.offset();
  const uint64_t ticks = engine_.clock.Ticks() - begin;

  if (engine_.messages.tracking.active() || !engine_.messages.monitors.empty()) [[unlikely]] {
    TellReadersAndMonitors(ctx, args, first_run);
  }
  const bool failed = CountErrors(client, &command);
  const auto micros = static_cast<uint64_t>(static_cast<double>(ticks) * engine_.micros_per_tick);
  // Of a module's: in the background, and told of when it is done.
  const bool goes_on = client.blocked != 0 && Has(command.flags(), Flag::kModule);
  if (origin != RequestOrigin::kAof) [[likely]] {  // What files bring back was counted before.
    if (failed) ++stats.failed;
    if (first_run) ++stats.calls;
    stats.ticks += ticks;
    if (!goes_on) LatencyOf(stats).Record(micros);
  }
  if (first_run) ++engine_.stats.commands_processed;
  if (first_run && !client.waits()) ++client.commands;
  client.last_command = &command;
  if (micros >= kSlowCommandMicros || engine_.slow_log.Wants(static_cast<int64_t>(micros))) {
    AfterSlowCommand(ctx, args, micros);
  }
  if (engine_.large_requests != nullptr && client.blocked == 0) {
    LogSizes(ctx, args, client.output.end_position() - reply_begin);
  }
  return ticks;
}

// Within the outermost unit, so that what it does goes out with what brought it about.
void Dispatcher::EndUnitWork() {
  if (engine_.journal.depth() > 1) return;
  const JournalScope unit(engine_.journal);
  engine_.unit_end->Run();
}

bool Dispatcher::CountErrors(Client& client, const Command* command) {
  Reply& reply = client.reply();
  if (reply.error_count() == 0) return false;
  const bool script = command != nullptr && command->spec().request_flags != nullptr;
  engine_.stats.CountError(reply.last_error_code(), script);
  reply.ClearErrors();
  return true;
}

void Dispatcher::AfterSlowCommand(CommandContext& ctx, Args args, uint64_t micros) {
  // Time stands still for a script.
  if (engine_.script == nullptr) BeginTurn();
  const auto millis = static_cast<int64_t>(micros / kMicrosPerMilli);
  const int64_t threshold = engine_.config.latency_monitor_threshold;
  if (threshold != 0 && millis >= threshold && engine_.latency_monitor != nullptr) {
    const bool fast = Has(ctx.command().flags(), Flag::kFast);
    engine_.latency_monitor->Add(fast ? "fast-command" : "command",
                                 engine_.now_ms / kMillisPerSecond, millis);
  }
  // A command that waits is logged when it has run to its end.
  if (ctx.client().blocked == 0 && engine_.slow_log.Wants(static_cast<int64_t>(micros))) {
    AddToLog(engine_.slow_log, ctx, args, static_cast<int64_t>(micros));
  }
}

void Dispatcher::LogSizes(CommandContext& ctx, Args args, size_t reply_bytes) {
  if (engine_.large_replies->Wants(static_cast<int64_t>(reply_bytes))) {
    AddToLog(*engine_.large_replies, ctx, args, static_cast<int64_t>(reply_bytes));
  }
  const auto request_bytes = static_cast<int64_t>(RequestLength(args));
  if (engine_.large_requests->Wants(request_bytes)) {
    AddToLog(*engine_.large_requests, ctx, args, request_bytes);
  }
}

void Dispatcher::AddToLog(SlowLog& log, CommandContext& ctx, Args args, int64_t amount) {
  if (Has(ctx.command().flags(), Flag::kSkipCommandLog)) return;
  std::vector<std::string_view> words(args.begin(), args.end());
  for (size_t i = 0; i < words.size(); ++i) {
    if (ctx.IsRedacted(i)) words[i] = "(redacted)";
  }
  // A script's commands are those of whoever runs it.
  const bool inner = ctx.origin() == RequestOrigin::kScript && engine_.script != nullptr;
  const Client& client = inner ? *engine_.script->caller : ctx.client();
  log.Add(words, amount, engine_.now_ms / kMillisPerSecond, client.address, client.name);
}

void Dispatcher::Queue(Client& client, const Command& command, Args args) {
  Transaction& transaction = client.transaction;
  transaction.queued.push_back({&command, OwnedArgs(args)});
  transaction.flags = transaction.flags | FlagsOf(client, command, args);
  transaction.memory_bytes += transaction.queued.back().args.memory_bytes();
  client.reply().Queued();
}

Dispatcher::Result Dispatcher::Finish(Client& client, uint64_t reply_begin) {
  if (client.asking) EndAsking(client);
  if (client.reply_mode != ReplyMode::kOn) ApplyReplyMode(client, reply_begin);
  if (client.waits()) return Result::kWaits;
  // There is no end to what it asks for: no more of it.
  if (client.output.overflowed()) [[unlikely]]
    client.close_now = true;
  return client.close_now || client.close_after_reply ? Result::kClose : Result::kDone;
}

void Dispatcher::EndAsking(Client& client) {
  if (client.asking_fresh) {
    client.asking_fresh = false;
  } else if (!client.transaction.active) {
    client.asking = false;
  }
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
