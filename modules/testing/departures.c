/* Test module "departures": what it is told of values that go, and what it may do about it; the
 * categories of its commands. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "slotmesh_module.h"

/* --- departures.told: what went, with the length that could still be read, and how many attempts
   to change something meanwhile were refused. --- */

static RedisModuleString *told;
static long long refused;

static void TryToWrite(RedisModuleCtx *ctx, RedisModuleString *name) {
  RedisModuleKey *key = RedisModule_OpenKey(ctx, name, REDISMODULE_READ | REDISMODULE_WRITE);
  refused += key == NULL;
  RedisModule_CloseKey(key);
  RedisModuleCallReply *reply = RedisModule_Call(ctx, "DEL", "s", name);
  refused += reply == NULL && errno == ENOSPC;
  RedisModule_FreeCallReply(reply);
}

static void Told(RedisModuleCtx *ctx, void *name) {
  RedisModule_FreeCallReply(RedisModule_Call(ctx, "INCR", "!s", name));
}
static void FreeName(void *name) { RedisModule_FreeString(NULL, (RedisModuleString *)name); }

static void OnKey(RedisModuleCtx *ctx, RedisModuleEvent event, uint64_t subevent, void *data) {
  static const char *const kNames[] = {"deleted", "expired", "evicted", "overwritten"};
  RedisModuleKey *key = ((RedisModuleKeyInfo *)data)->key;
  const RedisModuleString *name = RedisModule_GetKeyNameFromModuleKey(key);
  (void)event;
  RedisModuleString *line = RedisModule_CreateStringPrintf(
      NULL, " %s:%s:%zu", kNames[subevent], RedisModule_StringPtrLen(name, NULL),
      RedisModule_ValueLength(key));
  size_t size;
  const char *bytes = RedisModule_StringPtrLen(line, &size);
  RedisModule_StringAppendBuffer(NULL, told, bytes, size);
  RedisModule_FreeString(NULL, line);
  RedisModuleString *again = RedisModule_CreateStringFromString(NULL, name);
  TryToWrite(ctx, again);
  RedisModule_FreeString(NULL, again);
  RedisModule_AddPostNotificationJob(ctx, Told, RedisModule_CreateString(NULL, kNames[subevent],
                                                                         strlen(kNames[subevent])),
                                     FreeName);
}

/* departures.watch yes|no */
static int Watch(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  const int on = strcmp(RedisModule_StringPtrLen(argv[1], NULL), "yes") == 0;
  RedisModule_SubscribeToServerEvent(ctx, RedisModuleEvent_Key, on ? OnKey : NULL);
  return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int TakeTold(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  RedisModule_ReplyWithArray(ctx, 2);
  RedisModule_ReplyWithString(ctx, told);
  RedisModule_ReplyWithLongLong(ctx, refused);
  RedisModule_FreeString(NULL, told);
  told = RedisModule_CreateString(NULL, "", 0);
  refused = 0;
  return REDISMODULE_OK;
}

/* departures.call format word ...: any command, with marks. */
static int Call(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  char format[16];
  if (argc < 3) return RedisModule_WrongArity(ctx);
  snprintf(format, sizeof(format), "%sEv", RedisModule_StringPtrLen(argv[1], NULL));
  RedisModuleCallReply *reply = RedisModule_Call(ctx, RedisModule_StringPtrLen(argv[2], NULL),
                                                 format, argv + 3, (size_t)(argc - 3));
  RedisModule_ReplyWithCallReply(ctx, reply);
  RedisModule_FreeCallReply(reply);
  return REDISMODULE_OK;
}

/* departures.keys n word ...: the key is word n + 1, whatever the numbers of its row say. Else it
   says whether a transaction runs. */
static int Keys(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (RedisModule_IsKeysPositionRequest(ctx)) {
    long long place = 0;
    if (argc > 2) RedisModule_StringToLongLong(argv[1], &place);
    RedisModule_KeyAtPos(ctx, (int)place + 1);
    return REDISMODULE_OK;
  }
  return RedisModule_ReplyWithLongLong(
      ctx, (RedisModule_GetContextFlags(ctx) & REDISMODULE_CTX_FLAGS_MULTI) != 0);
}

/* --- Categories. --- */

static int Fails(RedisModuleCtx *ctx, const char *name, int why) {
  errno = 0;
  return RedisModule_AddACLCategory(ctx, name) == REDISMODULE_ERR && errno == why;
}

static int AddCategories(RedisModuleCtx *ctx) {
  RedisModuleCommand *call = RedisModule_GetCommand(ctx, "departures.call");
  return RedisModule_AddACLCategory(ctx, "leaving") == REDISMODULE_OK &&
         Fails(ctx, "Leaving", EBUSY) && Fails(ctx, "read", EBUSY) && Fails(ctx, "a b", EINVAL) &&
         RedisModule_SetCommandACLCategories(call, "write none") == REDISMODULE_ERR &&
         RedisModule_SetCommandACLCategories(call, "leaving slow") == REDISMODULE_OK;
}

static int AddLate(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  RedisModuleCommand *late = RedisModule_GetCommand(ctx, "departures.late");
  const int fails = Fails(ctx, "late", EINVAL) &&
                    RedisModule_SetCommandACLCategories(late, "write") == REDISMODULE_ERR;
  return RedisModule_ReplyWithLongLong(ctx, fails);
}

SLOTMESH_MODULE_ENTRY int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv,
                                             int argc) {
  (void)argv;
  if (RedisModule_Init(ctx, "departures", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) {
    return REDISMODULE_ERR;
  }
  if (argc > 0) { /* To be refused: what it adds goes with it. */
    RedisModule_AddACLCategory(ctx, "leaving");
    return REDISMODULE_ERR;
  }
  told = RedisModule_CreateString(NULL, "", 0);
  if (RedisModule_CreateCommand(ctx, "departures.watch", Watch, "", 0, 0, 0) ||
      RedisModule_CreateCommand(ctx, "departures.told", TakeTold, "", 0, 0, 0) ||
      RedisModule_CreateCommand(ctx, "departures.call", Call, "write", 0, 0, 0) ||
      RedisModule_CreateCommand(ctx, "departures.keys", Keys, "readonly getkeys-api", 1, -1, 2) ||
      RedisModule_CreateCommand(ctx, "departures.late", AddLate, "", 0, 0, 0) ||
      !AddCategories(ctx)) {
    return REDISMODULE_ERR;
  }
  return REDISMODULE_OK;
}

SLOTMESH_MODULE_ENTRY int RedisModule_OnUnload(RedisModuleCtx *ctx) {
  (void)ctx;
  RedisModule_FreeString(NULL, told);
  return REDISMODULE_OK;
}
