// All data into an RDB file, or out of one, when a module wants it.
#include <cerrno>
#include <string>

#include "absl/status/status.h"
#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "node/keyspace/entry_codec.h"
#include "slots/strings.h"

struct RedisModuleRdbStream {
  std::string path;
};

namespace slotmesh::modules {
namespace {

RedisModuleRdbStream* RdbStreamCreateFromFile(const char* path) noexcept {
  return new RedisModuleRdbStream{path};
}
void RdbStreamFree(RedisModuleRdbStream* stream) noexcept { delete stream; }

int Fail(int why) {
  errno = why;
  return REDISMODULE_ERR;
}

int RdbSave(RedisModuleCtx* ctx, RedisModuleRdbStream* stream, int flags) noexcept {
  if (stream == nullptr || flags != 0) return Fail(EINVAL);
  const absl::Status status = ctx->modules.host().persistence.SaveTo(stream->path);
  if (!status.ok()) {
    ctx->LogWarning(StrCat("Cannot save to ", stream->path, ": ", ToStd(status.message())));
    return Fail(EIO);
  }
  errno = 0;
  return REDISMODULE_OK;
}

// Replicas and the append-only file get the same data, command by command.
void Replicate(node::Engine& engine) {
  if (!engine.journal.active()) return;
  const node::JournalScope unit(engine.journal);
  const auto append = [&](int database, int slot, node::Args words) {
    engine.journal.Append(
        {.database = database, .slot = slot, .origin = node::Origin::kModule, .argv = words});
  };
  const std::string_view flush[] = {"FLUSHALL"};
  append(0, node::kNoSlot, flush);
  const bool cluster = engine.keyspace.cluster();
  for (int i = 0; i < engine.keyspace.database_count(); ++i) {
    engine.keyspace.database(i).ForEach([&](int slot, const node::Entry& entry) {
      const std::string expiry = entry.has_expiry() ? StrCat(entry.expiry()) : "0";
      const std::string value = node::DumpEntry(entry, engine.config.rdbcompression, i);
      const std::string_view words[] = {"RESTORE", entry.key(), expiry, value, "ABSTTL"};
      append(i, cluster ? slot : node::kNoSlot, words);
    });
  }
}

int RdbLoad(RedisModuleCtx* ctx, RedisModuleRdbStream* stream, int flags) noexcept {
  if (stream == nullptr || flags != 0) return Fail(EINVAL);
  node::Engine& engine = ctx->engine();
  if (engine.replication.is_replica) return Fail(ENOTSUP);
  node::Persistence& files = ctx->modules.host().persistence;
  (void)files.CancelBackgroundSave();
  const absl::Status status = files.Reload({.save = false, .path = stream->path});
  ctx->modules.TouchKeyspace();
  Replicate(engine);
  if (!status.ok()) {
    ctx->LogWarning(StrCat("Cannot load ", stream->path, ": ", ToStd(status.message())));
    return Fail(absl::IsNotFound(status) ? ENOENT : EIO);
  }
  errno = 0;
  return REDISMODULE_OK;
}

const ApiEntry kFunctions[] = {
    {"RdbStreamCreateFromFile", &RdbStreamCreateFromFile},
    {"RdbStreamFree", &RdbStreamFree},
    {"RdbSave", &RdbSave},
    {"RdbLoad", &RdbLoad},
};

}  // namespace

ApiGroup RdbStreamFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
