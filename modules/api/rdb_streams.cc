// All data into an RDB file, or out of one, when a module wants it.
#include <cerrno>
#include <string>

#include "absl/status/status.h"
#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/modules.h"
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

// Other clients hear meanwhile that data is being loaded.
int RdbLoad(RedisModuleCtx* ctx, RedisModuleRdbStream* stream, int flags) noexcept {
  if (stream == nullptr || flags != 0) return Fail(EINVAL);
  node::Engine& engine = ctx->engine();
  const Host& host = ctx->modules.host();
  if (engine.replication.is_replica || host.replace_data == nullptr) return Fail(ENOTSUP);
  const absl::Status status = host.replace_data(stream->path, [&] {
    if (host.serve_others != nullptr) host.serve_others();
  });
  ctx->modules.TouchKeyspace();
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
