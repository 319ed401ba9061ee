// A module's inner commands: what they must pass, in the order that modules know.
#include "node/command/dispatcher.h"
#include "node/command/memory_limit.h"
#include "node/command/module_call.h"
#include "node/command/request_filter.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using Refusal = ModuleCall::Refusal;

constexpr std::string_view kForeignSlot =
    "ERR Attempted to access a non local key in a cluster node";

}  // namespace

Dispatcher::Result Dispatcher::ExecuteForModule(Client& client, Args args, ModuleCall& call) {
  OwnedArgs held;
  if (engine_.request_filter != nullptr) args = engine_.request_filter->Apply(client, args, &held);
  const Plan plan = MakePlan(args);
  client.ignores_memory = !call.respect_memory;
  const uint64_t reply_begin = client.output.end_position();
  if (!CheckForModule(client, args, plan, call) || call.dry_run) {
    return Finish(client, reply_begin);
  }
  // What runs within a call that nobody is to hear of is not heard of either.
  const Audience audience = engine_.journal.audience();
  engine_.journal.set_audience(Both(audience, call.audience));
  Call(client, *plan.command, args, RequestOrigin::kModule, plan.single_key());
  engine_.journal.set_audience(audience);
  return Finish(client, reply_begin);
}

bool Dispatcher::CheckForModule(Client& client, Args args, const Plan& plan, ModuleCall& call) {
  const auto refuse = [&](Refusal why, std::string_view error) {
    call.refusal = why;
    Reject(client, plan.command, error);
    return false;
  };
  if (plan.command == nullptr || plan.command->spec().handler == nullptr ||
      (!plan.command->subcommands().empty() && args.size() >= 2)) {
    call.refusal = Refusal::kUnknownCommand;
    return CheckKnown(client, plan.command, args);
  }
  const Command& command = *plan.command;
  const Flag flags = FlagsOf(client, command, args);
  if (!command.spec().arity.Accepts(args.size())) {
    return refuse(Refusal::kWrongArity, WrongArity(command.full_name()));
  }
  if (call.script_rules && Has(flags, Flag::kNoScript)) {
    return refuse(Refusal::kNotForScripts,
                  StrCat("ERR command '", command.full_name(), "' is not allowed on script mode"));
  }
  if (call.respect_memory && Has(flags, Flag::kDenyOom) && MemoryIsFull(call.measure_memory)) {
    return refuse(Refusal::kMemory, errors::kOom);
  }
  const bool write = Has(flags, Flag::kWrite);
  if (call.no_effects && Has(flags, Flag::kWrite | Flag::kMayReplicate | Flag::kNoScript)) {
    return refuse(Refusal::kWrite, StrCat("ERR Command '", command.full_name(),
                                          "' was called while a key is being removed."));
  }
  if (call.no_writes && write) {
    return refuse(Refusal::kWrite, StrCat("ERR Write command '", command.full_name(),
                                          "' was called while write is not allowed."));
  }
  if (call.script_rules) {
    const std::string_view refusal = write ? WriteRefusal(client) : std::string_view();
    if (!refusal.empty()) return refuse(Refusal::kState, refusal);
    if (engine_.replication.stale && !engine_.config.replica_serve_stale_data &&
        !Has(flags, Flag::kStale)) {
      return refuse(Refusal::kState, errors::kMasterDown);
    }
  }
  if (call.check_access && !MayRun(client, command, args, RequestOrigin::kModule)) {
    call.refusal = Refusal::kAccess;
    return false;
  }
  if (write && engine_.held_keys.any() && ChangesHeldKey(client, command, args)) [[unlikely]] {
    return refuse(Refusal::kForeignSlot, errors::kKeyHeld);
  }
  return engine_.gate == nullptr || !call.obeys_routing ||
         CheckRoutingForModule(client, args, plan, call);
}

// Modules are told where their caller can do nothing about it; clients, where to go instead.
bool Dispatcher::CheckRoutingForModule(Client& client, Args args, const Plan& plan,
                                       ModuleCall& call) {
  const uint64_t reply_begin = client.output.end_position();
  int slot = kNoSlot;
  if (CheckRouting(client, *plan.command, args, RequestOrigin::kModule, plan, &slot) ==
      Admission::kServe) {
    return true;
  }
  const std::string text = client.output.ToString();
  client.output.TruncateTo(reply_begin);
  const std::string& name = plan.command->full_name();
  if (text.find(errors::kClusterDownReadOnly) != std::string::npos) {
    call.refusal = Refusal::kClusterReadOnly;
    client.reply().Error(StrCat("ERR Can not execute a write command '", name,
                                "' while the cluster is down and readonly"));
  } else if (text.find("CLUSTERDOWN") != std::string::npos) {
    call.refusal = Refusal::kClusterDown;
    client.reply().Error(
        StrCat("ERR Can not execute a command '", name, "' while the cluster is down"));
  } else {
    call.refusal = Refusal::kForeignSlot;
    client.reply().Error(kForeignSlot);
  }
  client.reply().ClearErrors();
  return false;
}

}  // namespace slotmesh::node
