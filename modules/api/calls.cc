// RM_Call, and reading its replies.
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <memory>
#include <string>
#include <utility>

#include "modules/api/groups.h"
#include "modules/api/promises.h"
#include "modules/api/text.h"
#include "modules/call_reply.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/user.h"
#include "modules/words.h"
#include "node/command/module_call.h"

namespace slotmesh::modules {
namespace {

using Refusal = node::ModuleCall::Refusal;

constexpr std::string_view kNobody =
    "ERR cannot run as user, no user directly attached to context or context's client";

int ErrnoOf(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return 0;
    case Refusal::kUnknownCommand:
      return ENOENT;
    case Refusal::kWrongArity:
      return EINVAL;
    case Refusal::kNotForScripts:
    case Refusal::kState:
      return ESPIPE;
    case Refusal::kMemory:
    case Refusal::kWrite:
      return ENOSPC;
    case Refusal::kAccess:
      return EACCES;
    case Refusal::kNobody:
      return ENOTSUP;
    case Refusal::kForeignSlot:
      return EPERM;
    case Refusal::kClusterReadOnly:
      return EROFS;
    case Refusal::kClusterDown:
      return ENETDOWN;
  }
  return EINVAL;
}

node::ModuleCall RulesOf(const Marks& marks, const RedisModuleCtx& ctx) {
  return {.script_rules = marks.script_rules,
          .respect_memory = marks.respect_memory,
          .no_writes = marks.no_writes,
          .no_effects = ctx.modules.read_only(),
          .check_access = marks.as_user,
          .obeys_routing = ctx.client == nullptr || !ctx.client->is_primary,
          .dry_run = marks.dry_run,
          .audience = marks.replicate ? marks.audience() : node::Audience::kNobody,
          .measure_memory = ctx.kind == RedisModuleCtx::Kind::kThreadSafe};
}

// Whose rules hold; null: there is nobody.
std::shared_ptr<node::AclUser> UserOf(const RedisModuleCtx& ctx) {
  if (ctx.user != nullptr) return ctx.user->user;
  return ctx.client == nullptr ? nullptr : ctx.client->user;
}

// The client in whose name the command runs: of its own, with the caller's place and modes.
void Prepare(node::Client& client, const RedisModuleCtx& ctx, const Marks& marks) {
  client.database = ctx.database;
  // Nothing is refused to what is not called in a user's name.
  client.user = marks.as_user ? UserOf(ctx) : nullptr;
  client.authenticated = true;
  client.asking = false;
  client.readonly = false;
  client.write_safety = node::SafetyChoice::kServers;
  const bool resp3 = marks.resp3 || (marks.callers_protocol && ctx.client != nullptr &&
                                     ctx.client->reply().resp3());
  client.reply().set_protocol(resp3 ? node::Protocol::kResp3 : node::Protocol::kResp2);
  if (ctx.client == nullptr) return;
  client.asking = ctx.client->asking;
  client.readonly = ctx.client->readonly;
  client.write_safety = ctx.client->write_safety;
}

void FreeReply(void* thing) {
  auto* reply = static_cast<RedisModuleCallReply*>(thing);
  if (reply->type == REDISMODULE_REPLY_PROMISE) {
    TheModules().part<PromisePart>().Release(*reply);
  }
  if (std::unique_ptr<node::Client> writer = reply->TakeWriter(); writer != nullptr) {
    TheModules().call_clients().GiveBack(std::move(writer));
  }
  delete reply;
}

RedisModuleCallReply* Track(RedisModuleCtx* ctx, std::unique_ptr<RedisModuleCallReply> made) {
  RedisModuleCallReply* reply = made.release();
  if (ctx->auto_memory) {
    reply->tracked_by = ctx;
    ctx->Track(reply, &FreeReply);
  }
  return reply;
}

// Whoever may not wait itself gets what the command replies where nobody can.
bool MayWait(const RedisModuleCtx& ctx) {
  return ctx.engine().script == nullptr && (ctx.command == nullptr || ctx.command->may_block());
}

// What the command may have told the server to do for its client.
void LeaveNothing(node::Engine& engine, node::Client& client) {
  if (client.watching) engine.watches.Forget(client);
  if (client.subscriptions != nullptr || client.tracking != nullptr || client.monitor) {
    engine.messages.Forget(client);
  }
}

// Null, and errno says why, or the reply.
RedisModuleCallReply* Run(RedisModuleCtx* ctx, const FormattedWords& request) {
  Modules& modules = ctx->modules;
  const Marks& marks = request.marks();
  node::ModuleCall call = RulesOf(marks, *ctx);
  const bool may_wait = marks.may_block && !marks.dry_run && MayWait(*ctx);
  call.dry_run = call.dry_run || may_wait;  // The checks come first.
  std::unique_ptr<node::Client> client = modules.call_clients().Take();
  Prepare(*client, *ctx, marks);
  if (marks.as_user && client->user == nullptr) {
    call.refusal = Refusal::kNobody;
    client->reply().Error(kNobody);
    client->reply().ClearErrors();
  } else {
    if (ctx->module != nullptr) ++ctx->module->calls;
    (void)modules.host().dispatcher.ExecuteForModule(*client, request.words(), call);
    if (ctx->module != nullptr) --ctx->module->calls;
  }
  modules.TouchKeyspace();
  if (client->has_unsent_write && ctx->client != nullptr) ctx->client->has_unsent_write = true;
  RedisModuleCallReply* reply = nullptr;
  errno = ErrnoOf(call.refusal);
  const bool shown = call.refusal == Refusal::kNone ? !call.dry_run : marks.errors_as_replies;
  if (may_wait && call.refusal == Refusal::kNone) {
    reply = Track(ctx, modules.part<PromisePart>().Run(
                           *ctx, request.words(), call.audience,
                           [&](node::Client& waiting) { Prepare(waiting, *ctx, marks); }));
  } else if (shown) {
    LeaveNothing(modules.engine(), *client);
    return Track(ctx, std::make_unique<RedisModuleCallReply>(std::move(client)));
  }
  LeaveNothing(modules.engine(), *client);
  modules.call_clients().GiveBack(std::move(client));
  return reply;
}

RedisModuleCallReply* Call(RedisModuleCtx* ctx, const char* name, const char* format,
                           ...) noexcept {
  FormattedWords request;
  va_list args;
  va_start(args, format);
  const bool readable = request.Read(name, format, args);
  va_end(args);
  if (!readable) {
    errno = EBADF;
    return nullptr;
  }
  return Run(ctx, request);
}

void FreeCallReply(RedisModuleCallReply* reply) noexcept {
  // Elements go with the outermost.
  if (reply == nullptr || !reply->is_root()) return;
  if (reply->tracked_by != nullptr) reply->tracked_by->Untrack(reply);
  FreeReply(reply);
}

int CallReplyType(RedisModuleCallReply* reply) noexcept {
  return reply == nullptr ? REDISMODULE_REPLY_UNKNOWN : reply->type;
}
size_t CallReplyLength(RedisModuleCallReply* reply) noexcept {
  switch (CallReplyType(reply)) {
    case REDISMODULE_REPLY_STRING:
    case REDISMODULE_REPLY_ERROR:
      return reply->text.size();
    case REDISMODULE_REPLY_ARRAY:
    case REDISMODULE_REPLY_SET:
    case REDISMODULE_REPLY_MAP:
    case REDISMODULE_REPLY_ATTRIBUTE:
      return reply->size;
    default:
      return 0;
  }
}
long long CallReplyInteger(RedisModuleCallReply* reply) noexcept {
  return CallReplyType(reply) == REDISMODULE_REPLY_INTEGER ? reply->integer : LLONG_MIN;
}
double CallReplyDouble(RedisModuleCallReply* reply) noexcept {
  return CallReplyType(reply) == REDISMODULE_REPLY_DOUBLE ? reply->number : LLONG_MIN;
}
int CallReplyBool(RedisModuleCallReply* reply) noexcept {
  return CallReplyType(reply) == REDISMODULE_REPLY_BOOL ? static_cast<int>(reply->integer)
                                                        : INT_MIN;
}

// The text of a reply of that type, else null.
const char* TextOf(RedisModuleCallReply* reply, int type, size_t* size) {
  if (CallReplyType(reply) != type) return nullptr;
  if (size != nullptr) *size = reply->text.size();
  return reply->text.data();
}
const char* CallReplyStringPtr(RedisModuleCallReply* reply, size_t* size) noexcept {
  return TextOf(reply,
                CallReplyType(reply) == REDISMODULE_REPLY_ERROR ? REDISMODULE_REPLY_ERROR
                                                                : REDISMODULE_REPLY_STRING,
                size);
}
const char* CallReplyBigNumber(RedisModuleCallReply* reply, size_t* size) noexcept {
  return TextOf(reply, REDISMODULE_REPLY_BIG_NUMBER, size);
}
const char* CallReplyVerbatim(RedisModuleCallReply* reply, size_t* size,
                              const char** format) noexcept {
  const char* text = TextOf(reply, REDISMODULE_REPLY_VERBATIM_STRING, size);
  if (text != nullptr && format != nullptr) *format = reply->format.data();
  return text;
}
const char* CallReplyProto(RedisModuleCallReply* reply, size_t* size) noexcept {
  if (size != nullptr) *size = reply->proto.size();
  return reply->proto.data();
}

RedisModuleCallReply* CallReplyArrayElement(RedisModuleCallReply* reply, size_t index) noexcept {
  return CallReplyType(reply) == REDISMODULE_REPLY_ARRAY ? reply->Element(index) : nullptr;
}
RedisModuleCallReply* CallReplySetElement(RedisModuleCallReply* reply, size_t index) noexcept {
  return CallReplyType(reply) == REDISMODULE_REPLY_SET ? reply->Element(index) : nullptr;
}
// Key and value of a pair; either may not be wanted.
int Pair(RedisModuleCallReply* reply, int type, size_t index, RedisModuleCallReply** key,
         RedisModuleCallReply** value) {
  if (CallReplyType(reply) != type || index >= reply->size) return REDISMODULE_ERR;
  if (key != nullptr) *key = reply->Element(2 * index);
  if (value != nullptr) *value = reply->Element(2 * index + 1);
  return REDISMODULE_OK;
}
int CallReplyMapElement(RedisModuleCallReply* reply, size_t index, RedisModuleCallReply** key,
                        RedisModuleCallReply** value) noexcept {
  return Pair(reply, REDISMODULE_REPLY_MAP, index, key, value);
}
RedisModuleCallReply* CallReplyAttribute(RedisModuleCallReply* reply) noexcept {
  return reply->Attribute();
}
int CallReplyAttributeElement(RedisModuleCallReply* reply, size_t index, RedisModuleCallReply** key,
                              RedisModuleCallReply** value) noexcept {
  return Pair(reply, REDISMODULE_REPLY_ATTRIBUTE, index, key, value);
}

RedisModuleString* CreateStringFromCallReply(RedisModuleCallReply* reply) noexcept {
  std::string text;
  switch (CallReplyType(reply)) {
    case REDISMODULE_REPLY_STRING:
    case REDISMODULE_REPLY_ERROR:
      text = reply->text;
      break;
    case REDISMODULE_REPLY_INTEGER:
      text = std::to_string(reply->integer);
      break;
    default:
      return nullptr;
  }
  return new RedisModuleString(std::move(text));
}

const ApiEntry kFunctions[] = {
    {"Call", &Call},
    {"FreeCallReply", &FreeCallReply},
    {"CallReplyType", &CallReplyType},
    {"CallReplyLength", &CallReplyLength},
    {"CallReplyInteger", &CallReplyInteger},
    {"CallReplyDouble", &CallReplyDouble},
    {"CallReplyBool", &CallReplyBool},
    {"CallReplyStringPtr", &CallReplyStringPtr},
    {"CallReplyBigNumber", &CallReplyBigNumber},
    {"CallReplyVerbatim", &CallReplyVerbatim},
    {"CallReplyProto", &CallReplyProto},
    {"CallReplyArrayElement", &CallReplyArrayElement},
    {"CallReplySetElement", &CallReplySetElement},
    {"CallReplyMapElement", &CallReplyMapElement},
    {"CallReplyAttribute", &CallReplyAttribute},
    {"CallReplyAttributeElement", &CallReplyAttributeElement},
    {"CreateStringFromCallReply", &CreateStringFromCallReply},
};

}  // namespace

ApiGroup CallFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
