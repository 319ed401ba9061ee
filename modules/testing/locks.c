/* Test module "locks": many threads that want the engine at once, for tests and measurements.
 *
 *   locks.run threads times   begins; locks.left: how many threads are at it still; locks.taken: how
 *   often the lock was taken.
 */
#include <pthread.h>

#include "slotmesh_module.h"

static long long times;
static long long taken;   /* Guarded by the lock. */
static long long running; /* Guarded by the lock. */

static void *Run(void *unused) {
  RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(NULL);
  (void)unused;
  for (long long i = 0; i < times; ++i) {
    RedisModule_ThreadSafeContextLock(ctx);
    ++taken;
    if (i + 1 == times) --running;
    RedisModule_ThreadSafeContextUnlock(ctx);
  }
  RedisModule_FreeThreadSafeContext(ctx);
  return NULL;
}

static int RunThreads(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  long long threads = 0;
  if (argc != 3) return RedisModule_WrongArity(ctx);
  if (RedisModule_StringToLongLong(argv[1], &threads) != REDISMODULE_OK || threads < 1 ||
      RedisModule_StringToLongLong(argv[2], &times) != REDISMODULE_OK || times < 1) {
    return RedisModule_ReplyWithError(ctx, "ERR numbers above 0 wanted");
  }
  for (long long i = 0; i < threads; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, Run, NULL) != 0) break;
    pthread_detach(thread);
    ++running;
  }
  return RedisModule_ReplyWithLongLong(ctx, running);
}

static int Left(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  return RedisModule_ReplyWithLongLong(ctx, running);
}

static int Taken(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  return RedisModule_ReplyWithLongLong(ctx, taken);
}

SLOTMESH_MODULE_ENTRY int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv,
                                             int argc) {
  (void)argv;
  (void)argc;
  if (RedisModule_Init(ctx, "locks", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR ||
      RedisModule_CreateCommand(ctx, "locks.run", RunThreads, "", 0, 0, 0) == REDISMODULE_ERR ||
      RedisModule_CreateCommand(ctx, "locks.left", Left, "", 0, 0, 0) == REDISMODULE_ERR ||
      RedisModule_CreateCommand(ctx, "locks.taken", Taken, "", 0, 0, 0) == REDISMODULE_ERR) {
    return REDISMODULE_ERR;
  }
  return REDISMODULE_OK;
}
