// DUMP and RESTORE: values in serialised form.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "node/commands/expiry_option.h"
#include "node/commands/generic.h"
#include "node/commands/generic_handlers.h"
#include "node/commands/lookup.h"
#include "node/keyspace/access_clock.h"
#include "node/keyspace/entry_codec.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

struct RestoreRequest {
  int64_t ttl = 0;
  bool absolute_ttl = false;
  bool replace = false;
  std::optional<int64_t> idle_seconds;
  std::optional<int64_t> frequency;
};

constexpr int64_t kFrequencyMax = 255;

// A number of an option. False, with the error replied, if it is none or out of bounds.
bool ParseBounded(CommandContext& ctx, std::string_view word, int64_t max, std::string_view error,
                  std::optional<int64_t>* value) {
  *value = IntegerOrReply(ctx, word);
  if (!*value) return false;
  if (**value >= 0 && **value <= max) return true;
  ctx.reply().Error(error);
  return false;
}

bool ParseRestoreOptions(CommandContext& ctx, Args args, RestoreRequest* request) {
  for (size_t i = 4; i < args.size(); ++i) {
    const bool has_value = i + 1 < args.size();
    if (EqualsIgnoreCase(args[i], "REPLACE")) {
      request->replace = true;
    } else if (EqualsIgnoreCase(args[i], "ABSTTL")) {
      request->absolute_ttl = true;
    } else if (EqualsIgnoreCase(args[i], "IDLETIME") && has_value && !request->frequency) {
      if (!ParseBounded(ctx, args[++i], INT64_MAX, "ERR Invalid IDLETIME value, must be >= 0",
                        &request->idle_seconds)) {
        return false;
      }
    } else if (EqualsIgnoreCase(args[i], "FREQ") && has_value && !request->idle_seconds) {
      if (!ParseBounded(ctx, args[++i], kFrequencyMax,
                        "ERR Invalid FREQ value, must be >= 0 and <= 255", &request->frequency)) {
        return false;
      }
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

bool ParseTtl(CommandContext& ctx, std::string_view word, RestoreRequest* request) {
  const std::optional<int64_t> ttl = IntegerOrReply(ctx, word);
  if (!ttl) return false;
  request->ttl = *ttl;
  if (*ttl >= 0) return true;
  ctx.reply().Error(errors::kInvalidTtl);
  return false;
}

std::string_view FormOf(RdbType type) {
  switch (type) {
    case RdbType::kHashZipmap:
      return "Zipmap";
    case RdbType::kStreamListpacks:
    case RdbType::kStreamListpacks2:
    case RdbType::kStreamListpacks3:
      return "Stream listpack";
    case RdbType::kZsetZiplist:
      return "Zset ziplist";
    case RdbType::kHashZiplist:
      return "Hash ziplist";
    case RdbType::kListZiplist:
    case RdbType::kListQuicklist:
      return "Ziplist";
    case RdbType::kHashListpack:
    case RdbType::kZsetListpack:
    case RdbType::kListQuicklist2:
    case RdbType::kSetListpack:
      return "Listpack";
    case RdbType::kSetIntset:
      return "Intset";
    case RdbType::kString:
    case RdbType::kList:
    case RdbType::kSet:
    case RdbType::kZset:
    case RdbType::kHash:
    case RdbType::kZset2:
    case RdbType::kModulePreGa:
    case RdbType::kModule2:
    case RdbType::kHash2:
      return "Value";
  }
  return "Value";
}

// The value in a payload under the key, which the caller owns; null with the error replied.
Entry* LoadPayload(CommandContext& ctx, std::string_view key, std::string_view payload,
                   UnixMillis expiry) {
  const auto* state = static_cast<const RestoreState*>(ctx.command().family());
  std::string sealed;
  if (state != nullptr && state->skip_checksum && payload.size() > kDumpFooterSize) [[unlikely]] {
    sealed = payload.substr(0, payload.size() - kDumpFooterSize);
    SealDump(&sealed);
    payload = sealed;
  }
  const absl::StatusOr<DumpedValue> value = OpenDump(payload);
  if (!value.ok()) {
    ctx.reply().Error(errors::kBadPayload);
    return nullptr;
  }
  const absl::StatusOr<Entry*> entry = LoadEntry(
      key, *value, expiry, ctx.engine().type_settings, ctx.client().database);
  if (entry.ok()) return *entry;
  if (state != nullptr && state->log != nullptr) {
    state->log->Warning(StrCat("RESTORE refused: ", FormOf(value->type),
                               " integrity check failed: ", ToStd(entry.status().message())));
  }
  ctx.reply().Error(errors::kBadDataFormat);
  return nullptr;
}

void SetAccessClock(CommandContext& ctx, const RestoreRequest& request, EntryRef& ref) {
  const bool lfu = ctx.keyspace().access_policy() == AccessPolicy::kLfu;
  if (lfu && request.frequency) {
    ref->set_access_clock(LfuClock(static_cast<uint8_t>(*request.frequency), ctx.now_ms()));
  } else if (!lfu && request.idle_seconds) {
    const int64_t idle = std::min<int64_t>(*request.idle_seconds, kLruClockMask);
    ref->set_access_clock(LruClockOfIdle(static_cast<uint32_t>(idle), ctx.now_ms()));
  }
}

// Copies get the expiry as a point in time.
void JournalRestore(CommandContext& ctx, Args args, UnixMillis expiry) {
  if (!ctx.wants_effects() || expiry == kNoExpiry) return;
  std::vector<std::string_view> words(args.begin(), args.end());
  const IntegerWord at(expiry);
  words[2] = at;
  const bool said = std::any_of(words.begin() + 4, words.end(), [](std::string_view word) {
    return EqualsIgnoreCase(word, "ABSTTL");
  });
  if (!said) words.push_back("ABSTTL");
  ctx.Effect(words, ctx.Key(1).slot);
}

}  // namespace

// DUMP key: nil if absent.
void Dump(CommandContext& ctx, Args args) {
  const Entry* entry = FindForReading(ctx, ctx.Key(1), ClientLookup(ctx));
  if (entry == nullptr) return ctx.reply().Null();
  ctx.reply().BulkOwned(DumpEntry(*entry, ctx.engine().config.rdbcompression, ctx.client().database));
}

// RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds | FREQ frequency]
void Restore(CommandContext& ctx, Args args) {
  RestoreRequest request;
  if (!ParseRestoreOptions(ctx, args, &request)) return;
  const HashedKey key = ctx.Key(1);
  if (!request.replace && ctx.db().FindRead(key, ctx.now_ms(), ClientLookup(ctx)) != nullptr) {
    return ctx.reply().Error(errors::kBusyKey);
  }
  if (!ParseTtl(ctx, args[2], &request)) return;
  UnixMillis expiry = kNoExpiry;
  if (request.ttl != 0) {
    const int64_t base = request.absolute_ttl ? 0 : ctx.now_ms();
    expiry = request.ttl > INT64_MAX - base ? INT64_MAX : request.ttl + base;
  }
  Entry* entry = LoadPayload(ctx, key.bytes, args[3], expiry);
  if (entry == nullptr) return;
  const bool deleted = request.replace && ctx.db().Delete(key, ctx.now_ms());
  if (expiry != kNoExpiry && IsPast(ctx, expiry)) {
    Entry::Free(entry);
    if (deleted) {
      ctx.MarkChanged();
      ctx.Notify(kNotifyGeneric, "del", key.bytes);
      if (ctx.wants_effects()) ctx.Effect({"DEL", key.bytes});
    }
    return ctx.reply().Ok();
  }
  EntryRef ref = ctx.db().Insert(key, entry, ctx.now_ms());
  SetAccessClock(ctx, request, ref);
  ctx.MarkChanged();
  ctx.Notify(kNotifyGeneric, "restore", key.bytes);
  JournalRestore(ctx, args, expiry);
  ctx.reply().Ok();
}

}  // namespace slotmesh::node
