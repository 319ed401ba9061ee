// Strings: making, reading and counting them.
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <optional>
#include <utility>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/context.h"
#include "modules/string.h"
#include "node/resp/numbers.h"
#include "node/types/stream_id.h"

namespace slotmesh::modules {
namespace {

constexpr size_t kAppendRoomMax = size_t{1} << 20;

RedisModuleString* Own(RedisModuleCtx* ctx, std::string text) {
  return TrackString(ctx, new RedisModuleString(std::move(text)));
}

RedisModuleString* CreateString(RedisModuleCtx* ctx, const char* bytes, size_t size) noexcept {
  return Own(ctx, std::string(bytes, size));
}
RedisModuleString* CreateStringFromString(RedisModuleCtx* ctx,
                                          const RedisModuleString* string) noexcept {
  return Own(ctx, string->bytes);
}
RedisModuleString* CreateStringFromLongLong(RedisModuleCtx* ctx, long long value) noexcept {
  return Own(ctx, std::to_string(value));
}
RedisModuleString* CreateStringFromULongLong(RedisModuleCtx* ctx,
                                             unsigned long long value) noexcept {
  return Own(ctx, std::to_string(value));
}
RedisModuleString* CreateStringFromDouble(RedisModuleCtx* ctx, double value) noexcept {
  return Own(ctx, node::DoubleText(value));
}
RedisModuleString* CreateStringFromLongDouble(RedisModuleCtx* ctx, long double value,
                                              int human) noexcept {
  if (human != 0) return Own(ctx, node::LongDoubleText(value));
  char text[node::kLongDoubleTextMax];
  const int size = std::snprintf(text, sizeof(text), "%.17Lg", value);
  return Own(ctx, std::string(text, static_cast<size_t>(size)));
}
RedisModuleString* CreateStringFromStreamID(RedisModuleCtx* ctx,
                                            const RedisModuleStreamID* id) noexcept {
  return Own(ctx, std::string(std::string_view(node::StreamIdText({id->ms, id->seq}))));
}
RedisModuleString* CreateStringPrintf(RedisModuleCtx* ctx, const char* format, ...) noexcept {
  va_list args;
  va_start(args, format);
  std::string text = FormatText(format, args);
  va_end(args);
  return Own(ctx, std::move(text));
}

void FreeString(RedisModuleCtx* ctx, RedisModuleString* string) noexcept {
  if (string == nullptr) return;
  if (ctx != nullptr) ctx->Untrack(string);
  string->Release();
}

// A string that automatic memory would free is the module's own afterwards; any other is counted
// once more.
void RetainString(RedisModuleCtx* ctx, RedisModuleString* string) noexcept {
  if (ctx == nullptr || !ctx->Untrack(string)) string->Retain();
}
RedisModuleString* HoldString(RedisModuleCtx* ctx, RedisModuleString* string) noexcept {
  RetainString(ctx, string);
  return string;
}
void TrimStringAllocation(RedisModuleString* string) noexcept {
  if (string != nullptr && !string->shared()) string->bytes.shrink_to_fit();
}

const char* StringPtrLen(const RedisModuleString* string, size_t* size) noexcept {
  if (string == nullptr) {
    constexpr std::string_view kMissing = "(NULL string reply referenced in module)";
    if (size != nullptr) *size = kMissing.size();
    return kMissing.data();
  }
  if (size != nullptr) *size = string->bytes.size();
  return string->bytes.c_str();
}

// REDISMODULE_OK and *out, or REDISMODULE_ERR for a text that is no such number.
template <typename Out, typename Value>
int Give(const std::optional<Value>& value, Out* out) {
  if (!value.has_value()) return REDISMODULE_ERR;
  *out = static_cast<Out>(*value);
  return REDISMODULE_OK;
}
int StringToLongLong(const RedisModuleString* string, long long* value) noexcept {
  return Give(node::ParseInt64(string->bytes), value);
}
int StringToULongLong(const RedisModuleString* string, unsigned long long* value) noexcept {
  return Give(node::ParseUint64(string->bytes), value);
}
int StringToDouble(const RedisModuleString* string, double* value) noexcept {
  return Give(node::ParseDouble(string->bytes), value);
}
int StringToLongDouble(const RedisModuleString* string, long double* value) noexcept {
  return Give(node::ParseLongDouble(string->bytes), value);
}
int StringToStreamID(const RedisModuleString* string, RedisModuleStreamID* id) noexcept {
  node::ParsedStreamId parsed;
  if (!node::ParseStreamId(string->bytes, node::StreamIdForm::kWithEnds, 0, &parsed)) {
    return REDISMODULE_ERR;
  }
  *id = {parsed.id.ms, parsed.id.seq};
  return REDISMODULE_OK;
}

int StringCompare(const RedisModuleString* a, const RedisModuleString* b) noexcept {
  return a->bytes.compare(b->bytes);
}
int StringAppendBuffer(RedisModuleCtx* ctx, RedisModuleString* string, const char* bytes,
                       size_t size) noexcept {
  if (string->shared()) return REDISMODULE_ERR;
  // Twice what is needed, as modules expect it: who appends once appends again, or trims.
  const size_t needed = string->bytes.size() + size;
  if (needed > string->bytes.capacity()) {
    string->bytes.reserve(needed + std::min(needed, kAppendRoomMax));
  }
  string->bytes.append(bytes, size);
  return REDISMODULE_OK;
}

const ApiEntry kFunctions[] = {
    {"CreateString", &CreateString},
    {"CreateStringFromString", &CreateStringFromString},
    {"CreateStringFromLongLong", &CreateStringFromLongLong},
    {"CreateStringFromULongLong", &CreateStringFromULongLong},
    {"CreateStringFromDouble", &CreateStringFromDouble},
    {"CreateStringFromLongDouble", &CreateStringFromLongDouble},
    {"CreateStringFromStreamID", &CreateStringFromStreamID},
    {"CreateStringPrintf", &CreateStringPrintf},
    {"FreeString", &FreeString},
    {"RetainString", &RetainString},
    {"HoldString", &HoldString},
    {"TrimStringAllocation", &TrimStringAllocation},
    {"StringPtrLen", &StringPtrLen},
    {"StringToLongLong", &StringToLongLong},
    {"StringToULongLong", &StringToULongLong},
    {"StringToDouble", &StringToDouble},
    {"StringToLongDouble", &StringToLongDouble},
    {"StringToStreamID", &StringToStreamID},
    {"StringCompare", &StringCompare},
    {"StringAppendBuffer", &StringAppendBuffer},
};

}  // namespace

ApiGroup StringFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
