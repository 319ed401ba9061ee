/* Test module "watcher": filters, notifications, server events, settings and INFO. */
#include <stdio.h>
#include <string.h>

#include "slotmesh_module.h"

/* --- A filter: "@greet name" becomes "ECHO hello-name"; "@nothing" stays. --- */

static RedisModuleCommandFilter *filter;

static void Filter(RedisModuleCommandFilterCtx *request) {
  if (RedisModule_CommandFilterArgsCount(request) != 2) return;
  const char *name =
      RedisModule_StringPtrLen(RedisModule_CommandFilterArgGet(request, 0), NULL);
  if (strcmp(name, "@greet") != 0) return;
  const char *whom =
      RedisModule_StringPtrLen(RedisModule_CommandFilterArgGet(request, 1), NULL);
  RedisModuleString *greeting = RedisModule_CreateStringPrintf(NULL, "hello-%s", whom);
  RedisModule_CommandFilterArgReplace(request, 0, RedisModule_CreateString(NULL, "ECHO", 4));
  RedisModule_CommandFilterArgDelete(request, 1);
  RedisModule_CommandFilterArgInsert(request, 1, greeting);
}

static int Unfilter(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  return RedisModule_ReplyWithLongLong(ctx, RedisModule_UnregisterCommandFilter(ctx, filter));
}

/* --- Notifications: every SET is counted, at the end of its unit. --- */

static void CountWrite(RedisModuleCtx *ctx, void *key) {
  RedisModule_FreeCallReply(RedisModule_Call(ctx, "HINCRBY", "!csc", "writes", key, "1"));
}

static void FreeKey(void *key) { RedisModule_FreeString(NULL, (RedisModuleString *)key); }

static int OnString(RedisModuleCtx *ctx, int type, const char *event, RedisModuleString *key) {
  (void)type;
  if (strcmp(event, "set") != 0) return REDISMODULE_OK;
  RedisModule_AddPostNotificationJob(ctx, CountWrite, RedisModule_HoldString(NULL, key), FreeKey);
  return REDISMODULE_OK;
}

static int Notify(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModule_NotifyKeyspaceEvent(ctx, REDISMODULE_NOTIFY_MODULE, "watched", argv[1]);
  return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* --- Server events, as text. --- */

static char events[4096];

static void Note(const char *event, long long number) {
  const size_t used = strlen(events);
  snprintf(events + used, sizeof(events) - used, "%s%s:%lld", used == 0 ? "" : " ", event, number);
}

static void OnEvent(RedisModuleCtx *ctx, RedisModuleEvent event, uint64_t subevent, void *data) {
  (void)ctx;
  if (event.id == REDISMODULE_EVENT_FLUSHDB) {
    Note(subevent == REDISMODULE_SUBEVENT_FLUSHDB_START ? "flush" : "flushed",
         ((RedisModuleFlushInfo *)data)->dbnum);
  } else if (event.id == REDISMODULE_EVENT_SWAPDB) {
    Note("swap", ((RedisModuleSwapDbInfo *)data)->dbnum_second);
  } else if (event.id == REDISMODULE_EVENT_CONFIG) {
    Note(((RedisModuleConfigChange *)data)->config_names[0],
         ((RedisModuleConfigChange *)data)->num_changes);
  } else if (event.id == REDISMODULE_EVENT_MODULE_CHANGE) {
    Note(((RedisModuleModuleChange *)data)->module_name, (long long)subevent);
  }
}

static int TakeEvents(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  RedisModule_ReplyWithCString(ctx, events);
  events[0] = '\0';
  return REDISMODULE_OK;
}

/* --- Settings. --- */

static int on;
static long long size;
static int colours;
static RedisModuleString *title;
static int applied;

static int GetOn(const char *name, void *data) {
  (void)name;
  return *(int *)data;
}
static int SetOn(const char *name, int value, void *data, RedisModuleString **error) {
  (void)name;
  (void)error;
  *(int *)data = value;
  return REDISMODULE_OK;
}
static long long GetSize(const char *name, void *data) {
  (void)name;
  (void)data;
  return size;
}
static int SetSize(const char *name, long long value, void *data, RedisModuleString **error) {
  (void)name;
  (void)data;
  if (value == 13) {
    *error = RedisModule_CreateString(NULL, "unlucky", 7);
    return REDISMODULE_ERR;
  }
  size = value;
  return REDISMODULE_OK;
}
static RedisModuleString *GetTitle(const char *name, void *data) {
  (void)name;
  (void)data;
  return title;
}
static int SetTitle(const char *name, RedisModuleString *value, void *data,
                    RedisModuleString **error) {
  (void)name;
  (void)data;
  (void)error;
  if (title != NULL) RedisModule_FreeString(NULL, title);
  title = RedisModule_HoldString(NULL, value);
  return REDISMODULE_OK;
}
static int Apply(RedisModuleCtx *ctx, void *data, RedisModuleString **error) {
  (void)ctx;
  (void)data;
  (void)error;
  ++applied;
  return REDISMODULE_OK;
}

static int Applied(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  return RedisModule_ReplyWithLongLong(ctx, applied);
}

static int AddSettings(RedisModuleCtx *ctx) {
  const char *names[] = {"none", "red", "green", "blue"};
  const int values[] = {0, 1, 2, 4};
  return RedisModule_RegisterBoolConfig(ctx, "on", 1, REDISMODULE_CONFIG_DEFAULT, GetOn, SetOn,
                                        Apply, &on) ||
         RedisModule_RegisterNumericConfig(ctx, "size", 1024, REDISMODULE_CONFIG_MEMORY, 10, 1 << 20,
                                           GetSize, SetSize, Apply, &on) ||
         RedisModule_RegisterEnumConfig(ctx, "colours", 3, REDISMODULE_CONFIG_BITFLAGS, names,
                                        values, 4, GetOn, SetOn, NULL, &colours) ||
         RedisModule_RegisterStringConfig(ctx, "title", "a title", REDISMODULE_CONFIG_IMMUTABLE,
                                          GetTitle, SetTitle, NULL, NULL) ||
         !RedisModule_RegisterBoolConfig(ctx, "on", 1, REDISMODULE_CONFIG_DEFAULT, GetOn, SetOn,
                                         NULL, &on) ||
         RedisModule_LoadConfigs(ctx);
}

/* --- INFO. --- */

static void WriteInfo(RedisModuleInfoCtx *ctx, int for_crash_report) {
  (void)for_crash_report;
  RedisModule_InfoAddSection(ctx, NULL);
  RedisModule_InfoAddFieldLongLong(ctx, "size", size);
  RedisModule_InfoAddSection(ctx, "more");
  RedisModule_InfoBeginDictField(ctx, "both");
  RedisModule_InfoAddFieldULongLong(ctx, "a", 1);
  RedisModule_InfoAddFieldDouble(ctx, "b", 0.5);
  RedisModule_InfoEndDictField(ctx);
}

SLOTMESH_MODULE_ENTRY int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv,
                                             int argc) {
  (void)argv;
  (void)argc;
  const RedisModuleEvent unknown = {99, 1};
  if (RedisModule_Init(ctx, "watcher", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) {
    return REDISMODULE_ERR;
  }
  filter = RedisModule_RegisterCommandFilter(ctx, Filter, 0);
  if (RedisModule_CreateCommand(ctx, "watcher.unfilter", Unfilter, "", 0, 0, 0) ||
      RedisModule_CreateCommand(ctx, "watcher.notify", Notify, "", 1, 1, 1) ||
      RedisModule_CreateCommand(ctx, "watcher.events", TakeEvents, "", 0, 0, 0) ||
      RedisModule_CreateCommand(ctx, "watcher.applied", Applied, "", 0, 0, 0) ||
      RedisModule_SubscribeToKeyspaceEvents(ctx, REDISMODULE_NOTIFY_STRING, OnString) ||
      RedisModule_SubscribeToServerEvent(ctx, RedisModuleEvent_FlushDB, OnEvent) ||
      RedisModule_SubscribeToServerEvent(ctx, RedisModuleEvent_SwapDB, OnEvent) ||
      RedisModule_SubscribeToServerEvent(ctx, RedisModuleEvent_Config, OnEvent) ||
      RedisModule_SubscribeToServerEvent(ctx, RedisModuleEvent_ModuleChange, OnEvent) ||
      !RedisModule_SubscribeToServerEvent(ctx, unknown, OnEvent) ||
      RedisModule_RegisterInfoFunc(ctx, WriteInfo) || AddSettings(ctx)) {
    return REDISMODULE_ERR;
  }
  return REDISMODULE_OK;
}

SLOTMESH_MODULE_ENTRY int RedisModule_OnUnload(RedisModuleCtx *ctx) {
  (void)ctx;
  if (title != NULL) RedisModule_FreeString(NULL, title);
  title = NULL;
  return REDISMODULE_OK;
}
