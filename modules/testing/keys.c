/* Test module "keys": what keys and the values of built-in types can be asked and told. */
#include <errno.h>
#include <string.h>

#include "slotmesh_module.h"

#define MODES (REDISMODULE_READ | REDISMODULE_WRITE)

static int Done(RedisModuleCtx *ctx, RedisModuleKey *key, int result) {
  RedisModule_CloseKey(key);
  if (result != REDISMODULE_OK) return RedisModule_ReplyWithError(ctx, "ERR refused");
  return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int ReplyString(RedisModuleCtx *ctx, RedisModuleString *string) {
  if (string == NULL) return RedisModule_ReplyWithNull(ctx);
  RedisModule_ReplyWithString(ctx, string);
  RedisModule_FreeString(ctx, string);
  return REDISMODULE_OK;
}

static long long NumberOf(RedisModuleString *word) {
  long long number = 0;
  RedisModule_StringToLongLong(word, &number);
  return number;
}

/* keys.type key: type, length, milliseconds to live; null if it cannot be opened for reading. */
static int Type(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
  if (key == NULL) return RedisModule_ReplyWithNull(ctx);
  RedisModule_ReplyWithArray(ctx, 3);
  RedisModule_ReplyWithLongLong(ctx, RedisModule_KeyType(key));
  RedisModule_ReplyWithLongLong(ctx, (long long)RedisModule_ValueLength(key));
  RedisModule_ReplyWithLongLong(ctx, RedisModule_GetExpire(key));
  RedisModule_CloseKey(key);
  return REDISMODULE_OK;
}

/* keys.get key: a string, as it lies in memory. */
static int Get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
  if (key == NULL) return RedisModule_ReplyWithNull(ctx);
  size_t size;
  const char *bytes = RedisModule_StringDMA(key, &size, REDISMODULE_READ);
  if (bytes == NULL) {
    RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
  } else {
    RedisModule_ReplyWithStringBuffer(ctx, bytes, size);
  }
  RedisModule_CloseKey(key);
  return REDISMODULE_OK;
}

/* keys.set key value; keys.set-read-only key value. */
static int SetIn(RedisModuleCtx *ctx, RedisModuleString **argv, int argc, int mode) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], mode);
  if (key == NULL) return RedisModule_ReplyWithNull(ctx);
  const int result = RedisModule_StringSet(key, argv[2]);
  RedisModule_ReplicateVerbatim(ctx);
  return Done(ctx, key, result);
}
static int Set(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  return SetIn(ctx, argv, argc, MODES);
}
static int SetReadOnly(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  return SetIn(ctx, argv, argc, REDISMODULE_READ);
}

/* keys.fill key size character: makes the string that long, and writes into its bytes. */
static int Fill(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 4) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  const int result = RedisModule_StringTruncate(key, (size_t)NumberOf(argv[2]));
  if (result == REDISMODULE_OK) {
    size_t size;
    char *bytes = RedisModule_StringDMA(key, &size, REDISMODULE_WRITE);
    memset(bytes, RedisModule_StringPtrLen(argv[3], NULL)[0], size);
  }
  return Done(ctx, key, result);
}

/* keys.del key; keys.expire key milliseconds. */
static int Del(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  return Done(ctx, key, RedisModule_DeleteKey(key));
}
static int Expire(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  return Done(ctx, key, RedisModule_SetExpire(key, NumberOf(argv[2])));
}

/* keys.two key: one handle sees what another one does. */
static int Two(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleKey *a = RedisModule_OpenKey(ctx, argv[1], MODES);
  RedisModuleKey *b = RedisModule_OpenKey(ctx, argv[1], MODES);
  RedisModuleString *word = RedisModule_CreateString(ctx, "a longer value than before, much", 32);
  RedisModule_StringSet(a, word);
  RedisModule_ReplyWithArray(ctx, 3);
  RedisModule_ReplyWithLongLong(ctx, (long long)RedisModule_ValueLength(b));
  RedisModule_FreeCallReply(RedisModule_Call(ctx, "DEL", "s", argv[1]));
  RedisModule_ReplyWithLongLong(ctx, RedisModule_KeyType(b));
  RedisModule_FreeCallReply(RedisModule_Call(ctx, "SADD", "sc", argv[1], "member"));
  RedisModule_ReplyWithLongLong(ctx, RedisModule_KeyType(a));
  RedisModule_FreeString(ctx, word);
  RedisModule_CloseKey(a);
  RedisModule_CloseKey(b);
  return REDISMODULE_OK;
}

/* keys.push|pop|at|put|insert|remove: lists. */
static int Push(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 4) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  return Done(ctx, key, RedisModule_ListPush(key, (int)NumberOf(argv[2]), argv[3]));
}
static int Pop(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  RedisModuleString *element = RedisModule_ListPop(key, (int)NumberOf(argv[2]));
  RedisModule_CloseKey(key);
  return ReplyString(ctx, element);
}
static int At(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc < 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  RedisModule_ReplyWithArray(ctx, argc - 2);
  for (int i = 2; i < argc; ++i) ReplyString(ctx, RedisModule_ListGet(key, NumberOf(argv[i])));
  RedisModule_CloseKey(key);
  return REDISMODULE_OK;
}
/* keys.count list: how many elements reading one after the other finds, both ways. */
static int Count(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
  long long sum = 0;
  for (int backwards = 0; backwards < 2; ++backwards) {
    for (long i = 0;; ++i) {
      RedisModuleString *element = RedisModule_ListGet(key, backwards ? -1 - i : i);
      if (element == NULL) break;
      sum += NumberOf(element);
      RedisModule_FreeString(ctx, element);
    }
  }
  RedisModule_CloseKey(key);
  return RedisModule_ReplyWithLongLong(ctx, sum);
}
static int Put(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 4) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  return Done(ctx, key, RedisModule_ListSet(key, NumberOf(argv[2]), argv[3]));
}
static int Insert(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 4) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  return Done(ctx, key, RedisModule_ListInsert(key, NumberOf(argv[2]), argv[3]));
}
static int Remove(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  return Done(ctx, key, RedisModule_ListDelete(key, NumberOf(argv[2])));
}

/* keys.zadd key flags score member: what was done. keys.zrange key min max: from both ends. */
static int Zadd(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 5) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  int flags = (int)NumberOf(argv[2]);
  double score = 0;
  RedisModule_StringToDouble(argv[3], &score);
  const int result = RedisModule_ZsetAdd(key, score, argv[4], &flags);
  RedisModule_CloseKey(key);
  return RedisModule_ReplyWithLongLong(ctx, result == REDISMODULE_OK ? flags : -1);
}
static int Zrem(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  int deleted = -1;
  RedisModule_ZsetRem(key, argv[2], &deleted);
  RedisModule_CloseKey(key);
  return RedisModule_ReplyWithLongLong(ctx, deleted);
}
static long WriteRange(RedisModuleCtx *ctx, RedisModuleKey *key, int backwards) {
  long count = 0;
  while (!RedisModule_ZsetRangeEndReached(key)) {
    double score;
    ReplyString(ctx, RedisModule_ZsetRangeCurrentElement(key, &score));
    RedisModule_ReplyWithDouble(ctx, score);
    count += 2;
    if (backwards) {
      RedisModule_ZsetRangePrev(key);
    } else {
      RedisModule_ZsetRangeNext(key);
    }
  }
  RedisModule_ZsetRangeStop(key);
  return count;
}
static int Zrange(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 4) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
  double min = 0, max = 0;
  RedisModule_StringToDouble(argv[2], &min);
  RedisModule_StringToDouble(argv[3], &max);
  RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
  RedisModule_ZsetFirstInScoreRange(key, min, max, 0, 1);
  long count = WriteRange(ctx, key, 0);
  RedisModule_ZsetLastInScoreRange(key, min, max, 0, 1);
  count += WriteRange(ctx, key, 1);
  RedisModule_ReplySetArrayLength(ctx, count);
  RedisModule_CloseKey(key);
  return REDISMODULE_OK;
}
static int Zlex(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 4) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
  if (RedisModule_ZsetFirstInLexRange(key, argv[2], argv[3]) != REDISMODULE_OK) {
    return Done(ctx, key, REDISMODULE_ERR);
  }
  RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
  RedisModule_ReplySetArrayLength(ctx, WriteRange(ctx, key, 0));
  RedisModule_CloseKey(key);
  return REDISMODULE_OK;
}

/* keys.hset key flags field value: how many; "-" deletes. keys.hget key field. */
static int Hset(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 5) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  const int flags = (int)NumberOf(argv[2]);
  const int deletes = strcmp(RedisModule_StringPtrLen(argv[4], NULL), "-") == 0;
  RedisModuleString *value = deletes ? REDISMODULE_HASH_DELETE : argv[4];
  const int count = RedisModule_HashSet(key, flags, argv[3], value, NULL);
  RedisModule_CloseKey(key);
  return RedisModule_ReplyWithLongLong(ctx, count);
}
static int Hget(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  RedisModuleString *value = NULL;
  int exists = 0;
  const int result = RedisModule_HashGet(key, REDISMODULE_HASH_NONE, argv[2], &value, NULL);
  RedisModule_HashGet(key, REDISMODULE_HASH_EXISTS | REDISMODULE_HASH_CFIELDS,
                      RedisModule_StringPtrLen(argv[2], NULL), &exists, NULL);
  RedisModule_CloseKey(key);
  if (result != REDISMODULE_OK) return RedisModule_ReplyWithError(ctx, "ERR refused");
  RedisModule_ReplyWithArray(ctx, 2);
  ReplyString(ctx, value);
  return RedisModule_ReplyWithLongLong(ctx, exists);
}

/* keys.xadd key ms field value; keys.xwalk key flags [delete]; keys.xtrim key length. */
static int Xadd(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 5) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  RedisModuleStreamID id = {(uint64_t)NumberOf(argv[2]), 0};
  const int result = RedisModule_StreamAdd(key, id.ms == 0 ? REDISMODULE_STREAM_ADD_AUTOID : 0, &id,
                                           &argv[3], 1);
  RedisModule_CloseKey(key);
  if (result != REDISMODULE_OK) return RedisModule_ReplyWithLongLong(ctx, -errno);
  return ReplyString(ctx, RedisModule_CreateStringFromStreamID(ctx, &id));
}
static int Xwalk(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc < 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  if (RedisModule_StreamIteratorStart(key, (int)NumberOf(argv[2]), NULL, NULL) != REDISMODULE_OK) {
    return Done(ctx, key, REDISMODULE_ERR);
  }
  RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
  long count = 0;
  RedisModuleStreamID id;
  while (RedisModule_StreamIteratorNextID(key, &id, NULL) == REDISMODULE_OK) {
    ReplyString(ctx, RedisModule_CreateStringFromStreamID(ctx, &id));
    RedisModuleString *field, *value;
    while (RedisModule_StreamIteratorNextField(key, &field, &value) == REDISMODULE_OK) {
      ReplyString(ctx, field);
      ReplyString(ctx, value);
      count += 2;
    }
    if (argc > 3) RedisModule_StreamIteratorDelete(key);
    ++count;
  }
  RedisModule_ReplySetArrayLength(ctx, count);
  RedisModule_CloseKey(key);
  return REDISMODULE_OK;
}
static int Xtrim(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], MODES);
  const long long trimmed = RedisModule_StreamTrimByLength(key, 0, NumberOf(argv[2]));
  RedisModule_CloseKey(key);
  return RedisModule_ReplyWithLongLong(ctx, trimmed);
}

/* keys.scan: how many keys; the callback deletes those that are called "gone". keys.elements key:
 * how many elements, and how many of them have a value. */
static void OnKey(RedisModuleCtx *ctx, RedisModuleString *name, RedisModuleKey *key, void *data) {
  (void)key;
  ++*(long long *)data;
  if (strcmp(RedisModule_StringPtrLen(name, NULL), "gone") != 0) return;
  RedisModuleKey *gone = RedisModule_OpenKey(ctx, name, MODES);
  RedisModule_DeleteKey(gone);
  RedisModule_CloseKey(gone);
}
static int Scan(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  long long count = 0;
  RedisModuleScanCursor *cursor = RedisModule_ScanCursorCreate();
  while (RedisModule_Scan(ctx, cursor, OnKey, &count)) continue;
  RedisModule_ScanCursorDestroy(cursor);
  return RedisModule_ReplyWithLongLong(ctx, count);
}
static void OnElement(RedisModuleKey *key, RedisModuleString *field, RedisModuleString *value,
                      void *data) {
  (void)key;
  (void)field;
  ((long long *)data)[0]++;
  if (value != NULL) ((long long *)data)[1]++;
}
static int Elements(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  long long counts[2] = {0, 0};
  RedisModuleKey *key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
  RedisModuleScanCursor *cursor = RedisModule_ScanCursorCreate();
  while (RedisModule_ScanKey(key, cursor, OnElement, counts)) continue;
  RedisModule_ScanCursorDestroy(cursor);
  RedisModule_CloseKey(key);
  RedisModule_ReplyWithArray(ctx, 2);
  RedisModule_ReplyWithLongLong(ctx, counts[0]);
  return RedisModule_ReplyWithLongLong(ctx, counts[1]);
}

/* keys.dict words...: a dictionary of these, walked from both ends while "b" is deleted. */
static int Dict(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  RedisModule_AutoMemory(ctx);
  RedisModuleDict *dict = RedisModule_CreateDict(ctx);
  for (int i = 1; i < argc; ++i) RedisModule_DictSet(dict, argv[i], argv[i]);
  RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
  long count = 0;
  RedisModuleDictIter *iterator = RedisModule_DictIteratorStartC(dict, "^", NULL, 0);
  void *value;
  while (RedisModule_DictNextC(iterator, NULL, &value) != NULL) {
    RedisModule_ReplyWithString(ctx, (RedisModuleString *)value);
    RedisModule_DictDelC(dict, "b", 1, NULL);
    ++count;
  }
  RedisModule_DictIteratorReseekC(iterator, "<=", "c", 1);
  while (RedisModule_DictPrevC(iterator, NULL, &value) != NULL) {
    RedisModule_ReplyWithString(ctx, (RedisModuleString *)value);
    ++count;
  }
  RedisModule_DictIteratorStop(iterator);
  RedisModule_ReplySetArrayLength(ctx, count);
  return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  static const struct {
    const char *name;
    RedisModuleCmdFunc function;
  } kCommands[] = {
      {"keys.type", Type},     {"keys.get", Get},       {"keys.set", Set},
      {"keys.fill", Fill},     {"keys.del", Del},       {"keys.expire", Expire},
      {"keys.two", Two},       {"keys.push", Push},     {"keys.pop", Pop},
      {"keys.at", At},         {"keys.put", Put},       {"keys.insert", Insert},
      {"keys.remove", Remove}, {"keys.zadd", Zadd},     {"keys.zrem", Zrem},
      {"keys.zrange", Zrange}, {"keys.zlex", Zlex},     {"keys.hset", Hset},
      {"keys.hget", Hget},     {"keys.xadd", Xadd},     {"keys.xwalk", Xwalk},
      {"keys.xtrim", Xtrim},   {"keys.scan", Scan},     {"keys.elements", Elements},
      {"keys.dict", Dict},     {"keys.count", Count},   {"keys.set-read-only", SetReadOnly},
  };
  if (RedisModule_Init(ctx, "keys", 1, REDISMODULE_APIVER_1) != REDISMODULE_OK) {
    return REDISMODULE_ERR;
  }
  for (size_t i = 0; i < sizeof(kCommands) / sizeof(kCommands[0]); ++i) {
    const int keyless = kCommands[i].function == Scan || kCommands[i].function == Dict;
    if (RedisModule_CreateCommand(ctx, kCommands[i].name, kCommands[i].function, "write",
                                  keyless ? 0 : 1, keyless ? 0 : 1,
                                  keyless ? 0 : 1) != REDISMODULE_OK) {
      return REDISMODULE_ERR;
    }
  }
  return REDISMODULE_OK;
}
