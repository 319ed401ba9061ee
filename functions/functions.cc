#include "functions/functions.h"

#include <utility>

#include "functions/library_dump.h"
#include "functions/lua/lua_engine.h"
#include "functions/lua/watchdog.h"
#include "node/command/memory_limit.h"
#include "node/command/script_run.h"
#include "node/journal/journal.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::functions {
namespace {

constexpr std::string_view kReadOnlyReplica =
    "READONLY Can not run script with write flag on readonly replica.";
constexpr std::string_view kNoCluster =
    "ERR Can not run script on cluster, 'no-cluster' flag is set.";
constexpr std::string_view kWriteFlag =
    "ERR Can not execute a script with write flag using *_ro command.";
constexpr std::string_view kNoAllowOom =
    "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";

// The words before the keys: the command, what is run, the number of keys.
constexpr size_t kFirstKey = 3;

}  // namespace

struct Functions::Engines {
  explicit Engines(const Host& host)
      : scripts(lua::LuaEngine::Purpose::kScripts, host, watchdog),
        functions(lua::LuaEngine::Purpose::kFunctions, host, watchdog) {}

  lua::Watchdog watchdog;
  lua::LuaEngine scripts;
  lua::LuaEngine functions;
};

Functions::Functions(Host host)
    : host_(std::move(host)),
      engines_(std::make_unique<Engines>(host_)),
      library_engines_{&engines_->functions},
      scripts_(engines_->scripts),
      inner_(0, nullptr) {}

Functions::~Functions() = default;

std::string_view Functions::Refusal(node::CommandContext& ctx, const Invocation& invocation) const {
  const node::Engine& engine = host_.engine;
  const node::ReplicationState& replication = engine.replication;
  if (replication.stale && !engine.config.replica_serve_stale_data &&
      !Has(invocation.flags, ScriptFlag::kAllowStale)) {
    return node::errors::kMasterDown;
  }
  if (Has(invocation.flags, ScriptFlag::kUndeclared)) return {};
  if (Has(invocation.flags, ScriptFlag::kNoCluster) && engine.keyspace.cluster()) {
    return kNoCluster;
  }
  const bool read_only_form = node::Has(ctx.command().flags(), node::Flag::kReadOnly);
  if (!Has(invocation.flags, ScriptFlag::kNoWrites) && read_only_form) return kWriteFlag;
  if (!Has(invocation.flags, ScriptFlag::kNoWrites)) {
    if (replication.is_replica && engine.config.replica_read_only) return kReadOnlyReplica;
    if (host_.dispatcher.TooFewReplicas()) return node::errors::kNoReplicas;
    if (host_.dispatcher.TooFewInSync(ctx.client())) return node::errors::kNotEnoughInSync;
    if (!engine.disk_refusal.empty()) return engine.disk_refusal;
  }
  const bool full = !ctx.client().ignores_memory && engine.config.maxmemory != 0 &&
                    engine.memory_limit != nullptr &&
                    engine.memory_limit->state() == node::MemoryLimit::State::kFull;
  if (full && !Has(invocation.flags, ScriptFlag::kAllowOom | ScriptFlag::kNoWrites)) {
    return kNoAllowOom;
  }
  return {};
}

void Functions::PrepareInner(const node::Client& caller) {
  if (inner_.user != caller.user) inner_.user = caller.user;
  inner_.authenticated = caller.authenticated;
  inner_.database = caller.database;
  inner_.no_touch = caller.no_touch;
  inner_.import_source = caller.import_source;
  inner_.write_safety = caller.write_safety;
  inner_.has_unsent_write = false;
}

void Functions::Run(node::CommandContext& ctx, node::Args args, const Invocation& invocation) {
  const std::string_view refusal = Refusal(ctx, invocation);
  if (!refusal.empty()) return ctx.reply().Error(refusal);
  node::Engine& engine = host_.engine;
  node::Client& caller = ctx.client();
  const bool undeclared = Has(invocation.flags, ScriptFlag::kUndeclared);
  const node::Args keys = args.subspan(kFirstKey, invocation.key_count);
  node::ScriptRun run{
      .caller = &caller,
      .eval = invocation.eval,
      .function = invocation.name,
      .request = args,
      .begin_ns = engine.turn_ns,
      .read_only = node::Has(ctx.command().flags(), node::Flag::kReadOnly) ||
                   Has(invocation.flags, ScriptFlag::kNoWrites),
      .allow_oom = caller.ignores_memory || Has(invocation.flags, ScriptFlag::kAllowOom),
      .one_slot = !undeclared && !Has(invocation.flags, ScriptFlag::kAllowCrossSlotKeys),
  };
  if (!keys.empty() && engine.keyspace.cluster()) run.slot = slots::HashSlot(keys[0]);
  PrepareInner(caller);
  engine.script = &run;
  invocation.code.engine()->Call({.code = invocation.code,
                                  .name = invocation.name,
                                  .keys = keys,
                                  .args = args.subspan(kFirstKey + invocation.key_count),
                                  .run = run,
                                  .inner = inner_,
                                  .reply = ctx.reply(),
                                  .failures = ctx.command().stats().failed});
  engine.script = nullptr;
  // Undeclared keys tell the slot, too; several slots' commands count for none.
  caller.slot_cost.slot =
      Has(invocation.flags, ScriptFlag::kAllowCrossSlotKeys) ? node::kNoSlot : run.slot;
  if (inner_.has_unsent_write) caller.has_unsent_write = true;
  if (run.abandoned) engine.journal.AbandonUnit();
}

absl::StatusOr<std::unique_ptr<Library>> Functions::Prepare(std::string_view text, bool replace) {
  const absl::StatusOr<LibraryHead> head = ParseLibrary(text);
  if (!head.ok()) return head.status();
  // Known before its text is run.
  if (FindEngine(head->engine, library_engines_) == nullptr) {
    return absl::InvalidArgumentError(StrCat("Engine '", head->engine, "' not found"));
  }
  if (!replace && libraries_.FindLibrary(head->name) != nullptr) {
    return absl::AlreadyExistsError(StrCat("Library '", head->name, "' already exists"));
  }
  absl::StatusOr<std::unique_ptr<Library>> library = CompileLibrary(text, library_engines_);
  if (!library.ok()) return library.status();
  const absl::Status possible = libraries_.CanAdd(**library, replace);
  if (!possible.ok()) return possible;
  return library;
}

absl::StatusOr<LibraryRegistry> Functions::PrepareAll(std::string_view payload,
                                                      RestorePolicy policy) {
  const absl::StatusOr<std::vector<std::string>> texts = ReadLibraries(payload);
  if (!texts.ok()) return texts.status();
  LibraryRegistry restored;
  for (const std::string& text : *texts) {
    absl::StatusOr<std::unique_ptr<Library>> library = CompileLibrary(text, library_engines_);
    if (!library.ok()) return library.status();
    const absl::Status added = restored.Add(*std::move(library), /*replace=*/false);
    if (!added.ok()) return added;
  }
  if (policy == RestorePolicy::kFlush) return restored;
  const absl::Status possible = libraries_.CanAddAll(restored, policy == RestorePolicy::kReplace);
  if (!possible.ok()) return possible;
  return restored;
}

absl::StatusOr<std::string> Functions::Load(std::string_view text, bool replace) {
  absl::StatusOr<std::unique_ptr<Library>> library = Prepare(text, replace);
  if (!library.ok()) return library.status();
  std::string name = (*library)->name;
  const absl::Status added = Add(*std::move(library), replace);
  if (!added.ok()) return added;
  return name;
}

absl::Status Functions::Add(std::unique_ptr<Library> library, bool replace) {
  ++library_changes_;
  return libraries_.Add(std::move(library), replace);
}

absl::Status Functions::Restore(std::string_view payload, RestorePolicy policy) {
  absl::StatusOr<LibraryRegistry> restored = PrepareAll(payload, policy);
  if (!restored.ok()) return restored.status();
  ++library_changes_;
  if (policy == RestorePolicy::kFlush) {
    std::swap(libraries_, *restored);
    return absl::OkStatus();
  }
  return libraries_.AddAll(*std::move(restored), policy == RestorePolicy::kReplace);
}

bool Functions::Delete(std::string_view name) {
  ++library_changes_;
  return libraries_.Remove(name);
}

void Functions::FlushLibraries() {
  ++library_changes_;
  libraries_ = LibraryRegistry();
  engines_->functions.Collect();
}

node::ScriptUsage Functions::Measure() const {
  return {.eval_vm_bytes = engines_->scripts.memory_bytes(),
          .functions_vm_bytes = engines_->functions.memory_bytes(),
          .eval_cache_bytes = scripts_.memory_bytes(),
          .libraries_bytes = libraries_.memory_bytes(),
          .cached_scripts = scripts_.size(),
          .evicted_scripts = scripts_.evicted(),
          .libraries = libraries_.libraries().size(),
          .functions = libraries_.function_count()};
}

}  // namespace slotmesh::functions
