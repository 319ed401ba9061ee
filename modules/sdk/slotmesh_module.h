// What a module includes: the interface's types, a pointer RedisModule_X for each of its functions,
// and RedisModule_Init, which fills them.
//
//   #include "slotmesh_module.h"
//   int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
//     if (RedisModule_Init(ctx, "name", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR)
//       return REDISMODULE_ERR;
//     return RedisModule_CreateCommand(ctx, "name.hello", Hello, "readonly fast", 0, 0, 0);
//   }
//
// The names are those that sources for Redis use, so such a source compiles when its
// "redismodule.h" is a file that includes this one, and what is built loads into every server with
// this interface. The folder is complete: -I with its path is all that a build outside this
// repository needs. C99 or later, C++11 or later.
//
// A function that the server does not have leaves its pointer null: test with
// RMAPI_FUNC_SUPPORTED(RedisModule_X) what the oldest server that you want to serve may lack.
//
// Several sources may make up one library: the pointers are weak and hidden, so all of them share
// one set within the library and none with another library, and one RedisModule_Init fills them.
// (Not `inline` variables: the linker would share those between libraries.) Another storage class
// is had by defining SLOTMESH_MODULE_API before including this, say as `static` for a set per
// source, each with its RedisModule_Init, or as `extern` where another source defines them.
//
// Thread safety: the pointers are written by RedisModule_Init only.
#ifndef SLOTMESH_MODULES_SDK_SLOTMESH_MODULE_H_
#define SLOTMESH_MODULES_SDK_SLOTMESH_MODULE_H_

#include <stdlib.h>

#include "abi.h"

#ifndef SLOTMESH_MODULE_API
#define SLOTMESH_MODULE_API __attribute__((weak, visibility("hidden")))
#endif

// What a source says of a function that the server looks up in the library.
#ifdef __cplusplus
#define SLOTMESH_MODULE_ENTRY extern "C" __attribute__((visibility("default")))
#else
#define SLOTMESH_MODULE_ENTRY __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define SLOTMESH_MODULE_UNCHECKED
#define SLOTMESH_MODULE_PRINTF(format_at, arguments_at) \
  __attribute__((format(printf, format_at, arguments_at)))
#define SLOTMESH_MODULE_FUNCTION(result, name, parameters, checks) \
  SLOTMESH_MODULE_API result(*RedisModule_##name) parameters checks;
#include "api.inc"
#undef SLOTMESH_MODULE_FUNCTION

// Finds a function by its full name: 0 and *target set, or 1 and *target untouched.
typedef int (*RedisModuleGetApiFunc)(const char* name, void* target);
SLOTMESH_MODULE_API RedisModuleGetApiFunc RedisModule_GetApi;

// Fills the pointers and names the module. ERR if a module of that name is loaded.
// REQUIRES: called first in RedisModule_OnLoad, with its context.
__attribute__((unused)) static int RedisModule_Init(RedisModuleCtx* ctx, const char* name,
                                                    int version, int api_version) {
  // The first member of every context is GetApi.
  RedisModule_GetApi = *(RedisModuleGetApiFunc*)(void*)ctx;
#define SLOTMESH_MODULE_FUNCTION(result, name, parameters, checks) \
  (void)RedisModule_GetApi("RedisModule_" #name, (void*)&RedisModule_##name);
#include "api.inc"
#undef SLOTMESH_MODULE_FUNCTION
  if (RedisModule_IsModuleNameBusy != NULL && RedisModule_IsModuleNameBusy(name)) {
    return REDISMODULE_ERR;
  }
  RedisModule_SetModuleAttribs(ctx, name, version, api_version);
  return REDISMODULE_OK;
}

// What SetCommandInfo is told of this header's layouts.
static const RedisModuleCommandInfoVersion RedisModule_CurrentCommandInfoVersion = {
    1, sizeof(RedisModuleCommandHistoryEntry), sizeof(RedisModuleCommandKeySpec),
    sizeof(RedisModuleCommandArg)};

// Events for SubscribeToServerEvent: each in the version of its data that this header has.
#define SLOTMESH_MODULE_EVENT(name, id) \
  static const RedisModuleEvent RedisModuleEvent_##name = {REDISMODULE_EVENT_##id, 1}
SLOTMESH_MODULE_EVENT(ReplicationRoleChanged, REPLICATION_ROLE_CHANGED);
SLOTMESH_MODULE_EVENT(Persistence, PERSISTENCE);
SLOTMESH_MODULE_EVENT(FlushDB, FLUSHDB);
SLOTMESH_MODULE_EVENT(Loading, LOADING);
SLOTMESH_MODULE_EVENT(ClientChange, CLIENT_CHANGE);
SLOTMESH_MODULE_EVENT(Shutdown, SHUTDOWN);
SLOTMESH_MODULE_EVENT(ReplicaChange, REPLICA_CHANGE);
SLOTMESH_MODULE_EVENT(CronLoop, CRON_LOOP);
SLOTMESH_MODULE_EVENT(MasterLinkChange, MASTER_LINK_CHANGE);
SLOTMESH_MODULE_EVENT(PrimaryLinkChange, PRIMARY_LINK_CHANGE);
SLOTMESH_MODULE_EVENT(ModuleChange, MODULE_CHANGE);
SLOTMESH_MODULE_EVENT(LoadingProgress, LOADING_PROGRESS);
SLOTMESH_MODULE_EVENT(SwapDB, SWAPDB);
SLOTMESH_MODULE_EVENT(ReplBackup, REPL_BACKUP);
SLOTMESH_MODULE_EVENT(ReplAsyncLoad, REPL_ASYNC_LOAD);
SLOTMESH_MODULE_EVENT(ForkChild, FORK_CHILD);
SLOTMESH_MODULE_EVENT(EventLoop, EVENTLOOP);
SLOTMESH_MODULE_EVENT(Config, CONFIG);
SLOTMESH_MODULE_EVENT(Key, KEY);
#undef SLOTMESH_MODULE_EVENT

#ifdef __cplusplus
}  // extern "C"
#endif

#define REDISMODULE_COMMAND_INFO_VERSION (&RedisModule_CurrentCommandInfoVersion)
#define REDISMODULE_CLIENTINFO_INITIALIZER_V1 \
  { .version = 1 }
#define REDISMODULE_NOT_USED(variable) ((void)(variable))
#define REDISMODULE_GET_API(name) \
  RedisModule_GetApi("RedisModule_" #name, (void*)&RedisModule_##name)
#define RMAPI_FUNC_SUPPORTED(function) ((function) != NULL)

// Ends the process if the condition does not hold, naming the place in the server's log.
#define RedisModule_Assert(condition) \
  ((condition) ? (void)0 : (RedisModule__Assert(#condition, __FILE__, __LINE__), abort()))

// The client id of commands that are loaded from an append-only file.
#define RedisModule_IsAOFClient(id) ((id) == UINT64_MAX)

#endif  // SLOTMESH_MODULES_SDK_SLOTMESH_MODULE_H_
