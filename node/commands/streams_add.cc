// XADD and XTRIM.
//
// A copy gets the id that the entry got, and trims exactly as far as happened here.
#include <algorithm>
#include <vector>

#include "node/commands/lookup.h"
#include "node/commands/streams_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kBlocksTrimmedMax = 100;  // With ~ and without LIMIT.
constexpr int64_t kTrimLimitDefault = 10'000;
constexpr int64_t kTrimLimitMax = 1'000'000;

enum class IdChoice : uint8_t { kAny = 0, kAnySeq = 1, kGiven = 2 };

struct AddRequest {
  StreamTrim trim;
  bool limit_given = false;
  bool only_if_there = false;  // NOMKSTREAM
  IdChoice choice = IdChoice::kAny;
  StreamId id;
  size_t id_word = 0;
};

bool Refuse(CommandContext& ctx, std::string_view error) {
  ctx.reply().Error(error);
  return false;
}

// MAXLEN|MINID [=|~] threshold, whose first word is args[*at]; *at is then the last.
bool ParseThreshold(CommandContext& ctx, Args args, size_t* at, StreamTrim* trim) {
  if (trim->by != StreamTrim::By::kNothing) {
    return Refuse(ctx,
                  "ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
  }
  const bool by_length = EqualsIgnoreCase(args[*at], "maxlen");
  ++*at;
  trim->approximately = false;
  if (*at + 1 < args.size() && (args[*at] == "~" || args[*at] == "=")) {
    trim->approximately = args[*at] == "~";
    ++*at;
  }
  trim->by = by_length ? StreamTrim::By::kLength : StreamTrim::By::kId;
  if (!by_length) return StrictIdOrReply(ctx, args[*at], &trim->id_min);
  const std::optional<int64_t> length = IntegerOrReply(ctx, args[*at]);
  if (!length) return false;
  if (*length < 0) return Refuse(ctx, "ERR The MAXLEN argument must be >= 0.");
  trim->length_max = static_cast<uint64_t>(*length);
  return true;
}

bool ParseLimit(CommandContext& ctx, std::string_view word, AddRequest* request) {
  const std::optional<int64_t> limit = IntegerOrReply(ctx, word);
  if (!limit) return false;
  if (*limit < 0) return Refuse(ctx, "ERR The LIMIT argument must be >= 0.");
  request->trim.limit = static_cast<uint64_t>(*limit);
  request->limit_given = true;
  return true;
}

bool ParseId(CommandContext& ctx, std::string_view word, AddRequest* request) {
  ParsedStreamId parsed;
  if (!ParseStreamId(word, StreamIdForm::kAnySeq, 0, &parsed)) {
    ReplyInvalidId(ctx);
    return false;
  }
  request->id = parsed.id;
  request->choice = parsed.any_seq ? IdChoice::kAnySeq : IdChoice::kGiven;
  return true;
}

// How much one command may trim.
bool SettleLimit(CommandContext& ctx, bool add, AddRequest* request) {
  StreamTrim& trim = request->trim;
  const bool none = trim.by == StreamTrim::By::kNothing;
  if (trim.limit != 0 && none) {
    return Refuse(ctx,
                  "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
  }
  if (!add && none) {
    return Refuse(ctx, "ERR syntax error, XTRIM must be called with a trimming strategy");
  }
  if (IsFromAnotherCopy(ctx.origin())) {
    trim.limit = 0;
    return true;
  }
  if (request->limit_given) {
    return trim.approximately ||
           Refuse(ctx, "ERR syntax error, LIMIT cannot be used without the special ~ option");
  }
  if (!trim.approximately) return true;
  int64_t limit = 0;
  if (__builtin_mul_overflow(kBlocksTrimmedMax, ctx.engine().type_settings.stream_node_max_entries,
                             &limit) ||
      limit <= 0) {
    limit = kTrimLimitDefault;
  }
  trim.limit = static_cast<uint64_t>(std::min(limit, kTrimLimitMax));
  return true;
}

// Options, and for XADD the id, from word 2 on.
bool ParseOptions(CommandContext& ctx, Args args, bool add, AddRequest* request) {
  size_t i = 2;
  for (; i < args.size(); ++i) {
    const std::string_view word = args[i];
    const bool more = i + 1 < args.size();
    if (add && word == "*") break;
    if (more && (EqualsIgnoreCase(word, "maxlen") || EqualsIgnoreCase(word, "minid"))) {
      if (!ParseThreshold(ctx, args, &i, &request->trim)) return false;
    } else if (more && EqualsIgnoreCase(word, "limit")) {
      if (!ParseLimit(ctx, args[++i], request)) return false;
    } else if (add && EqualsIgnoreCase(word, "nomkstream")) {
      request->only_if_there = true;
    } else if (add) {
      if (!ParseId(ctx, word, request)) return false;
      break;
    } else {
      return Refuse(ctx, errors::kSyntax);
    }
  }
  request->id_word = i;
  return SettleLimit(ctx, add, request);
}

constexpr std::string_view kIdTooSmall =
    "ERR The ID specified in XADD is equal or smaller than the target stream top item";

// The id that the entry gets. `stream` may be null.
bool ChooseId(CommandContext& ctx, const Stream* stream, AddRequest* request) {
  const StreamId last = stream == nullptr ? StreamId{} : stream->last_id();
  if (last == kStreamIdMax) {
    return Refuse(ctx,
                  "ERR The stream has exhausted the last possible ID, unable to add more items");
  }
  switch (request->choice) {
    case IdChoice::kAny: {
      const auto now = static_cast<uint64_t>(ctx.now_ms());
      request->id = {now, 0};
      if (stream != nullptr) request->id = *stream->NextId(ctx.now_ms());
      break;
    }
    case IdChoice::kAnySeq:
      if (last.ms == request->id.ms) {
        if (last.seq == UINT64_MAX) return Refuse(ctx, kIdTooSmall);
        request->id.seq = last.seq + 1;
      }
      break;
    case IdChoice::kGiven:
      break;
  }
  return request->id > last || Refuse(ctx, kIdTooSmall);
}

// The trimming that makes another copy of the stream what this one has become, in words.
class TrimWords {
 public:
  TrimWords(const Stream& stream, const StreamTrim& trim)
      : length_(static_cast<int64_t>(stream.size())),
        id_(stream.size() == 0 ? trim.id_min : stream.first_id()),
        by_length_(trim.by == StreamTrim::By::kLength) {}

  std::string_view option() const { return by_length_ ? "MAXLEN" : "MINID"; }
  std::string_view threshold() const {
    if (by_length_) return length_;
    return id_;
  }

 private:
  IntegerWord length_;
  StreamIdText id_;
  bool by_length_;
};

void AddEffect(CommandContext& ctx, Args args, const HashedKey& key, const Stream& stream,
               const AddRequest& request) {
  if (request.choice == IdChoice::kGiven && !request.trim.approximately) return;  // As it came.
  if (!ctx.wants_effects()) return;
  const StreamIdText id(request.id);
  const TrimWords trim(stream, request.trim);
  std::vector<std::string_view> words = {"XADD", key.bytes};
  if (request.only_if_there) words.push_back("NOMKSTREAM");
  if (request.trim.by != StreamTrim::By::kNothing) {
    for (const std::string_view word : {trim.option(), std::string_view("="), trim.threshold()}) {
      words.push_back(word);
    }
  }
  words.push_back(id);
  words.insert(words.end(), args.begin() + static_cast<ptrdiff_t>(request.id_word) + 1, args.end());
  ctx.Effect(words, SlotOf(ctx, key));
}

}  // namespace

// XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value [...]
void XAdd(CommandContext& ctx, Args args) {
  AddRequest request;
  if (!ParseOptions(ctx, args, /*add=*/true, &request)) return;
  const size_t before_pairs = request.id_word + 1;
  if (args.size() < before_pairs + 2 || (args.size() - before_pairs) % 2 != 0) {
    return ctx.reply().Error(WrongArity(ctx.command().full_name()));
  }
  const Args pairs = args.subspan(before_pairs);
  if (request.choice == IdChoice::kGiven && request.id.is_zero()) {
    return ctx.reply().Error("ERR The ID specified in XADD must be greater than 0-0");
  }
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  Stream* stream = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &stream)) return;
  if (stream == nullptr && request.only_if_there) return ctx.reply().Null();
  if (!ChooseId(ctx, stream, &request)) return;
  if (!Stream::Fits(pairs)) return ctx.reply().Error("ERR Elements are too large to be stored");

  const bool is_new = stream == nullptr;
  if (is_new) stream = new Stream;
  stream->Add(request.id, pairs, ctx.engine().type_settings);
  ctx.reply().Bulk(StreamIdText(request.id));
  const uint64_t trimmed = stream->Trim(request.trim);
  AddEffect(ctx, args, key, *stream, request);
  ctx.MarkChanged();
  if (is_new) {
    InsertObject(ctx, key, stream);
  } else {
    ctx.db().SignalModified(key);
  }
  ctx.Notify(kNotifyStream, "xadd", key.bytes);
  if (trimmed > 0) ctx.Notify(kNotifyStream, "xtrim", key.bytes);
}

// XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count]: how many entries went.
void XTrim(CommandContext& ctx, Args args) {
  AddRequest request;
  if (!ParseOptions(ctx, args, /*add=*/false, &request)) return;
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  Stream* stream = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &stream)) return;
  if (stream == nullptr) return ctx.reply().Integer(0);
  const auto trimmed = static_cast<int64_t>(stream->Trim(request.trim));
  ctx.reply().Integer(trimmed);
  if (trimmed == 0) return;
  ctx.MarkChanged(trimmed);
  if (request.trim.approximately && ctx.wants_effects()) {
    const TrimWords trim(*stream, request.trim);
    ctx.Effect({"XTRIM", key.bytes, trim.option(), "=", trim.threshold()});
  }
  ctx.db().SignalModified(key);
  ctx.Notify(kNotifyStream, "xtrim", key.bytes);
}

}  // namespace slotmesh::node
