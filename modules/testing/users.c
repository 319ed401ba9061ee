/* Test module "users": a user of the module's own, whom it lets clients be, now or later. */
#include <errno.h>
#include <string.h>

#include "slotmesh_module.h"

static RedisModuleUser *guest = NULL;
static long long changes = 0;

static void OnUserChanged(uint64_t client_id, void *data) {
  (void)client_id;
  (void)data;
  ++changes;
}

static int Is(RedisModuleString *string, const char *text) {
  size_t size = 0;
  const char *bytes = RedisModule_StringPtrLen(string, &size);
  return size == strlen(text) && memcmp(bytes, text, size) == 0;
}

static int ReplyYesOrNo(RedisModuleCtx *ctx, int result) {
  if (result == REDISMODULE_OK) return RedisModule_ReplyWithSimpleString(ctx, "yes");
  return RedisModule_ReplyWithSimpleString(ctx, errno == ENOENT ? "no such command" : "no");
}

/* users.rules text: what the guest may do from now on. */
static int SetRules(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 2) return RedisModule_WrongArity(ctx);
  if (guest == NULL) guest = RedisModule_CreateModuleUser("guest");
  RedisModuleString *error = NULL;
  if (RedisModule_SetModuleUserACLString(ctx, guest, RedisModule_StringPtrLen(argv[1], NULL),
                                         &error) != REDISMODULE_OK) {
    const int result =
        RedisModule_ReplyWithErrorFormat(ctx, "ERR %s", RedisModule_StringPtrLen(error, NULL));
    RedisModule_FreeString(ctx, error);
    return result;
  }
  RedisModuleString *rules = RedisModule_GetModuleUserACLString(guest);
  const int result = RedisModule_ReplyWithString(ctx, rules);
  RedisModule_FreeString(ctx, rules);
  return result;
}

/* users.may command [arg ...] */
static int MayRun(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc < 2) return RedisModule_WrongArity(ctx);
  return ReplyYesOrNo(ctx, RedisModule_ACLCheckCommandPermissions(guest, argv + 1, argc - 1));
}

/* users.mayread name key: a user of the server's. */
static int MayRead(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  RedisModuleUser *user = RedisModule_GetModuleUserFromUserName(argv[1]);
  if (user == NULL) return RedisModule_ReplyWithSimpleString(ctx, "no such user");
  const int result = RedisModule_ACLCheckKeyPermissions(user, argv[2], REDISMODULE_CMD_KEY_ACCESS);
  RedisModule_FreeModuleUser(user);
  return ReplyYesOrNo(ctx, result);
}

/* users.call command [arg ...]: in the guest's name, by its rules. */
static int CallAsGuest(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (argc < 2) return RedisModule_WrongArity(ctx);
  RedisModule_SetContextUser(ctx, guest);
  RedisModuleCallReply *reply = RedisModule_Call(ctx, RedisModule_StringPtrLen(argv[1], NULL),
                                                 "CEv", argv + 2, (size_t)(argc - 2));
  const int result = RedisModule_ReplyWithCallReply(ctx, reply);
  RedisModule_FreeCallReply(reply);
  return result;
}

/* users.become: the client is the guest from now on. */
static int Become(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  if (argc != 1) return RedisModule_WrongArity(ctx);
  if (RedisModule_AuthenticateClientWithUser(ctx, guest, OnUserChanged, NULL, NULL) !=
      REDISMODULE_OK) {
    return RedisModule_ReplyWithError(ctx, "ERR the guest is off");
  }
  return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* users.changes: how many clients were told of. */
static int Changes(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  return RedisModule_ReplyWithLongLong(ctx, changes);
}

/* users.send channel message: with getchannels-api. */
static int Send(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  if (RedisModule_IsChannelsPositionRequest(ctx)) {
    RedisModule_ChannelAtPosWithFlags(ctx, 1, REDISMODULE_CMD_CHANNEL_PUBLISH);
    return REDISMODULE_OK;
  }
  if (argc != 3) return RedisModule_WrongArity(ctx);
  return RedisModule_ReplyWithLongLong(ctx, RedisModule_PublishMessage(ctx, argv[1], argv[2]));
}

/* users.free: the guest is no more. */
static int Free(RedisModuleCtx *ctx, RedisModuleString **argv, int argc) {
  (void)argv;
  (void)argc;
  RedisModule_FreeModuleUser(guest);
  guest = NULL;
  return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* --- AUTH: the password "now" lets a client be the guest, "never" does not, "later" and "never
 * later" say so when some time has passed. --- */

static int Decide(RedisModuleCtx *ctx, RedisModuleString *user, RedisModuleString *password,
                  RedisModuleString **error) {
  (void)user;
  if (Is(password, "now") || Is(password, "later")) {
    RedisModule_AuthenticateClientWithUser(ctx, guest, OnUserChanged, NULL, NULL);
  } else {
    *error = RedisModule_CreateString(ctx, "the guest is asleep", 19);
    RedisModule_ACLAddLogEntryByUserName(ctx, user, password, REDISMODULE_ACL_LOG_AUTH);
  }
  return REDISMODULE_AUTH_HANDLED;
}

static void OnTimer(RedisModuleCtx *ctx, void *data) {
  (void)ctx;
  RedisModule_UnblockClient((RedisModuleBlockedClient *)data, NULL);
}

static int OnLogin(RedisModuleCtx *ctx, RedisModuleString *user, RedisModuleString *password,
                   RedisModuleString **error) {
  if (guest == NULL || !Is(user, "guest")) return REDISMODULE_AUTH_NOT_HANDLED;
  if (Is(password, "now") || Is(password, "never")) return Decide(ctx, user, password, error);
  if (!Is(password, "later") && !Is(password, "never later")) return REDISMODULE_AUTH_NOT_HANDLED;
  RedisModuleBlockedClient *client = RedisModule_BlockClientOnAuth(ctx, Decide, NULL);
  RedisModule_CreateTimer(ctx, 100, OnTimer, client);
  return REDISMODULE_AUTH_HANDLED;
}

SLOTMESH_MODULE_ENTRY int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv,
                                             int argc) {
  (void)argv;
  (void)argc;
  if (RedisModule_Init(ctx, "users", 1, REDISMODULE_APIVER_1) != REDISMODULE_OK) {
    return REDISMODULE_ERR;
  }
  const struct {
    const char *name;
    RedisModuleCmdFunc function;
    const char *flags;
  } commands[] = {
      {"users.rules", SetRules, ""},
      {"users.may", MayRun, ""},
      {"users.mayread", MayRead, ""},
      {"users.call", CallAsGuest, ""},
      {"users.become", Become, ""},
      {"users.changes", Changes, ""},
      {"users.send", Send, "getchannels-api"},
      {"users.free", Free, ""},
  };
  for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); ++i) {
    if (RedisModule_CreateCommand(ctx, commands[i].name, commands[i].function, commands[i].flags, 0,
                                  0, 0) != REDISMODULE_OK) {
      return REDISMODULE_ERR;
    }
  }
  RedisModule_RegisterAuthCallback(ctx, OnLogin);
  return REDISMODULE_OK;
}
