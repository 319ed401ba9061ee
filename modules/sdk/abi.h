// The types that cross the border between a server and a module: opaque handles, structs whose
// layout both sides know, and callbacks.
//
// Usable from C99 (with GNU assertions) and C++20; depends on nothing. A server that includes it
// defines the opaque structs itself. Layouts are ABI on 64-bit machines; the assertions at the end
// hold them. Both families of servers agree on everything here. After Redis 7.2 and Valkey 8.1 they
// part: events 18 and 19, context flags 1 << 25 and 1 << 26 and RedisModuleSlotRange (4 bytes in
// Redis 8, 8 in Valkey 9) mean different things, so none of those is declared.
#ifndef SLOTMESH_MODULES_SDK_ABI_H_
#define SLOTMESH_MODULES_SDK_ABI_H_

#include <stddef.h>
#include <stdint.h>

#include "abi_constants.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef long long mstime_t;  // milliseconds
typedef long long ustime_t;  // microseconds
typedef uint64_t RedisModuleTimerID;

// Handles. A module sees pointers to them and nothing more.
typedef struct RedisModuleCtx RedisModuleCtx;
typedef struct RedisModuleString RedisModuleString;
typedef struct RedisModuleKey RedisModuleKey;
typedef struct RedisModuleCommand RedisModuleCommand;
typedef struct RedisModuleCallReply RedisModuleCallReply;
typedef struct RedisModuleType RedisModuleType;
typedef struct RedisModuleIO RedisModuleIO;
typedef struct RedisModuleDigest RedisModuleDigest;
typedef struct RedisModuleKeyOptCtx RedisModuleKeyOptCtx;
typedef struct RedisModuleRdbStream RedisModuleRdbStream;
typedef struct RedisModuleDefragCtx RedisModuleDefragCtx;
typedef struct RedisModuleBlockedClient RedisModuleBlockedClient;
typedef struct RedisModuleClusterInfo RedisModuleClusterInfo;
typedef struct RedisModuleDict RedisModuleDict;
typedef struct RedisModuleDictIter RedisModuleDictIter;
typedef struct RedisModuleScanCursor RedisModuleScanCursor;
typedef struct RedisModuleCommandFilterCtx RedisModuleCommandFilterCtx;
typedef struct RedisModuleCommandFilter RedisModuleCommandFilter;
typedef struct RedisModuleInfoCtx RedisModuleInfoCtx;
typedef struct RedisModuleServerInfoData RedisModuleServerInfoData;
typedef struct RedisModuleUser RedisModuleUser;
typedef struct RedisModuleScriptingEngineCtx RedisModuleScriptingEngineCtx;
typedef struct RedisModuleScriptingEngineFunctionCtx RedisModuleScriptingEngineFunctionCtx;

typedef struct RedisModuleStreamID {
  uint64_t ms;
  uint64_t seq;
} RedisModuleStreamID;

// Commands and what the server calls back.
typedef int (*RedisModuleCmdFunc)(RedisModuleCtx* ctx, RedisModuleString** argv, int argc);
typedef void (*RedisModuleDisconnectFunc)(RedisModuleCtx* ctx, RedisModuleBlockedClient* client);
typedef void (*RedisModuleTimerProc)(RedisModuleCtx* ctx, void* data);
typedef void (*RedisModuleEventLoopFunc)(int fd, void* user_data, int mask);
typedef void (*RedisModuleEventLoopOneShotFunc)(void* user_data);
typedef int (*RedisModuleNotificationFunc)(RedisModuleCtx* ctx, int type, const char* event,
                                           RedisModuleString* key);
typedef void (*RedisModulePostNotificationJobFunc)(RedisModuleCtx* ctx, void* data);
typedef void (*RedisModuleClusterMessageReceiver)(RedisModuleCtx* ctx, const char* sender_id,
                                                  uint8_t type, const unsigned char* payload,
                                                  uint32_t length);
typedef void (*RedisModuleCommandFilterFunc)(RedisModuleCommandFilterCtx* filter);
typedef void (*RedisModuleForkDoneHandler)(int exit_code, int by_signal, void* user_data);
typedef void (*RedisModuleOnUnblocked)(RedisModuleCtx* ctx, RedisModuleCallReply* reply,
                                       void* private_data);
typedef void (*RedisModuleInfoFunc)(RedisModuleInfoCtx* ctx, int for_crash_report);
typedef void (*RedisModuleDefragFunc)(RedisModuleDefragCtx* ctx);
typedef void (*RedisModuleUserChangedFunc)(uint64_t client_id, void* private_data);
typedef int (*RedisModuleAuthCallback)(RedisModuleCtx* ctx, RedisModuleString* username,
                                       RedisModuleString* password, RedisModuleString** error);
typedef void (*RedisModuleScanCB)(RedisModuleCtx* ctx, RedisModuleString* name, RedisModuleKey* key,
                                  void* private_data);
typedef void (*RedisModuleScanKeyCB)(RedisModuleKey* key, RedisModuleString* field,
                                     RedisModuleString* value, void* private_data);

// Configuration: one getter and one setter per kind of value; apply runs once for what one CONFIG
// SET changed.
typedef RedisModuleString* (*RedisModuleConfigGetStringFunc)(const char* name, void* data);
typedef long long (*RedisModuleConfigGetNumericFunc)(const char* name, void* data);
typedef int (*RedisModuleConfigGetBoolFunc)(const char* name, void* data);
typedef int (*RedisModuleConfigGetEnumFunc)(const char* name, void* data);
typedef int (*RedisModuleConfigSetStringFunc)(const char* name, RedisModuleString* value,
                                              void* data, RedisModuleString** error);
typedef int (*RedisModuleConfigSetNumericFunc)(const char* name, long long value, void* data,
                                               RedisModuleString** error);
typedef int (*RedisModuleConfigSetBoolFunc)(const char* name, int value, void* data,
                                            RedisModuleString** error);
typedef int (*RedisModuleConfigSetEnumFunc)(const char* name, int value, void* data,
                                            RedisModuleString** error);
typedef int (*RedisModuleConfigApplyFunc)(RedisModuleCtx* ctx, void* data,
                                          RedisModuleString** error);

// Data types. The variants with a 2 get a context that names the key and the database.
typedef void* (*RedisModuleTypeLoadFunc)(RedisModuleIO* rdb, int encver);
typedef void (*RedisModuleTypeSaveFunc)(RedisModuleIO* rdb, void* value);
typedef int (*RedisModuleTypeAuxLoadFunc)(RedisModuleIO* rdb, int encver, int when);
typedef void (*RedisModuleTypeAuxSaveFunc)(RedisModuleIO* rdb, int when);
typedef void (*RedisModuleTypeRewriteFunc)(RedisModuleIO* aof, RedisModuleString* key, void* value);
typedef size_t (*RedisModuleTypeMemUsageFunc)(const void* value);
typedef size_t (*RedisModuleTypeMemUsageFunc2)(RedisModuleKeyOptCtx* ctx, const void* value,
                                               size_t sample_size);
typedef void (*RedisModuleTypeDigestFunc)(RedisModuleDigest* digest, void* value);
typedef void (*RedisModuleTypeFreeFunc)(void* value);
typedef size_t (*RedisModuleTypeFreeEffortFunc)(RedisModuleString* key, const void* value);
typedef size_t (*RedisModuleTypeFreeEffortFunc2)(RedisModuleKeyOptCtx* ctx, const void* value);
typedef void (*RedisModuleTypeUnlinkFunc)(RedisModuleString* key, const void* value);
typedef void (*RedisModuleTypeUnlinkFunc2)(RedisModuleKeyOptCtx* ctx, const void* value);
typedef void* (*RedisModuleTypeCopyFunc)(RedisModuleString* from, RedisModuleString* to,
                                         const void* value);
typedef void* (*RedisModuleTypeCopyFunc2)(RedisModuleKeyOptCtx* ctx, const void* value);
typedef int (*RedisModuleTypeDefragFunc)(RedisModuleDefragCtx* ctx, RedisModuleString* key,
                                         void** value);

// A caller compiled for version n gives a shorter struct: 56, 80, 112, 144, 152 bytes for 1 to 5.
// A server reads no field that `version` does not promise.
typedef struct RedisModuleTypeMethods {
  uint64_t version;
  RedisModuleTypeLoadFunc rdb_load;
  RedisModuleTypeSaveFunc rdb_save;
  RedisModuleTypeRewriteFunc aof_rewrite;
  RedisModuleTypeMemUsageFunc mem_usage;
  RedisModuleTypeDigestFunc digest;
  RedisModuleTypeFreeFunc free;
  RedisModuleTypeAuxLoadFunc aux_load;  // version 2 from here
  RedisModuleTypeAuxSaveFunc aux_save;
  int aux_save_triggers;
  RedisModuleTypeFreeEffortFunc free_effort;  // version 3
  RedisModuleTypeUnlinkFunc unlink;
  RedisModuleTypeCopyFunc copy;
  RedisModuleTypeDefragFunc defrag;
  RedisModuleTypeMemUsageFunc2 mem_usage2;  // version 4
  RedisModuleTypeFreeEffortFunc2 free_effort2;
  RedisModuleTypeUnlinkFunc2 unlink2;
  RedisModuleTypeCopyFunc2 copy2;
  RedisModuleTypeAuxSaveFunc aux_save2;  // version 5: writes nothing if there is nothing
} RedisModuleTypeMethods;

// What SetCommandInfo is told. Arrays end with an entry whose first pointer is null; key
// specifications end with one whose begin_search_type is INVALID.
typedef struct RedisModuleCommandArg {
  const char* name;
  RedisModuleCommandArgType type;
  int key_spec_index;
  const char* token;
  const char* summary;
  const char* since;
  int flags;
  const char* deprecated_since;
  struct RedisModuleCommandArg* subargs;
  const char* display_text;  // since 7.2; a caller with 64-byte entries does not have it
} RedisModuleCommandArg;

typedef struct RedisModuleCommandHistoryEntry {
  const char* since;
  const char* changes;
} RedisModuleCommandHistoryEntry;

typedef struct RedisModuleCommandKeySpec {
  const char* notes;
  uint64_t flags;
  RedisModuleKeySpecBeginSearchType begin_search_type;
  union {
    struct {
      int pos;
    } index;
    struct {
      const char* keyword;
      int startfrom;
    } keyword;
  } bs;
  RedisModuleKeySpecFindKeysType find_keys_type;
  union {
    struct {
      int lastkey;
      int keystep;
      int limit;
    } range;
    struct {
      int keynumidx;
      int firstkey;
      int keystep;
    } keynum;
  } fk;
} RedisModuleCommandKeySpec;

// The sizes are the strides of the caller's arrays.
typedef struct RedisModuleCommandInfoVersion {
  int version;
  size_t sizeof_historyentry;
  size_t sizeof_keyspec;
  size_t sizeof_arg;
} RedisModuleCommandInfoVersion;

typedef struct RedisModuleCommandInfo {
  const RedisModuleCommandInfoVersion* version;
  const char* summary;
  const char* complexity;
  const char* since;
  RedisModuleCommandHistoryEntry* history;
  const char* tips;
  int arity;
  RedisModuleCommandKeySpec* key_specs;
  RedisModuleCommandArg* args;
} RedisModuleCommandInfo;

// Server events. `dataver` is the version of the event's data that the subscriber knows.
typedef struct RedisModuleEvent {
  uint64_t id;
  uint64_t dataver;
} RedisModuleEvent;

typedef void (*RedisModuleEventCallback)(RedisModuleCtx* ctx, RedisModuleEvent event,
                                         uint64_t subevent, void* data);

// The data of events; each struct begins with its version.
typedef struct RedisModuleClientInfoV1 {
  uint64_t version;
  uint64_t flags;  // REDISMODULE_CLIENTINFO_FLAG_*
  uint64_t id;
  char addr[46];
  uint16_t port;
  uint16_t db;
} RedisModuleClientInfoV1;

typedef struct RedisModuleReplicationInfoV1 {
  uint64_t version;
  int master;
  char* masterhost;
  int masterport;
  char* replid1;
  char* replid2;
  uint64_t repl1_offset;
  uint64_t repl2_offset;
} RedisModuleReplicationInfoV1;

typedef struct RedisModuleFlushInfoV1 {
  uint64_t version;
  int32_t sync;
  int32_t dbnum;  // -1: all
} RedisModuleFlushInfoV1;

typedef struct RedisModuleModuleChangeV1 {
  uint64_t version;
  const char* module_name;
  int32_t module_version;
} RedisModuleModuleChangeV1;

typedef struct RedisModuleConfigChangeV1 {
  uint64_t version;
  uint32_t num_changes;
  const char** config_names;
} RedisModuleConfigChangeV1;

typedef struct RedisModuleCronLoopV1 {
  uint64_t version;
  int32_t hz;
} RedisModuleCronLoopV1;

typedef struct RedisModuleLoadingProgressV1 {
  uint64_t version;
  int32_t hz;
  int32_t progress;  // of 1024; -1: not known
} RedisModuleLoadingProgressV1;

typedef struct RedisModuleSwapDbInfoV1 {
  uint64_t version;
  int32_t dbnum_first;
  int32_t dbnum_second;
} RedisModuleSwapDbInfoV1;

typedef struct RedisModuleKeyInfoV1 {
  uint64_t version;
  RedisModuleKey* key;
} RedisModuleKeyInfoV1;

typedef RedisModuleClientInfoV1 RedisModuleClientInfo;
typedef RedisModuleReplicationInfoV1 RedisModuleReplicationInfo;
typedef RedisModuleFlushInfoV1 RedisModuleFlushInfo;
typedef RedisModuleModuleChangeV1 RedisModuleModuleChange;
typedef RedisModuleConfigChangeV1 RedisModuleConfigChange;
typedef RedisModuleCronLoopV1 RedisModuleCronLoop;
typedef RedisModuleLoadingProgressV1 RedisModuleLoadingProgress;
typedef RedisModuleSwapDbInfoV1 RedisModuleSwapDbInfo;
typedef RedisModuleKeyInfoV1 RedisModuleKeyInfo;

// Scripting engines (Valkey 8.1).
typedef struct RedisModuleScriptingEngineCompiledFunction {
  RedisModuleString* name;
  void* function;
  RedisModuleString* desc;
  uint64_t f_flags;
} RedisModuleScriptingEngineCompiledFunction;

typedef struct RedisModuleScriptingEngineMemoryInfo {
  size_t used_memory;
  size_t engine_memory_overhead;
} RedisModuleScriptingEngineMemoryInfo;

typedef RedisModuleScriptingEngineCompiledFunction** (
    *RedisModuleScriptingEngineCreateFunctionsLibraryFunc)(RedisModuleCtx* ctx,
                                                           RedisModuleScriptingEngineCtx* engine,
                                                           const char* code, size_t timeout,
                                                           size_t* count,
                                                           RedisModuleString** error);
typedef void (*RedisModuleScriptingEngineCallFunctionFunc)(
    RedisModuleCtx* ctx, RedisModuleScriptingEngineCtx* engine,
    RedisModuleScriptingEngineFunctionCtx* call, void* function, RedisModuleString** keys,
    size_t key_count, RedisModuleString** args, size_t arg_count);
typedef void (*RedisModuleScriptingEngineFreeFunctionFunc)(RedisModuleCtx* ctx,
                                                           RedisModuleScriptingEngineCtx* engine,
                                                           void* function);
typedef size_t (*RedisModuleScriptingEngineGetFunctionMemoryOverheadFunc)(RedisModuleCtx* ctx,
                                                                          void* function);
typedef RedisModuleScriptingEngineMemoryInfo (*RedisModuleScriptingEngineGetMemoryInfoFunc)(
    RedisModuleCtx* ctx, RedisModuleScriptingEngineCtx* engine);

typedef struct RedisModuleScriptingEngineMethodsV1 {
  uint64_t version;
  RedisModuleScriptingEngineCreateFunctionsLibraryFunc create_functions_library;
  RedisModuleScriptingEngineCallFunctionFunc call_function;
  RedisModuleScriptingEngineFreeFunctionFunc free_function;
  RedisModuleScriptingEngineGetFunctionMemoryOverheadFunc get_function_memory_overhead;
  RedisModuleScriptingEngineGetMemoryInfoFunc get_memory_info;
} RedisModuleScriptingEngineMethodsV1;
typedef RedisModuleScriptingEngineMethodsV1 RedisModuleScriptingEngineMethods;

#ifdef __cplusplus
}  // extern "C"
#endif

// Layouts. On machines with other sizes of pointers there is no interface to keep.
#if defined(__cplusplus)
#define SLOTMESH_MODULE_ASSERT(condition) static_assert(condition, #condition)
#else
#define SLOTMESH_MODULE_ASSERT(condition) _Static_assert(condition, #condition)
#endif
#define SLOTMESH_MODULE_SIZE(type, bytes) SLOTMESH_MODULE_ASSERT(sizeof(type) == (bytes))
#define SLOTMESH_MODULE_AT(type, field, bytes) \
  SLOTMESH_MODULE_ASSERT(offsetof(type, field) == (bytes))

SLOTMESH_MODULE_SIZE(RedisModuleClientInfoV1, 80);
SLOTMESH_MODULE_AT(RedisModuleClientInfoV1, flags, 8);
SLOTMESH_MODULE_AT(RedisModuleClientInfoV1, id, 16);
SLOTMESH_MODULE_AT(RedisModuleClientInfoV1, addr, 24);
SLOTMESH_MODULE_AT(RedisModuleClientInfoV1, port, 70);
SLOTMESH_MODULE_AT(RedisModuleClientInfoV1, db, 72);
SLOTMESH_MODULE_SIZE(RedisModuleCommandArg, 72);
SLOTMESH_MODULE_AT(RedisModuleCommandArg, type, 8);
SLOTMESH_MODULE_AT(RedisModuleCommandArg, key_spec_index, 12);
SLOTMESH_MODULE_AT(RedisModuleCommandArg, token, 16);
SLOTMESH_MODULE_AT(RedisModuleCommandArg, summary, 24);
SLOTMESH_MODULE_AT(RedisModuleCommandArg, since, 32);
SLOTMESH_MODULE_AT(RedisModuleCommandArg, flags, 40);
SLOTMESH_MODULE_AT(RedisModuleCommandArg, deprecated_since, 48);
SLOTMESH_MODULE_AT(RedisModuleCommandArg, subargs, 56);
SLOTMESH_MODULE_AT(RedisModuleCommandArg, display_text, 64);
SLOTMESH_MODULE_SIZE(RedisModuleCommandHistoryEntry, 16);
SLOTMESH_MODULE_AT(RedisModuleCommandHistoryEntry, changes, 8);
SLOTMESH_MODULE_SIZE(RedisModuleCommandInfo, 72);
SLOTMESH_MODULE_AT(RedisModuleCommandInfo, summary, 8);
SLOTMESH_MODULE_AT(RedisModuleCommandInfo, complexity, 16);
SLOTMESH_MODULE_AT(RedisModuleCommandInfo, since, 24);
SLOTMESH_MODULE_AT(RedisModuleCommandInfo, history, 32);
SLOTMESH_MODULE_AT(RedisModuleCommandInfo, tips, 40);
SLOTMESH_MODULE_AT(RedisModuleCommandInfo, arity, 48);
SLOTMESH_MODULE_AT(RedisModuleCommandInfo, key_specs, 56);
SLOTMESH_MODULE_AT(RedisModuleCommandInfo, args, 64);
SLOTMESH_MODULE_SIZE(RedisModuleCommandInfoVersion, 32);
SLOTMESH_MODULE_AT(RedisModuleCommandInfoVersion, sizeof_historyentry, 8);
SLOTMESH_MODULE_AT(RedisModuleCommandInfoVersion, sizeof_keyspec, 16);
SLOTMESH_MODULE_AT(RedisModuleCommandInfoVersion, sizeof_arg, 24);
SLOTMESH_MODULE_SIZE(RedisModuleConfigChangeV1, 24);
SLOTMESH_MODULE_AT(RedisModuleConfigChangeV1, num_changes, 8);
SLOTMESH_MODULE_AT(RedisModuleConfigChangeV1, config_names, 16);
SLOTMESH_MODULE_SIZE(RedisModuleCronLoopV1, 16);
SLOTMESH_MODULE_AT(RedisModuleCronLoopV1, hz, 8);
SLOTMESH_MODULE_SIZE(RedisModuleEvent, 16);
SLOTMESH_MODULE_AT(RedisModuleEvent, dataver, 8);
SLOTMESH_MODULE_SIZE(RedisModuleFlushInfoV1, 16);
SLOTMESH_MODULE_AT(RedisModuleFlushInfoV1, sync, 8);
SLOTMESH_MODULE_AT(RedisModuleFlushInfoV1, dbnum, 12);
SLOTMESH_MODULE_SIZE(RedisModuleKeyInfoV1, 16);
SLOTMESH_MODULE_AT(RedisModuleKeyInfoV1, key, 8);
SLOTMESH_MODULE_SIZE(RedisModuleLoadingProgressV1, 16);
SLOTMESH_MODULE_AT(RedisModuleLoadingProgressV1, hz, 8);
SLOTMESH_MODULE_AT(RedisModuleLoadingProgressV1, progress, 12);
SLOTMESH_MODULE_SIZE(RedisModuleModuleChangeV1, 24);
SLOTMESH_MODULE_AT(RedisModuleModuleChangeV1, module_name, 8);
SLOTMESH_MODULE_AT(RedisModuleModuleChangeV1, module_version, 16);
SLOTMESH_MODULE_SIZE(RedisModuleReplicationInfoV1, 64);
SLOTMESH_MODULE_AT(RedisModuleReplicationInfoV1, master, 8);
SLOTMESH_MODULE_AT(RedisModuleReplicationInfoV1, masterhost, 16);
SLOTMESH_MODULE_AT(RedisModuleReplicationInfoV1, masterport, 24);
SLOTMESH_MODULE_AT(RedisModuleReplicationInfoV1, replid1, 32);
SLOTMESH_MODULE_AT(RedisModuleReplicationInfoV1, replid2, 40);
SLOTMESH_MODULE_AT(RedisModuleReplicationInfoV1, repl1_offset, 48);
SLOTMESH_MODULE_AT(RedisModuleReplicationInfoV1, repl2_offset, 56);
SLOTMESH_MODULE_SIZE(RedisModuleScriptingEngineCompiledFunction, 32);
SLOTMESH_MODULE_AT(RedisModuleScriptingEngineCompiledFunction, function, 8);
SLOTMESH_MODULE_AT(RedisModuleScriptingEngineCompiledFunction, desc, 16);
SLOTMESH_MODULE_AT(RedisModuleScriptingEngineCompiledFunction, f_flags, 24);
SLOTMESH_MODULE_SIZE(RedisModuleScriptingEngineMemoryInfo, 16);
SLOTMESH_MODULE_AT(RedisModuleScriptingEngineMemoryInfo, engine_memory_overhead, 8);
SLOTMESH_MODULE_SIZE(RedisModuleScriptingEngineMethodsV1, 48);
SLOTMESH_MODULE_AT(RedisModuleScriptingEngineMethodsV1, create_functions_library, 8);
SLOTMESH_MODULE_AT(RedisModuleScriptingEngineMethodsV1, call_function, 16);
SLOTMESH_MODULE_AT(RedisModuleScriptingEngineMethodsV1, free_function, 24);
SLOTMESH_MODULE_AT(RedisModuleScriptingEngineMethodsV1, get_function_memory_overhead, 32);
SLOTMESH_MODULE_AT(RedisModuleScriptingEngineMethodsV1, get_memory_info, 40);
SLOTMESH_MODULE_SIZE(RedisModuleStreamID, 16);
SLOTMESH_MODULE_AT(RedisModuleStreamID, seq, 8);
SLOTMESH_MODULE_SIZE(RedisModuleSwapDbInfoV1, 16);
SLOTMESH_MODULE_AT(RedisModuleSwapDbInfoV1, dbnum_first, 8);
SLOTMESH_MODULE_AT(RedisModuleSwapDbInfoV1, dbnum_second, 12);
SLOTMESH_MODULE_SIZE(RedisModuleTypeMethods, 152);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, rdb_load, 8);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, rdb_save, 16);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, aof_rewrite, 24);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, mem_usage, 32);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, digest, 40);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, free, 48);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, aux_load, 56);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, aux_save, 64);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, aux_save_triggers, 72);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, free_effort, 80);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, unlink, 88);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, copy, 96);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, defrag, 104);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, mem_usage2, 112);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, free_effort2, 120);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, unlink2, 128);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, copy2, 136);
SLOTMESH_MODULE_AT(RedisModuleTypeMethods, aux_save2, 144);
SLOTMESH_MODULE_SIZE(RedisModuleCommandKeySpec, 56);

#endif  // SLOTMESH_MODULES_SDK_ABI_H_
