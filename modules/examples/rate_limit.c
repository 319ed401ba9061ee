/* Example module "ratelimit": token buckets. A bucket holds up to `capacity` tokens and gets
 * `per_second` new ones; whoever may do something takes some.
 *
 *   ratelimit.take key capacity per_second [count]   1 and what is left, or 0 and in how many
 *                                                    milliseconds there are enough
 *   ratelimit.show key                               tokens, capacity and rate; null if it is full
 *
 * What it shows:
 * - Arguments are checked before anything is opened for writing.
 * - What depends on the clock goes to replicas and files as a result: ratelimit.set, with the
 *   tokens and the time that they are of, not the request.
 * - A bucket that would be full again is the same as none: the key expires then, by itself.
 * - Every command says where its key is, so that a cluster knows who serves it.
 * - An encoding has a version, and what is read from a file is not trusted. */
#include <string.h>

#include "slotmesh_module.h"

/* A thousandth of a token, so that slow buckets fill, too, and all is reckoned in integers. */
enum { kParts = 1000, kEncoding = 0 };
static const long long kCapacityMax = 1000000000; /* Also of tokens in a second. */
static const long long kTimeMax = 1LL << 53;

typedef struct Bucket {
  long long parts;
  long long at_ms; /* When there were so many. */
  long long capacity;
  long long per_second;
} Bucket;

static RedisModuleType* bucket_type;

/* --- The bucket itself, without keys and clients. --- */

static int IsSound(const Bucket* bucket) {
  return bucket->capacity > 0 && bucket->capacity <= kCapacityMax && bucket->per_second > 0 &&
         bucket->per_second <= kCapacityMax && bucket->parts >= 0 && bucket->at_ms >= 0 &&
         bucket->at_ms <= kTimeMax && bucket->parts <= bucket->capacity * kParts;
}

/* A thousandth of a token a millisecond is one token a second. */
static void Refill(Bucket* bucket, long long now_ms) {
  const long long full = bucket->capacity * kParts;
  const long long missing = full - bucket->parts;
  const long long passed_ms = now_ms > bucket->at_ms ? now_ms - bucket->at_ms : 0;
  if (passed_ms > missing / bucket->per_second) {
    bucket->parts = full;
  } else {
    bucket->parts += passed_ms * bucket->per_second;
  }
  if (now_ms > bucket->at_ms) bucket->at_ms = now_ms;
}

static long long MillisUntil(const Bucket* bucket, long long parts) {
  if (bucket->parts >= parts) return 0;
  return (parts - bucket->parts + bucket->per_second - 1) / bucket->per_second;
}

/* --- What the server does with values. --- */

static Bucket* New(const Bucket* from) {
  Bucket* bucket = RedisModule_Alloc(sizeof(*bucket));
  *bucket = *from;
  return bucket;
}

static void* Load(RedisModuleIO* io, int encoding) {
  if (encoding != kEncoding) return NULL; /* Of a newer version of this module. */
  Bucket bucket;
  bucket.parts = RedisModule_LoadSigned(io);
  bucket.at_ms = RedisModule_LoadSigned(io);
  bucket.capacity = RedisModule_LoadSigned(io);
  bucket.per_second = RedisModule_LoadSigned(io);
  return RedisModule_IsIOError(io) || !IsSound(&bucket) ? NULL : New(&bucket);
}

static void Save(RedisModuleIO* io, void* value) {
  const Bucket* bucket = value;
  RedisModule_SaveSigned(io, bucket->parts);
  RedisModule_SaveSigned(io, bucket->at_ms);
  RedisModule_SaveSigned(io, bucket->capacity);
  RedisModule_SaveSigned(io, bucket->per_second);
}

static void Rewrite(RedisModuleIO* io, RedisModuleString* key, void* value) {
  const Bucket* bucket = value;
  RedisModule_EmitAOF(io, "ratelimit.set", "sllll", key, bucket->parts, bucket->at_ms,
                      bucket->capacity, bucket->per_second);
}

static size_t MemUsage(const void* value) { return RedisModule_MallocSize((void*)value); }

static void Digest(RedisModuleDigest* digest, void* value) {
  const Bucket* bucket = value;
  RedisModule_DigestAddLongLong(digest, bucket->parts);
  RedisModule_DigestAddLongLong(digest, bucket->at_ms);
  RedisModule_DigestAddLongLong(digest, bucket->capacity);
  RedisModule_DigestAddLongLong(digest, bucket->per_second);
  RedisModule_DigestEndSequence(digest);
}

static void* Copy(RedisModuleString* from, RedisModuleString* to, const void* value) {
  (void)from;
  (void)to;
  return New(value);
}

/* One block: it moves, or it stays. */
static int Defrag(RedisModuleDefragCtx* ctx, RedisModuleString* key, void** value) {
  (void)key;
  void* moved = RedisModule_DefragAlloc(ctx, *value);
  if (moved != NULL) *value = moved;
  return 0;
}

/* --- Commands. --- */

/* The key's bucket, null if there is none. False, with the reply written, for a key of another
 * type. */
static int FindBucket(RedisModuleCtx* ctx, RedisModuleKey* key, Bucket** bucket) {
  *bucket = NULL;
  if (RedisModule_KeyType(key) == REDISMODULE_KEYTYPE_EMPTY) return 1;
  if (RedisModule_ModuleTypeGetType(key) != bucket_type) {
    RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
    return 0;
  }
  *bucket = RedisModule_ModuleTypeGetValue(key);
  return 1;
}

/* A number from 1 to `max`. False, with `error` as the reply, if it is none. */
static int ReadNumber(RedisModuleCtx* ctx, RedisModuleString* word, long long max,
                      const char* error, long long* number) {
  if (RedisModule_StringToLongLong(word, number) == REDISMODULE_OK && *number >= 1 &&
      *number <= max) {
    return 1;
  }
  RedisModule_ReplyWithError(ctx, error);
  return 0;
}

/* Puts the bucket into the key, until it is full again. */
static void Keep(RedisModuleKey* key, Bucket* old, const Bucket* bucket) {
  if (old == NULL) {
    RedisModule_ModuleTypeSetValue(key, bucket_type, New(bucket));
  } else {
    *old = *bucket;
  }
  const long long full_ms = MillisUntil(bucket, bucket->capacity * kParts);
  RedisModule_SetAbsExpire(key, bucket->at_ms + full_ms);
}

static int Take(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  long long capacity, per_second, count = 1;
  if (argc != 4 && argc != 5) return RedisModule_WrongArity(ctx);
  if (!ReadNumber(ctx, argv[2], kCapacityMax, "ERR capacity is not from 1 to 1e9", &capacity) ||
      !ReadNumber(ctx, argv[3], kCapacityMax, "ERR per_second is not from 1 to 1e9", &per_second) ||
      (argc == 5 &&
       !ReadNumber(ctx, argv[4], capacity, "ERR count is not from 1 to capacity", &count))) {
    return REDISMODULE_OK;
  }
  RedisModule_AutoMemory(ctx); /* Closes the key, however this ends. */
  RedisModuleKey* key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
  Bucket* old;
  if (!FindBucket(ctx, key, &old)) return REDISMODULE_OK;

  const long long now_ms = RedisModule_Milliseconds();
  Bucket bucket = {.parts = capacity * kParts, .at_ms = now_ms};
  if (old != NULL) bucket = *old;
  bucket.capacity = capacity; /* They may have been changed since. */
  bucket.per_second = per_second;
  if (bucket.parts > capacity * kParts) bucket.parts = capacity * kParts;
  Refill(&bucket, now_ms);

  RedisModule_ReplyWithArray(ctx, 2);
  const long long wait_ms = MillisUntil(&bucket, count * kParts);
  if (wait_ms > 0) { /* Nothing is changed: there is nothing to replicate. */
    RedisModule_ReplyWithLongLong(ctx, 0);
    return RedisModule_ReplyWithLongLong(ctx, wait_ms);
  }
  bucket.parts -= count * kParts;
  Keep(key, old, &bucket);
  RedisModule_SignalModifiedKey(ctx, argv[1]);
  RedisModule_Replicate(ctx, "ratelimit.set", "sllll", argv[1], bucket.parts, bucket.at_ms,
                        bucket.capacity, bucket.per_second);
  RedisModule_ReplyWithLongLong(ctx, 1);
  return RedisModule_ReplyWithLongLong(ctx, bucket.parts / kParts);
}

/* ratelimit.set key parts at_ms capacity per_second: what replicas and files get. */
static int Set(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  Bucket bucket;
  if (argc != 6) return RedisModule_WrongArity(ctx);
  if (RedisModule_StringToLongLong(argv[2], &bucket.parts) != REDISMODULE_OK ||
      RedisModule_StringToLongLong(argv[3], &bucket.at_ms) != REDISMODULE_OK ||
      RedisModule_StringToLongLong(argv[4], &bucket.capacity) != REDISMODULE_OK ||
      RedisModule_StringToLongLong(argv[5], &bucket.per_second) != REDISMODULE_OK ||
      !IsSound(&bucket)) {
    return RedisModule_ReplyWithError(ctx, "ERR no bucket has these numbers");
  }
  RedisModule_AutoMemory(ctx);
  RedisModuleKey* key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
  Bucket* old;
  if (!FindBucket(ctx, key, &old)) return REDISMODULE_OK;
  Keep(key, old, &bucket);
  RedisModule_SignalModifiedKey(ctx, argv[1]);
  RedisModule_ReplicateVerbatim(ctx);
  return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int Show(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModule_AutoMemory(ctx);
  RedisModuleKey* key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
  Bucket* found;
  if (!FindBucket(ctx, key, &found)) return REDISMODULE_OK;
  if (found == NULL) return RedisModule_ReplyWithNull(ctx);
  Bucket bucket = *found; /* A reader changes nothing. */
  Refill(&bucket, RedisModule_Milliseconds());
  RedisModule_ReplyWithArray(ctx, 3);
  RedisModule_ReplyWithLongLong(ctx, bucket.parts / kParts);
  RedisModule_ReplyWithLongLong(ctx, bucket.capacity);
  return RedisModule_ReplyWithLongLong(ctx, bucket.per_second);
}

SLOTMESH_MODULE_ENTRY int RedisModule_OnLoad(RedisModuleCtx* ctx, RedisModuleString** argv,
                                             int argc) {
  (void)argv;
  (void)argc;
  if (RedisModule_Init(ctx, "ratelimit", 1, REDISMODULE_APIVER_1) != REDISMODULE_OK) {
    return REDISMODULE_ERR;
  }
  /* Files that end too early are told of by IsIOError, and do not end the server. Keys are
   * signalled as modified where they are: a request that is refused breaks no WATCH. */
  RedisModule_SetModuleOptions(ctx, REDISMODULE_OPTIONS_HANDLE_IO_ERRORS |
                                        REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED);
  RedisModuleTypeMethods methods = {
      .version = REDISMODULE_TYPE_METHOD_VERSION,
      .rdb_load = Load,
      .rdb_save = Save,
      .aof_rewrite = Rewrite,
      .mem_usage = MemUsage,
      .digest = Digest,
      .free = RedisModule_Free,
      .copy = Copy,
      .defrag = Defrag,
  };
  bucket_type = RedisModule_CreateDataType(ctx, "tokenbckt", kEncoding, &methods);
  if (bucket_type == NULL) return REDISMODULE_ERR;
  if (RedisModule_CreateCommand(ctx, "ratelimit.take", Take, "write deny-oom fast", 1, 1, 1) ||
      RedisModule_CreateCommand(ctx, "ratelimit.set", Set, "write deny-oom fast", 1, 1, 1) ||
      RedisModule_CreateCommand(ctx, "ratelimit.show", Show, "readonly fast", 1, 1, 1)) {
    return REDISMODULE_ERR;
  }
  return REDISMODULE_OK;
}
