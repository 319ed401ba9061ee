// Single bits, and many at once: SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/bitmaps_handlers.h"
#include "node/commands/lookup.h"
#include "node/data/bits.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kBitMustBe = "ERR The bit argument must be 1 or 0.";
constexpr std::string_view kNotTakesOne = "ERR BITOP NOT must be called with a single source key.";

// The range of BITCOUNT and BITPOS, as written.
struct BitRange {
  int64_t start = 0;
  int64_t end = -1;
  bool has_end = false;
  bool in_bits = false;
};

// Words from `at` on: [start [end [BYTE | BIT]]]. False, with the error replied, if malformed.
bool ParseRange(CommandContext& ctx, Args args, size_t at, BitRange* range) {
  if (args.size() > at + 3) {
    ctx.reply().Error(errors::kSyntax);
    return false;
  }
  if (args.size() <= at) return true;
  const std::optional<int64_t> start = IntegerOrReply(ctx, args[at]);
  if (!start) return false;
  range->start = *start;
  if (args.size() == at + 3) {
    range->in_bits = EqualsIgnoreCase(args[at + 2], "BIT");
    if (!range->in_bits && !EqualsIgnoreCase(args[at + 2], "BYTE")) {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  if (args.size() < at + 2) return true;
  const std::optional<int64_t> end = IntegerOrReply(ctx, args[at + 1]);
  if (!end) return false;
  range->end = *end;
  range->has_end = true;
  return true;
}

struct Bits {
  uint64_t first;
  uint64_t last;
};

// The bits of a string of `size` bytes that are meant; nothing if there are none.
std::optional<Bits> Resolve(const BitRange& range, size_t size) {
  const auto total = static_cast<int64_t>(range.in_bits ? size * 8 : size);
  const auto from_end = [total](int64_t at) {
    return at < 0 ? std::max<int64_t>(0, at + total) : at;
  };
  const int64_t start = from_end(range.start);
  const int64_t end = std::min(from_end(range.end), total - 1);
  if (start > end) return std::nullopt;
  const auto first = static_cast<uint64_t>(start);
  const auto last = static_cast<uint64_t>(end);
  if (range.in_bits) return Bits{first, last};
  return Bits{first * 8, last * 8 + 7};
}

enum class BitOperation : uint8_t { kAnd, kOr, kXor, kNot };

std::optional<BitOperation> ParseOperation(std::string_view word) {
  if (EqualsIgnoreCase(word, "AND")) return BitOperation::kAnd;
  if (EqualsIgnoreCase(word, "OR")) return BitOperation::kOr;
  if (EqualsIgnoreCase(word, "XOR")) return BitOperation::kXor;
  if (EqualsIgnoreCase(word, "NOT")) return BitOperation::kNot;
  return std::nullopt;
}

// result op= source; bytes that the source does not have are 0.
void Combine(BitOperation operation, std::string_view source, std::string* result) {
  const size_t common = source.size();
  char* out = result->data();
  switch (operation) {
    case BitOperation::kAnd:
      for (size_t i = 0; i < common; ++i) out[i] = static_cast<char>(out[i] & source[i]);
      std::memset(out + common, 0, result->size() - common);
      return;
    case BitOperation::kOr:
      for (size_t i = 0; i < common; ++i) out[i] = static_cast<char>(out[i] | source[i]);
      return;
    case BitOperation::kXor:
      for (size_t i = 0; i < common; ++i) out[i] = static_cast<char>(out[i] ^ source[i]);
      return;
    case BitOperation::kNot:
      for (size_t i = 0; i < common; ++i) out[i] = static_cast<char>(~source[i]);
  }
}

}  // namespace

std::optional<uint64_t> BitOffset(CommandContext& ctx, std::string_view word, int field_bits) {
  const bool in_fields = field_bits > 0 && !word.empty() && word[0] == '#';
  const std::optional<int64_t> number = ParseInt64(in_fields ? word.substr(1) : word);
  int64_t offset = 0;
  const auto limit = static_cast<uint64_t>(ctx.engine().config.proto_max_bulk_len);
  if (!number || *number < 0 ||
      __builtin_mul_overflow(*number, in_fields ? field_bits : 1, &offset) ||
      (!IsFromAnotherCopy(ctx.origin()) && static_cast<uint64_t>(offset) / 8 >= limit)) {
    ctx.reply().Error(errors::kBitOffset);
    return std::nullopt;
  }
  return static_cast<uint64_t>(offset);
}

char* BytesUpToBit(CommandContext& ctx, EntryRef& ref, const HashedKey& key, uint64_t last,
                   bool* grown) {
  const size_t size = last / 8 + 1;
  *grown = !ref || ref->string_length() < size;
  if (!*grown) return ctx.db().MutableString(ref);
  if (!ref) PutString(ctx, ref, key, "", {});
  return ctx.db().ResizeString(ref, key, size);
}

// SETBIT key offset value: the bit that was there.
void SetBit(CommandContext& ctx, Args args) {
  const std::optional<uint64_t> at = BitOffset(ctx, args[2], 0);
  if (!at) return;
  const std::optional<int64_t> value = IntegerOrReply(ctx, args[3], errors::kBitValue);
  if (!value) return;
  if (*value != 0 && *value != 1) return ctx.reply().Error(errors::kBitValue);
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  if (!FindStringToWrite(ctx, key, &ref)) return;
  bool grown = false;
  char* bytes = BytesUpToBit(ctx, ref, key, *at, &grown);
  const uint64_t old = LoadBits({bytes, *at / 8 + 1}, *at, 1);
  StoreBits(bytes, *at, 1, static_cast<uint64_t>(*value));
  if (grown || static_cast<int64_t>(old) != *value) {
    ctx.db().SignalModified(key);
    ctx.MarkChanged();
    ctx.Notify(kNotifyString, "setbit", key.bytes);
  }
  ctx.reply().Integer(static_cast<int64_t>(old));
}

void GetBit(CommandContext& ctx, Args args) {
  const std::optional<uint64_t> at = BitOffset(ctx, args[2], 0);
  if (!at) return;
  const Entry* entry = nullptr;
  if (!FindString(ctx, ctx.Key(1), &entry)) return;
  IntText scratch;
  ctx.reply().Integer(entry != nullptr && BitAt(entry->string_bytes(scratch), *at) ? 1 : 0);
}

// BITCOUNT key [start [end [BYTE | BIT]]]
void BitCount(CommandContext& ctx, Args args) {
  BitRange range;
  if (!ParseRange(ctx, args, 2, &range)) return;
  const Entry* entry = nullptr;
  if (!FindString(ctx, ctx.Key(1), &entry)) return;
  if (entry == nullptr) return ctx.reply().Integer(0);
  IntText scratch;
  const std::string_view bytes = entry->string_bytes(scratch);
  if (range.start < 0 && range.end < 0 && range.start > range.end) return ctx.reply().Integer(0);
  const std::optional<Bits> bits = Resolve(range, bytes.size());
  ctx.reply().Integer(bits ? static_cast<int64_t>(CountBits(bytes, bits->first, bits->last)) : 0);
}

// BITPOS key bit [start [end [BYTE | BIT]]]: without an end, the string goes on with zeros.
void BitPos(CommandContext& ctx, Args args) {
  const std::optional<int64_t> value = IntegerOrReply(ctx, args[2]);
  if (!value) return;
  if (*value != 0 && *value != 1) return ctx.reply().Error(kBitMustBe);
  BitRange range;
  if (!ParseRange(ctx, args, 3, &range)) return;
  const Entry* entry = nullptr;
  if (!FindString(ctx, ctx.Key(1), &entry)) return;
  if (entry == nullptr) return ctx.reply().Integer(*value == 1 ? -1 : 0);
  IntText scratch;
  const std::string_view bytes = entry->string_bytes(scratch);
  const std::optional<Bits> bits = Resolve(range, bytes.size());
  if (!bits) return ctx.reply().Integer(-1);
  const std::optional<uint64_t> found = FindBit(bytes, *value == 1, bits->first, bits->last);
  if (found) return ctx.reply().Integer(static_cast<int64_t>(*found));
  const bool goes_on = *value == 0 && !range.has_end;
  ctx.reply().Integer(goes_on ? static_cast<int64_t>(bytes.size() * 8) : -1);
}

// BITOP AND|OR|XOR|NOT destination key [key ...]: the length of the result.
void BitOp(CommandContext& ctx, Args args) {
  const std::optional<BitOperation> operation = ParseOperation(args[1]);
  if (!operation) return ctx.reply().Error(errors::kSyntax);
  if (*operation == BitOperation::kNot && args.size() != 4) {
    return ctx.reply().Error(kNotTakesOne);
  }
  std::vector<const Entry*> sources(args.size() - 3);
  size_t size = 0;
  for (size_t i = 0; i < sources.size(); ++i) {
    if (!FindString(ctx, ctx.Key(i + 3), &sources[i])) return;
    if (sources[i] != nullptr) size = std::max(size, sources[i]->string_length());
  }
  std::string result(size, '\0');
  for (size_t i = 0; i < sources.size(); ++i) {
    IntText scratch;
    const std::string_view source =
        sources[i] == nullptr ? std::string_view() : sources[i]->string_bytes(scratch);
    const bool begins = i == 0 && *operation != BitOperation::kNot;
    Combine(begins ? BitOperation::kOr : *operation, source, &result);
  }
  const HashedKey key = ctx.Key(2);
  if (!result.empty()) {
    ctx.db().SetString(key, result, {}, ctx.now_ms());
    ctx.MarkChanged();
    ctx.Notify(kNotifyString, "set", key.bytes);
  } else if (ctx.db().Delete(key, ctx.now_ms())) {
    ctx.MarkChanged();
    ctx.Notify(kNotifyGeneric, "del", key.bytes);
  }
  ctx.reply().Integer(static_cast<int64_t>(size));
}

}  // namespace slotmesh::node
