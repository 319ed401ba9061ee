// What a request must pass before its handler runs, in the order of the cluster contract.
#include <algorithm>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "node/command/access_control.h"
#include "node/command/client_limit.h"
#include "node/command/dispatcher.h"
#include "node/command/memory_limit.h"
#include "node/resp/errors.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Of monitors, too, which Redis takes for a kind of replica.
constexpr std::string_view kNotForReplicas = "ERR Replica can't interact with the keyspace";

AclLog::Context ContextOf(const Client& client, RequestOrigin origin) {
  if (origin == RequestOrigin::kScript) return AclLog::Context::kLua;
  if (origin == RequestOrigin::kModule) return AclLog::Context::kModule;
  return client.transaction.active ? AclLog::Context::kMulti : AclLog::Context::kTopLevel;
}

std::string_view WhyNotQueued(AclDenial denial) {
  switch (denial) {
    case AclDenial::kNone:
    case AclDenial::kAuth:
    case AclDenial::kCommand:
      return "no permission to execute the command or subcommand";
    case AclDenial::kKey:
      return "no permission to touch the specified keys";
    case AclDenial::kChannel:
      return "no permission to access one of the channels used as arguments to the command";
  }
  return {};
}

// The command has the flag, and so has all that a transaction has queued if it runs that.
bool AllHave(const Client& client, const Command& command, Flag flag) {
  if (!Has(command.flags(), flag)) return false;
  if (!Has(command.flags(), Flag::kRunsTransaction)) return true;
  const std::vector<QueuedCommand>& queued = client.transaction.queued;
  return std::all_of(queued.begin(), queued.end(),
                     [flag](const QueuedCommand& one) { return Has(one.command->flags(), flag); });
}

}  // namespace

void Dispatcher::Reject(Client& client, const Command* command, std::string_view error) {
  if (client.transaction.active) client.transaction.poisoned = true;
  if (command != nullptr) ++command->stats().rejected;
  if (command != nullptr && Has(command->flags(), Flag::kRunsTransaction)) {
    DiscardTransaction(client);
    if (error.starts_with("ERR ")) error.remove_prefix(4);
    client.reply().Error(StrCat(errors::kExecAbortBecause, error));
  } else {
    client.reply().Error(error);
  }
  CountErrors(client, nullptr);
}

bool Dispatcher::CheckKnown(Client& client, const Command* command, Args args) {
  if (command == nullptr) {
    Reject(client, nullptr, UnknownCommand(args));
    return false;
  }
  // A container takes nothing but subcommands, even where it also works alone (COMMAND).
  const bool container_only = command->spec().handler == nullptr;
  if (!command->subcommands().empty() && args.size() >= 2) {
    Reject(client, nullptr, UnknownSubcommand(command->full_name(), args[1]));
    return false;
  }
  if (container_only || !command->spec().arity.Accepts(args.size())) {
    Reject(client, command, WrongArity(command->full_name()));
    return false;
  }
  return true;
}

bool Dispatcher::MayRun(Client& client, const Command& command, Args args, RequestOrigin origin) {
  const AclUser* user = client.user.get();
  if (client.authenticated && (user == nullptr || user->unrestricted())) [[likely]]
    return true;
  return CheckRules(client, command, args, origin);
}

bool Dispatcher::CheckRules(Client& client, const Command& command, Args args,
                            RequestOrigin origin) {
  if (!client.authenticated && !Has(command.flags(), Flag::kNoAuth) &&
      engine_.access.default_needs_login()) {
    Reject(client, &command, errors::kNoAuth);
    return false;
  }
  if (client.user == nullptr) return true;
  const AclVerdict verdict = AccessControl::Check(*client.user, command, args);
  if (verdict.allowed()) return true;
  engine_.access.Report(client, verdict, command, args, ContextOf(client, origin));
  const std::string why =
      AccessControl::Explain(verdict, *client.user, command, args, /*detail=*/false);
  const bool script = origin == RequestOrigin::kScript;
  Reject(client, &command, StrCat(script ? "ERR ACL failure in script: " : "NOPERM ", why));
  return false;
}

bool Dispatcher::CheckQueued(Client& client, const Command& command, Args args) {
  if (client.user == nullptr || client.user->unrestricted()) return true;
  const AclVerdict verdict = AccessControl::Check(*client.user, command, args);
  if (verdict.allowed()) return true;
  engine_.access.Report(client, verdict, command, args, AclLog::Context::kMulti);
  client.reply().Error(StrCat(errors::kNoPermSinceQueued, WhyNotQueued(verdict.denial)));
  return false;
}

Admission Dispatcher::CheckRouting(Client& client, const Command& command, Args args,
                                   RequestOrigin origin, const Plan& plan, int* slot) {
  GateRequest request{.command = command,
                      .args = args,
                      .flags = FlagsOf(client, command, args),
                      .origin = origin,
                      .now_ms = engine_.now_ms};
  request.keys = SlotsOf(client, command, args, plan);
  *slot = request.keys.slot;
  if (request.keys.slot == kNoSlot && !Has(request.flags, Flag::kWrite)) return Admission::kServe;
  const Admission admission = engine_.gate->Admit(request, client, client.reply());
  if (admission == Admission::kRefused) EndRefused(client, command);
  return admission;
}

slots::KeySlots Dispatcher::SlotsOf(const Client& client, const Command& command, Args args,
                                    const Plan& plan) {
  slots::KeySlots slots;
  if (plan.is_single) {
    slots.Add(static_cast<slots::Slot>(plan.key.slot));
  } else if (Has(command.flags(), Flag::kRunsTransaction) && client.transaction.active) {
    for (const QueuedCommand& queued : client.transaction.queued) {
      AddKeys(*queued.command, queued.args.view(), &slots);
    }
  } else if (command.has_keys()) {
    AddKeys(command, args, &slots);
  }
  return slots;
}

void Dispatcher::EndRefused(Client& client, const Command& command) {
  ++command.stats().rejected;
  CountErrors(client, nullptr);
  if (Has(command.flags(), Flag::kRunsTransaction)) {
    DiscardTransaction(client);
  } else if (client.transaction.active) {
    client.transaction.poisoned = true;
  }
}

void Dispatcher::RefuseParked(Client& client, std::string_view error) {
  const OwnedArgs request = std::exchange(client.parked, OwnedArgs());
  const uint64_t reply_begin = client.output.end_position();
  client.reply().Error(error);
  const Command* command = engine_.registry.Resolve(request.view());
  if (command != nullptr) EndRefused(client, *command);
  Finish(client, reply_begin);
  client.host()->Resume(client);
}

void Dispatcher::AddKeys(const Command& command, Args args, slots::KeySlots* slots) {
  slots::KeyRefs keys;
  // Arguments without extractable keys are the handler's to refuse.
  if (slots::FindKeys(command.spec().keys, command.spec().get_keys, slots::KeyDetail::kPositions,
                      args, &keys) != slots::KeyStatus::kOk) {
    return;
  }
  for (const slots::KeyRef& key : keys) slots->Add(slots::HashSlot(args[key.word]));
}

std::string_view Dispatcher::WriteRefusal(const Client& client) const {
  const ReplicationState& replication = engine_.replication;
  const Config& config = engine_.config;
  if (!engine_.disk_refusal.empty()) return engine_.disk_refusal;
  if (replication.is_replica) {
    return config.replica_read_only ? errors::kReadOnly : std::string_view();
  }
  if (TooFewReplicas()) return errors::kNoReplicas;
  return TooFewInSync(client) ? errors::kNotEnoughInSync : std::string_view();
}

bool Dispatcher::TooFewInSync(const Client& client) const {
  return engine_.gate != nullptr && IsSynced(engine_, client) && !engine_.gate->EnoughInSync();
}

bool Dispatcher::TooFewReplicas() const {
  const Config& config = engine_.config;
  return config.min_replicas_to_write > 0 && config.min_replicas_max_lag > 0 &&
         engine_.replication.good_replicas < config.min_replicas_to_write;
}

bool Dispatcher::CheckState(Client& client, const Command& command, Flag flags) {
  const auto refuse = [&](std::string_view error) {
    Reject(client, &command, error);
    return false;
  };
  if (Has(flags, Flag::kWrite)) {
    const std::string_view refusal = WriteRefusal(client);
    if (!refusal.empty()) [[unlikely]]
      return refuse(refusal);
  }
  if (client.subscriptions != nullptr && !client.reply().resp3() &&
      !Has(command.flags(), Flag::kWhileSubscribed)) [[unlikely]] {
    return refuse(NotWhileSubscribed(command.full_name()));
  }
  if ((client.monitor || client.is_replica) &&
      Has(command.flags(), Flag::kWrite | Flag::kReadOnly | Flag::kMayReplicate)) [[unlikely]] {
    return refuse(kNotForReplicas);
  }
  if (engine_.replication.stale && !engine_.config.replica_serve_stale_data &&
      !AllHave(client, command, Flag::kStale)) [[unlikely]] {
    return refuse(errors::kMasterDown);
  }
  if (engine_.loading.active && !AllHave(client, command, Flag::kLoading)) [[unlikely]] {
    Reject(client, &command, errors::kLoading);
    return false;
  }
  return true;
}

namespace {

using KeyPredicate = absl::FunctionRef<bool(std::string_view)>;

// The request changes a key of which `is_one` says so.
bool ChangesKey(const Command& command, Args args, bool if_all, KeyPredicate is_one) {
  const bool writes = Has(command.flags(), Flag::kWrite | Flag::kMayReplicate) &&
                      !Has(command.flags(), Flag::kShardPubSub);
  if (!writes) return false;
  if (command.changes_all_keys()) return if_all;
  slots::KeyRefs keys;
  if (!command.has_keys() ||
      slots::FindKeys(command.spec().keys, command.spec().get_keys, slots::KeyDetail::kPositions,
                      args, &keys) != slots::KeyStatus::kOk) {
    return false;
  }
  return std::any_of(keys.begin(), keys.end(),
                     [&](const slots::KeyRef& key) { return is_one(args[key.word]); });
}

// The same of all that a request runs.
bool ChangesKey(const Client& client, const Command& command, Args args, bool if_all,
                KeyPredicate is_one) {
  if (!Has(command.flags(), Flag::kRunsTransaction)) {
    return ChangesKey(command, args, if_all, is_one);
  }
  const std::vector<QueuedCommand>& queued = client.transaction.queued;
  return std::any_of(queued.begin(), queued.end(), [&](const QueuedCommand& one) {
    return ChangesKey(*one.command, one.args.view(), if_all, is_one);
  });
}

}  // namespace

bool Dispatcher::ChangesHeldKey(const Client& client, const Command& command, Args args) const {
  return ChangesKey(client, command, args, /*if_all=*/true,
                    [this](std::string_view key) { return engine_.held_keys.Contains(key); });
}

// What changes all keys takes whole tables, of which a snapshot keeps what it needs.
bool Dispatcher::ChangesUnsavedValue(const Client& client, const Command& command,
                                     Args args) const {
  return ChangesKey(client, command, args, /*if_all=*/false, [this](std::string_view key) {
    return engine_.big_values->MustWait(HashKey(engine_.keyspace, key));
  });
}

// Whoever takes too much memory is closed before anybody's keys are evicted for it.
bool Dispatcher::CheckMemory(Client& client, const Command& command, Flag flags,
                             RequestOrigin origin) {
  if (origin == RequestOrigin::kClient && engine_.client_limit != nullptr) {
    engine_.client_limit->Update(client);
    engine_.client_limit->Enforce();
    if (client.close_now) return false;
  }
  if (engine_.config.maxmemory == 0 || engine_.memory_limit == nullptr) [[likely]]
    return true;
  // What a replica holds is its primary's affair.
  if (engine_.replication.is_replica && engine_.config.replica_ignore_maxmemory) return true;
  // Commands inside of modules fare as the whole did when it began. Nothing is evicted while a
  // script runs.
  const bool enforce = origin == RequestOrigin::kClient && engine_.script == nullptr;
  const MemoryLimit::State state =
      enforce ? engine_.memory_limit->Enforce() : engine_.memory_limit->state();
  if (state != MemoryLimit::State::kFull) return true;
  // Queueing takes memory whatever it is that is queued.
  const bool queues =
      client.transaction.active && origin == RequestOrigin::kClient &&
      !Has(command.flags(), Flag::kRunsTransaction) &&
      (!Has(command.flags(), Flag::kTransactionControl) || Has(command.flags(), Flag::kNoMulti));
  if (!queues && !Has(flags, Flag::kDenyOom)) return true;
  Reject(client, &command, errors::kOom);
  return false;
}

void Dispatcher::DiscardTransaction(Client& client) {
  client.transaction = Transaction();
  engine_.watches.Forget(client);
}

}  // namespace slotmesh::node
