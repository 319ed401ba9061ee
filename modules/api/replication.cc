// Replicate and ReplicateVerbatim: what a command, a timer or a thread's work did, as commands for
// files and replicas. What one call, or one hold of the lock, replicates is one unit.
#include <cstdarg>

#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/words.h"
#include "slots/hash_slot.h"
#include "slots/key_spec.h"

namespace slotmesh::modules {
namespace {

// Of the first key that the words name.
int SlotOf(const node::Engine& engine, node::Args words) {
  if (!engine.keyspace.cluster()) return node::kNoSlot;
  const node::Command* command = engine.registry.Resolve(words);
  slots::KeyRefs keys;
  if (command == nullptr ||
      slots::FindKeys(command->spec().keys, command->spec().get_keys, slots::KeyDetail::kPositions,
                      words, &keys) != slots::KeyStatus::kOk ||
      keys.empty()) {
    return node::kNoSlot;
  }
  return slots::HashSlot(words[keys[0].word]);
}

void Append(RedisModuleCtx* ctx, node::Args words) {
  node::Engine& engine = ctx->engine();
  const int slot = SlotOf(engine, words);
  ++engine.stats.keyspace_changes;
  if (ctx->command != nullptr) {
    ctx->command->Effect(words, slot);
  } else if (engine.journal.active()) {
    engine.journal.Append(
        {.database = ctx->database, .slot = slot, .origin = node::Origin::kModule, .argv = words});
  }
}

int Replicate(RedisModuleCtx* ctx, const char* name, const char* format, ...) noexcept {
  FormattedWords request;
  va_list args;
  va_start(args, format);
  const bool readable = request.Read(name, format, args);
  va_end(args);
  if (!readable || ctx->engine().registry.Find(name) == nullptr) return REDISMODULE_ERR;
  node::Journal& journal = ctx->engine().journal;
  const node::Audience audience = journal.audience();
  journal.set_audience(node::Both(audience, request.marks().audience()));
  Append(ctx, request.words());
  journal.set_audience(audience);
  return REDISMODULE_OK;
}

int ReplicateVerbatim(RedisModuleCtx* ctx) noexcept {
  // Of a command, or of a callback for a client that has waited since one.
  if (ctx->request.empty()) return REDISMODULE_ERR;
  Append(ctx, ctx->request);
  return REDISMODULE_OK;
}

const ApiEntry kFunctions[] = {
    {"Replicate", &Replicate},
    {"ReplicateVerbatim", &ReplicateVerbatim},
};

}  // namespace

ApiGroup ReplicationFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
