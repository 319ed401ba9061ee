/* Test module "waits": commands that are ended later, by a timer, a thread or a key. */
#include <pthread.h>
#include <string.h>

#include "slotmesh_module.h"

/* --- waits.timer milliseconds: replies "fired" then. --- */

static void OnTimer(RedisModuleCtx *ctx, void *data) {
  RedisModule_Replicate(ctx, "INCR", "c", "timers");
  RedisModuleCallReply *reply = RedisModule_Call(ctx, "INCR", "c", "timers");
  RedisModule_FreeCallReply(reply);
  RedisModule_UnblockClient((RedisModuleBlockedClient *)data, (void *)"fired");
}

static int ReplyText(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  const char *text = (const char *)RedisModule_GetBlockedClientPrivateData(ctx);
  return RedisModule_ReplyWithCString(ctx, text);
}

static int WaitForTimer(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  long long millis = 0;
  if (argc != 2) return RedisModule_WrongArity(ctx);
  if (RedisModule_StringToLongLong(argv[1], &millis) != REDISMODULE_OK) {
    return RedisModule_ReplyWithError(ctx, "ERR not a number");
  }
  RedisModuleBlockedClient *client = RedisModule_BlockClient(ctx, ReplyText, NULL, NULL, 0);
  RedisModule_CreateTimer(ctx, millis, OnTimer, client);
  return REDISMODULE_OK;
}

/* --- waits.thread: a thread increments "threads" under the lock, and replies itself. --- */

static void *RunThread(void *argument) {
  RedisModuleBlockedClient *client = (RedisModuleBlockedClient *)argument;
  RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(client);
  RedisModule_ThreadSafeContextLock(ctx);
  RedisModuleCallReply *reply = RedisModule_Call(ctx, "INCR", "!c", "threads");
  RedisModule_FreeCallReply(RedisModule_Call(ctx, "LPUSH", "!cc", "done", "thread"));
  RedisModule_ThreadSafeContextUnlock(ctx);
  RedisModule_ReplyWithLongLong(ctx, RedisModule_CallReplyInteger(reply));
  RedisModule_FreeCallReply(reply);
  RedisModule_FreeThreadSafeContext(ctx);
  RedisModule_UnblockClient(client, NULL);
  return NULL;
}

static int WaitForThread(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  if (argc != 1) return RedisModule_WrongArity(ctx);
  RedisModuleBlockedClient *client = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
  pthread_t thread;
  if (pthread_create(&thread, NULL, RunThread, client) != 0) {
    RedisModule_AbortBlock(client);
    return RedisModule_ReplyWithError(ctx, "ERR no thread");
  }
  pthread_detach(thread);
  return REDISMODULE_OK;
}

/* --- waits.list key milliseconds: the length of the list once it has two elements. --- */

static int ReplyLength(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  RedisModuleCallReply *reply =
      RedisModule_Call(ctx, "LLEN", "s", RedisModule_GetBlockedClientReadyKey(ctx));
  const long long length = RedisModule_CallReplyInteger(reply);
  RedisModule_FreeCallReply(reply);
  if (length < 2) return REDISMODULE_ERR;
  return RedisModule_ReplyWithLongLong(ctx, length);
}

static int ReplyTooLate(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argc;
  if (!RedisModule_IsBlockedTimeoutRequest(ctx)) return REDISMODULE_ERR;
  return RedisModule_ReplyWithString(ctx, argv[1]);
}

static void CountFreed(RedisModuleCtx *ctx, void *data) {
  (void)data;
  RedisModule_FreeCallReply(RedisModule_Call(ctx, "INCR", "c", "freed"));
}

static int WaitForList(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  long long millis = 0;
  if (argc != 3) return RedisModule_WrongArity(ctx);
  if (RedisModule_StringToLongLong(argv[2], &millis) != REDISMODULE_OK) {
    return RedisModule_ReplyWithError(ctx, "ERR not a number");
  }
  RedisModule_BlockClientOnKeys(ctx, ReplyLength, ReplyTooLate, CountFreed, millis, argv + 1, 1,
                                (void *)"data");
  return REDISMODULE_OK;
}

/* --- waits.forget: tells, when its client goes away, in "gone". --- */

static void OnGone(RedisModuleCtx *ctx, RedisModuleBlockedClient *client) {
  RedisModule_FreeCallReply(RedisModule_Call(ctx, "INCR", "c", "gone"));
  RedisModule_UnblockClient(client, NULL);
}

static int WaitForEver(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  RedisModuleBlockedClient *client = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
  RedisModule_SetDisconnectCallback(client, OnGone);
  return REDISMODULE_OK;
}

/* --- waits.pop key: BLPOP in the module's name, whose promise ends the wait. waits.giveup: the last
   of them is not to go on. --- */

static RedisModuleCallReply *promise;

static void OnPopped(RedisModuleCtx *ctx, RedisModuleCallReply *reply, void *data) {
  RedisModuleBlockedClient *client = (RedisModuleBlockedClient *)data;
  RedisModuleCtx *answer = RedisModule_GetThreadSafeContext(client);
  RedisModule_FreeCallReply(RedisModule_Call(ctx, "INCR", "!c", "popped"));
  RedisModule_ReplyWithCallReply(answer, reply);
  RedisModule_FreeCallReply(reply);
  RedisModule_FreeCallReply(promise);
  RedisModule_FreeThreadSafeContext(answer);
  RedisModule_UnblockClient(client, NULL);
}

static int Pop(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleCallReply *reply = RedisModule_Call(ctx, "BLPOP", "!Ksc", argv[1], "0");
  if (RedisModule_CallReplyType(reply) != REDISMODULE_REPLY_PROMISE) {
    RedisModule_ReplyWithCallReply(ctx, reply);
    RedisModule_FreeCallReply(reply);
    return REDISMODULE_OK;
  }
  RedisModuleBlockedClient *client = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
  RedisModule_CallReplyPromiseSetUnblockHandler(reply, OnPopped, client);
  promise = reply;
  return REDISMODULE_OK;
}

static int GiveUp(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  void *client = NULL;
  (void)argv;
  (void)argc;
  if (RedisModule_CallReplyPromiseAbort(promise, &client) == REDISMODULE_OK) {
    RedisModule_AbortBlock((RedisModuleBlockedClient *)client);
  }
  RedisModule_FreeCallReply(promise);
  return RedisModule_ReplyWithLongLong(ctx, client != NULL);
}

/* --- waits.oneshot: sets "oneshot" in the next turn. --- */

static void OnNextTurn(void *data) {
  RedisModuleCtx *ctx = (RedisModuleCtx *)data;
  RedisModule_FreeCallReply(RedisModule_Call(ctx, "SET", "cc", "oneshot", "ran"));
  RedisModule_FreeThreadSafeContext(ctx);
}

static int OneShot(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  RedisModule_EventLoopAddOneShot(OnNextTurn, RedisModule_GetDetachedThreadSafeContext(ctx));
  return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* --- waits.stop: makes a timer, looks at it and stops it. --- */

static int StopTimer(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  char data[] = "mine";
  void *found = NULL;
  uint64_t remaining = 0;
  const RedisModuleTimerID id = RedisModule_CreateTimer(ctx, 1000, OnTimer, data);
  RedisModule_ReplyWithArray(ctx, 4);
  RedisModule_ReplyWithLongLong(ctx, RedisModule_GetTimerInfo(ctx, id, &remaining, &found));
  RedisModule_ReplyWithLongLong(ctx, (long long)remaining);
  RedisModule_ReplyWithLongLong(ctx, RedisModule_StopTimer(ctx, id, &found));
  return RedisModule_ReplyWithLongLong(ctx, RedisModule_StopTimer(ctx, id, NULL));
}

SLOTMESH_MODULE_ENTRY int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv,
                                             int argc) {
  (void)argv;
  (void)argc;
  if (RedisModule_Init(ctx, "waits", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) {
    return REDISMODULE_ERR;
  }
  if (RedisModule_CreateCommand(ctx, "waits.timer", WaitForTimer, "", 0, 0, 0) ||
      RedisModule_CreateCommand(ctx, "waits.thread", WaitForThread, "write", 0, 0, 0) ||
      RedisModule_CreateCommand(ctx, "waits.list", WaitForList, "", 1, 1, 1) ||
      RedisModule_CreateCommand(ctx, "waits.forever", WaitForEver, "", 0, 0, 0) ||
      RedisModule_CreateCommand(ctx, "waits.oneshot", OneShot, "", 0, 0, 0) ||
      RedisModule_CreateCommand(ctx, "waits.pop", Pop, "write", 1, 1, 1) ||
      RedisModule_CreateCommand(ctx, "waits.giveup", GiveUp, "", 0, 0, 0) ||
      RedisModule_CreateCommand(ctx, "waits.stop", StopTimer, "", 0, 0, 0)) {
    return REDISMODULE_ERR;
  }
  return REDISMODULE_OK;
}
