// A script's inner commands: what they must pass, in the order that scripts know.
#include "node/command/dispatcher.h"
#include "node/command/memory_limit.h"
#include "node/command/script_errors.h"
#include "node/command/script_run.h"
#include "node/resp/errors.h"
#include "slots/check.h"

namespace slotmesh::node {

Dispatcher::Result Dispatcher::ExecuteInScript(Client& client, Args args, const Plan& plan) {
  CHECK(engine_.script != nullptr);
  ScriptRun& run = *engine_.script;
  const uint64_t reply_begin = client.output.end_position();
  if (CheckInScript(client, run, args, plan)) {
    const Audience audience = engine_.journal.audience();
    engine_.journal.set_audience(Both(audience, run.audience));
    Call(client, *plan.command, args, RequestOrigin::kScript, plan.single_key());
    engine_.journal.set_audience(audience);
    ++run.caller->commands;
  }
  return Finish(client, reply_begin);
}

bool Dispatcher::CheckInScript(Client& client, ScriptRun& run, Args args, const Plan& plan) {
  const auto refuse = [&](std::string_view error) {
    Reject(client, plan.command, error);
    return false;
  };
  if (plan.command == nullptr) return refuse(errors::kScriptUnknownCommand);
  const Command& command = *plan.command;
  const CommandSpec& row = command.spec();
  // Of a container only its subcommands can be had.
  if (row.handler == nullptr || (!row.subcommands.empty() && args.size() >= 2)) {
    return refuse(errors::kScriptUnknownCommand);
  }
  if (!row.arity.Accepts(args.size())) return refuse(errors::kScriptWrongArity);
  if (Has(row.flags, Flag::kNoScript) && !engine_.scripts_unrestricted) {
    return refuse(errors::kNotFromScript);
  }
  if (!MayRun(client, command, args, RequestOrigin::kScript)) return false;
  const bool write = Has(row.flags, Flag::kWrite);
  if (run.read_only && Has(row.flags, Flag::kWrite | Flag::kMayReplicate)) {
    return refuse(errors::kScriptReadOnly);
  }
  if (engine_.replication.stale && !engine_.config.replica_serve_stale_data &&
      !Has(row.flags, Flag::kStale)) {
    return refuse(errors::kScriptStale);
  }
  // Half a script's writes are worse than a little more memory: the first one decides.
  if (!run.wrote) {
    if (write) {
      const std::string_view refusal = WriteRefusal(client);
      if (!refusal.empty()) return refuse(refusal);
    }
    if (Has(row.flags, Flag::kDenyOom) && !run.allow_oom && MemoryIsFull()) {
      return refuse(errors::kOom);
    }
  }
  if (engine_.held_keys.any() && ChangesHeldKey(client, command, args)) [[unlikely]] {
    return refuse(errors::kKeyHeld);
  }
  run.wrote = run.wrote || write;
  return engine_.gate == nullptr || CheckRoutingInScript(client, run, args, plan);
}

bool Dispatcher::MemoryIsFull(bool measure) const {
  if (engine_.config.maxmemory == 0 || engine_.memory_limit == nullptr) return false;
  const MemoryLimit::State state =
      measure ? engine_.memory_limit->Enforce() : engine_.memory_limit->state();
  return state == MemoryLimit::State::kFull;
}

bool Dispatcher::CheckRoutingInScript(Client& client, ScriptRun& run, Args args, const Plan& plan) {
  client.readonly = run.caller->readonly;
  client.asking = run.caller->asking;
  client.asking_fresh = false;
  int slot = kNoSlot;
  if (CheckRouting(client, *plan.command, args, RequestOrigin::kScript, plan, &slot) !=
      Admission::kServe) {
    return false;
  }
  if (run.slot == kNoSlot) run.slot = slot;
  if (slot == kNoSlot || !run.one_slot || run.slot == slot) return true;
  Reject(client, plan.command, errors::kScriptOtherSlot);
  return false;
}

bool Dispatcher::CheckBusy(Client& client, const Command& command) {
  const ScriptRun* run = engine_.script;
  if (run == nullptr || !run->busy || Has(command.flags(), Flag::kAllowBusy)) return true;
  // Of the append-only file: that it is loading is what clients are to hear.
  if (engine_.loading.active && !Has(command.flags(), Flag::kLoading)) return true;
  const std::string_view error = !run->busy_error.empty() ? run->busy_error
                                 : run->eval              ? errors::kBusyScript
                                                          : errors::kBusyFunction;
  Reject(client, &command, error);
  return false;
}

}  // namespace slotmesh::node
