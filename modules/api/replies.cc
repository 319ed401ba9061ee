// ReplyWith...: what a module's command answers. Without a client to reply to they do nothing and
// say OK.
#include <cstdarg>
#include <cstring>
#include <string>
#include <string_view>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/call_reply.h"
#include "modules/context.h"
#include "modules/string.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

using node::Reply;

// Gives REDISMODULE_OK, whether there is somebody to reply to or not.
template <typename Write>
int To(RedisModuleCtx* ctx, Write write) {
  if (Reply* reply = ctx->reply(); reply != nullptr) write(*reply);
  return REDISMODULE_OK;
}

int WrongArity(RedisModuleCtx* ctx) noexcept {
  return To(ctx, [&](Reply& reply) {
    reply.Error(node::WrongArity(ctx->command == nullptr ? std::string("unknown")
                                                         : ctx->command->command().full_name()));
  });
}

// What stands before the first space is the code; whoever gives none has ERR. So the protocol, and
// so Reply::Error for words in capitals; modules may use others.
int ReplyWithError(RedisModuleCtx* ctx, const char* text) noexcept {
  return To(ctx, [&](Reply& reply) { reply.Error(StrCat("-", text)); });
}
int ReplyWithErrorFormat(RedisModuleCtx* ctx, const char* format, ...) noexcept {
  va_list args;
  va_start(args, format);
  const std::string text = FormatText(format, args);
  va_end(args);
  return ReplyWithError(ctx, text.c_str());
}
int ReplyWithSimpleString(RedisModuleCtx* ctx, const char* text) noexcept {
  return To(ctx, [&](Reply& reply) { reply.Simple(text); });
}
int ReplyWithLongLong(RedisModuleCtx* ctx, long long value) noexcept {
  return To(ctx, [&](Reply& reply) { reply.Integer(value); });
}
int ReplyWithString(RedisModuleCtx* ctx, RedisModuleString* string) noexcept {
  return To(ctx, [&](Reply& reply) { reply.Bulk(string->view()); });
}
int ReplyWithStringBuffer(RedisModuleCtx* ctx, const char* bytes, size_t size) noexcept {
  return To(ctx, [&](Reply& reply) { reply.Bulk({bytes, size}); });
}
int ReplyWithCString(RedisModuleCtx* ctx, const char* text) noexcept {
  return To(ctx, [&](Reply& reply) { reply.Bulk(text); });
}
int ReplyWithEmptyString(RedisModuleCtx* ctx) noexcept {
  return To(ctx, [](Reply& reply) { reply.Bulk(""); });
}
int ReplyWithVerbatimStringType(RedisModuleCtx* ctx, const char* bytes, size_t size,
                                const char* format) noexcept {
  // Three characters, whatever was given.
  std::string three(format);
  three.resize(3, ' ');
  return To(ctx, [&](Reply& reply) { reply.Verbatim(three, {bytes, size}); });
}
int ReplyWithVerbatimString(RedisModuleCtx* ctx, const char* bytes, size_t size) noexcept {
  return ReplyWithVerbatimStringType(ctx, bytes, size, "txt");
}
int ReplyWithNull(RedisModuleCtx* ctx) noexcept {
  return To(ctx, [](Reply& reply) { reply.Null(); });
}
int ReplyWithNullArray(RedisModuleCtx* ctx) noexcept {
  return To(ctx, [](Reply& reply) { reply.NullArray(); });
}
int ReplyWithEmptyArray(RedisModuleCtx* ctx) noexcept {
  return To(ctx, [](Reply& reply) { reply.EmptyArray(); });
}
int ReplyWithBool(RedisModuleCtx* ctx, int value) noexcept {
  return To(ctx, [&](Reply& reply) { reply.Bool(value != 0); });
}
int ReplyWithDouble(RedisModuleCtx* ctx, double value) noexcept {
  return To(ctx, [&](Reply& reply) { reply.Double(value); });
}
int ReplyWithLongDouble(RedisModuleCtx* ctx, long double value) noexcept {
  return To(ctx, [&](Reply& reply) { reply.HumanDouble(value); });
}
int ReplyWithBigNumber(RedisModuleCtx* ctx, const char* digits, size_t size) noexcept {
  return To(ctx, [&](Reply& reply) { reply.BigNumber({digits, size}); });
}
int ReplyWithCallReply(RedisModuleCtx* ctx, RedisModuleCallReply* call_reply) noexcept {
  if (ctx->reply() == nullptr) return REDISMODULE_OK;
  // What was made for RESP3 cannot be told to a client that knows only RESP2.
  if (call_reply->resp3 && !ctx->reply()->resp3()) return REDISMODULE_ERR;
  return To(ctx, [&](Reply& reply) { call_reply->WriteTo(reply); });
}

// --- Aggregates. A length of REDISMODULE_POSTPONED_LEN is set later. ---

int Begin(RedisModuleCtx* ctx, long size, void (Reply::*begin)(size_t),
          Reply::Deferred (Reply::*defer)()) {
  return To(ctx, [&](Reply& reply) {
    if (size == REDISMODULE_POSTPONED_LEN) {
      ctx->open_replies.push_back((reply.*defer)());
    } else {
      (reply.*begin)(static_cast<size_t>(size));
    }
  });
}
void End(RedisModuleCtx* ctx, long size) {
  if (ctx->reply() == nullptr) return;
  if (ctx->open_replies.empty()) {
    ctx->LogWarning("It sets the length of a reply that it has not begun as postponed; ignored.");
    return;
  }
  const Reply::Deferred place = ctx->open_replies.back();
  ctx->open_replies.pop_back();
  ctx->reply()->Finish(place, static_cast<size_t>(size));
}

int ReplyWithArray(RedisModuleCtx* ctx, long size) noexcept {
  return Begin(ctx, size, &Reply::Array, &Reply::DeferArray);
}
int ReplyWithMap(RedisModuleCtx* ctx, long size) noexcept {
  return Begin(ctx, size, &Reply::Map, &Reply::DeferMap);
}
int ReplyWithSet(RedisModuleCtx* ctx, long size) noexcept {
  return Begin(ctx, size, &Reply::Set, &Reply::DeferSet);
}
// Only RESP3 knows attributes: the module is told, and leaves the pairs out.
int ReplyWithAttribute(RedisModuleCtx* ctx, long size) noexcept {
  if (ctx->reply() == nullptr) return REDISMODULE_OK;
  if (!ctx->reply()->resp3()) return REDISMODULE_ERR;
  if (size == REDISMODULE_POSTPONED_LEN) {
    ctx->open_replies.push_back(ctx->reply()->DeferAttribute());
    return REDISMODULE_OK;
  }
  return ctx->reply()->Attribute(static_cast<size_t>(size)) ? REDISMODULE_OK : REDISMODULE_ERR;
}
void ReplySetArrayLength(RedisModuleCtx* ctx, long size) noexcept { End(ctx, size); }
void ReplySetMapLength(RedisModuleCtx* ctx, long size) noexcept { End(ctx, size); }
void ReplySetSetLength(RedisModuleCtx* ctx, long size) noexcept { End(ctx, size); }
void ReplySetPushLength(RedisModuleCtx* ctx, long size) noexcept { End(ctx, size); }
void ReplySetAttributeLength(RedisModuleCtx* ctx, long size) noexcept {
  if (ctx->reply() != nullptr && ctx->reply()->resp3()) End(ctx, size);
}

const ApiEntry kFunctions[] = {
    {"WrongArity", &WrongArity},
    {"ReplyWithError", &ReplyWithError},
    {"ReplyWithErrorFormat", &ReplyWithErrorFormat},
    {"ReplyWithSimpleString", &ReplyWithSimpleString},
    {"ReplyWithLongLong", &ReplyWithLongLong},
    {"ReplyWithString", &ReplyWithString},
    {"ReplyWithStringBuffer", &ReplyWithStringBuffer},
    {"ReplyWithCString", &ReplyWithCString},
    {"ReplyWithEmptyString", &ReplyWithEmptyString},
    {"ReplyWithVerbatimString", &ReplyWithVerbatimString},
    {"ReplyWithVerbatimStringType", &ReplyWithVerbatimStringType},
    {"ReplyWithNull", &ReplyWithNull},
    {"ReplyWithNullArray", &ReplyWithNullArray},
    {"ReplyWithEmptyArray", &ReplyWithEmptyArray},
    {"ReplyWithBool", &ReplyWithBool},
    {"ReplyWithDouble", &ReplyWithDouble},
    {"ReplyWithLongDouble", &ReplyWithLongDouble},
    {"ReplyWithBigNumber", &ReplyWithBigNumber},
    {"ReplyWithCallReply", &ReplyWithCallReply},
    {"ReplyWithArray", &ReplyWithArray},
    {"ReplyWithMap", &ReplyWithMap},
    {"ReplyWithSet", &ReplyWithSet},
    {"ReplyWithAttribute", &ReplyWithAttribute},
    {"ReplySetArrayLength", &ReplySetArrayLength},
    {"ReplySetMapLength", &ReplySetMapLength},
    {"ReplySetSetLength", &ReplySetSetLength},
    {"ReplySetAttributeLength", &ReplySetAttributeLength},
    {"ReplySetPushLength", &ReplySetPushLength},
};

}  // namespace

ApiGroup ReplyFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
