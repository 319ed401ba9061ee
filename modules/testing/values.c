/* Test module "values": a data type with all callbacks. A value is a number with a note; the number
 * is also added to a total that stands besides the keys. */
#include <string.h>

#include "slotmesh_module.h"

typedef struct Value {
  int64_t number;
  RedisModuleString* note; /* Owned. */
} Value;

static RedisModuleType* value_type;
static uint64_t total;            /* Saved behind all keys, if it is not 0. */
static long long frees, unlinks;  /* How often it was called. */
static RedisModuleString* places; /* What callbacks were told of their keys. */

static void Tell(const char* what, const RedisModuleString* key, int database) {
  RedisModuleString* line = RedisModule_CreateStringPrintf(
      NULL, " %s:%s@%d", what, key == NULL ? "?" : RedisModule_StringPtrLen(key, NULL), database);
  size_t size;
  const char* text = RedisModule_StringPtrLen(line, &size);
  RedisModule_StringAppendBuffer(NULL, places, text, size);
  RedisModule_FreeString(NULL, line);
}

static Value* New(int64_t number, RedisModuleString* note) {
  Value* value = (Value*)RedisModule_Alloc(sizeof(Value));
  value->number = number;
  value->note = note;
  return value;
}

static void* Load(RedisModuleIO* io, int encver) {
  if (encver != 3) return NULL;
  const int64_t number = RedisModule_LoadSigned(io);
  RedisModuleString* note = RedisModule_LoadString(io);
  const double half = RedisModule_LoadDouble(io);
  const float quarter = RedisModule_LoadFloat(io);
  const long double eighth = RedisModule_LoadLongDouble(io);
  if (RedisModule_IsIOError(io) || half * 2 != number || quarter * 4 != number ||
      eighth * 8 != number) {
    if (note != NULL) RedisModule_FreeString(NULL, note);
    return NULL;
  }
  Tell("load", RedisModule_GetKeyNameFromIO(io), RedisModule_GetDbIdFromIO(io));
  return New(number, note);
}
static void Save(RedisModuleIO* io, void* data) {
  const Value* value = (const Value*)data;
  RedisModule_SaveSigned(io, value->number);
  RedisModule_SaveString(io, value->note);
  RedisModule_SaveDouble(io, (double)value->number / 2);
  RedisModule_SaveFloat(io, (float)value->number / 4);
  RedisModule_SaveLongDouble(io, (long double)value->number / 8);
}
static void Rewrite(RedisModuleIO* io, RedisModuleString* key, void* data) {
  const Value* value = (const Value*)data;
  RedisModule_EmitAOF(io, "values.set", "sls", key, (long long)value->number, value->note);
}
static void Free(void* data) {
  Value* value = (Value*)data;
  RedisModule_FreeString(NULL, value->note);
  RedisModule_Free(value);
  ++frees;
}
static size_t MemUsage(RedisModuleKeyOptCtx* ctx, const void* data, size_t samples) {
  (void)data;
  Tell("memory", RedisModule_GetKeyNameFromOptCtx(ctx), RedisModule_GetDbIdFromOptCtx(ctx));
  return 1000 + samples;
}
static void Digest(RedisModuleDigest* digest, void* data) {
  const Value* value = (const Value*)data;
  size_t size;
  const char* note = RedisModule_StringPtrLen(value->note, &size);
  RedisModule_DigestAddLongLong(digest, value->number);
  RedisModule_DigestAddStringBuffer(digest, note, size);
  RedisModule_DigestEndSequence(digest);
}
static void Unlink(RedisModuleKeyOptCtx* ctx, const void* data) {
  (void)data;
  ++unlinks;
  Tell("unlink", RedisModule_GetKeyNameFromOptCtx(ctx), RedisModule_GetDbIdFromOptCtx(ctx));
}
static void* Copy(RedisModuleKeyOptCtx* ctx, const void* data) {
  const Value* value = (const Value*)data;
  Tell("from", RedisModule_GetKeyNameFromOptCtx(ctx), RedisModule_GetDbIdFromOptCtx(ctx));
  Tell("to", RedisModule_GetToKeyNameFromOptCtx(ctx), RedisModule_GetToDbIdFromOptCtx(ctx));
  return New(value->number, RedisModule_CreateStringFromString(NULL, value->note));
}
static size_t FreeEffort(RedisModuleKeyOptCtx* ctx, const void* data) {
  (void)ctx;
  (void)data;
  return 1;
}
static int LoadTotal(RedisModuleIO* io, int encver, int when) {
  if (encver != 3 || when != REDISMODULE_AUX_AFTER_RDB) return REDISMODULE_ERR;
  total = RedisModule_LoadUnsigned(io);
  return REDISMODULE_OK;
}
static void SaveTotal(RedisModuleIO* io, int when) {
  (void)when;
  if (total != 0) RedisModule_SaveUnsigned(io, total);
}

/* values.set key number note; values.get key. */
static int Set(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  long long number;
  if (argc != 4) return RedisModule_WrongArity(ctx);
  if (RedisModule_StringToLongLong(argv[2], &number) != REDISMODULE_OK) {
    return RedisModule_ReplyWithError(ctx, "ERR not a number");
  }
  RedisModuleKey* key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
  RedisModule_RetainString(ctx, argv[3]);
  RedisModule_ModuleTypeSetValue(key, value_type, New(number, argv[3]));
  RedisModule_CloseKey(key);
  total += (uint64_t)number;
  RedisModule_ReplicateVerbatim(ctx);
  return RedisModule_ReplyWithSimpleString(ctx, "OK");
}
static int Get(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModule_AutoMemory(ctx);
  RedisModuleKey* key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
  if (RedisModule_KeyType(key) == REDISMODULE_KEYTYPE_EMPTY) return RedisModule_ReplyWithNull(ctx);
  if (RedisModule_ModuleTypeGetType(key) != value_type) {
    return RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
  }
  const Value* value = (const Value*)RedisModule_ModuleTypeGetValue(key);
  RedisModule_ReplyWithArray(ctx, 2);
  RedisModule_ReplyWithLongLong(ctx, value->number);
  return RedisModule_ReplyWithString(ctx, value->note);
}

/* values.string key: through SaveDataTypeToString and back, the number. */
static int String(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  RedisModuleKey* key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
  RedisModuleString* string =
      RedisModule_SaveDataTypeToString(ctx, RedisModule_ModuleTypeGetValue(key), value_type);
  Value* copy = (Value*)RedisModule_LoadDataTypeFromStringEncver(string, value_type, 3);
  RedisModule_ReplyWithLongLong(ctx, copy->number);
  Free(copy);
  RedisModule_FreeString(ctx, string);
  RedisModule_CloseKey(key);
  return REDISMODULE_OK;
}

/* values.swap a b: the values change places. */
static int Swap(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  RedisModuleKey* a = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
  RedisModuleKey* b = RedisModule_OpenKey(ctx, argv[2], REDISMODULE_READ | REDISMODULE_WRITE);
  void* value = RedisModule_ModuleTypeGetValue(a);
  int result = RedisModule_ModuleTypeReplaceValue(b, value_type, value, &value);
  if (result == REDISMODULE_OK) {
    result = RedisModule_ModuleTypeReplaceValue(a, value_type, value, NULL);
  }
  RedisModule_CloseKey(a);
  RedisModule_CloseKey(b);
  return RedisModule_ReplyWithLongLong(ctx, result);
}

/* values.told: what callbacks have been told since. values.counts: frees, unlinks, total. */
static int Told(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  (void)argv;
  (void)argc;
  RedisModule_ReplyWithString(ctx, places);
  RedisModule_FreeString(NULL, places);
  places = RedisModule_CreateString(NULL, "", 0);
  return REDISMODULE_OK;
}
static int Counts(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  (void)argv;
  (void)argc;
  RedisModule_ReplyWithArray(ctx, 3);
  RedisModule_ReplyWithLongLong(ctx, frees);
  RedisModule_ReplyWithLongLong(ctx, unlinks);
  return RedisModule_ReplyWithLongLong(ctx, (long long)total);
}

SLOTMESH_MODULE_ENTRY int RedisModule_OnLoad(RedisModuleCtx* ctx, RedisModuleString** argv,
                                             int argc) {
  (void)argv;
  (void)argc;
  if (RedisModule_Init(ctx, "values", 1, REDISMODULE_APIVER_1) != REDISMODULE_OK) {
    return REDISMODULE_ERR;
  }
  frees = unlinks = 0;
  total = 0;
  places = RedisModule_CreateString(NULL, "", 0);
  RedisModule_SetModuleOptions(ctx, REDISMODULE_OPTIONS_HANDLE_IO_ERRORS);
  RedisModuleTypeMethods methods = {
      .version = 5,
      .rdb_load = Load,
      .rdb_save = Save,
      .aof_rewrite = Rewrite,
      .free = Free,
      .digest = Digest,
      .aux_load = LoadTotal,
      .aux_save_triggers = REDISMODULE_AUX_AFTER_RDB,
      .mem_usage2 = MemUsage,
      .free_effort2 = FreeEffort,
      .unlink2 = Unlink,
      .copy2 = Copy,
      .aux_save2 = SaveTotal,
  };
  /* Names have nine characters; encodings go up to 1023; a name is taken once. */
  if (RedisModule_CreateDataType(ctx, "short", 3, &methods) != NULL) return REDISMODULE_ERR;
  if (RedisModule_CreateDataType(ctx, "test-valu", 1024, &methods) != NULL) return REDISMODULE_ERR;
  value_type = RedisModule_CreateDataType(ctx, "test-valu", 3, &methods);
  if (value_type == NULL) return REDISMODULE_ERR;
  if (RedisModule_CreateDataType(ctx, "test-valu", 4, &methods) != NULL) return REDISMODULE_ERR;
  static const struct {
    const char* name;
    RedisModuleCmdFunc function;
    const char* flags;
    int last;
  } kCommands[] = {{"values.set", Set, "write", 1},      {"values.get", Get, "readonly", 1},
                   {"values.swap", Swap, "write", 2},    {"values.string", String, "readonly", 1},
                   {"values.told", Told, "readonly", 0}, {"values.counts", Counts, "readonly", 0}};
  for (size_t i = 0; i < sizeof(kCommands) / sizeof(kCommands[0]); ++i) {
    const int first = kCommands[i].last == 0 ? 0 : 1;
    if (RedisModule_CreateCommand(ctx, kCommands[i].name, kCommands[i].function, kCommands[i].flags,
                                  first, kCommands[i].last, first) != REDISMODULE_OK) {
      return REDISMODULE_ERR;
    }
  }
  return REDISMODULE_OK;
}
