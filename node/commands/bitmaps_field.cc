// BITFIELD and BITFIELD_RO: integers of any width at any bit of a string.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "node/commands/bitmaps_handlers.h"
#include "node/commands/lookup.h"
#include "node/data/bits.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kBadType =
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 "
    "is.";
constexpr std::string_view kBadOverflow = "ERR Invalid OVERFLOW type specified";
constexpr std::string_view kOnlyGet = "ERR BITFIELD_RO only supports the GET subcommand";

constexpr int kSignedBitsMax = 64;
constexpr int kUnsignedBitsMax = 63;

struct Operation {
  enum class Kind : uint8_t { kGet, kSet, kIncrBy };
  Kind kind = Kind::kGet;
  BitField field;
  uint64_t at = 0;
  int64_t value = 0;
  BitOverflow overflow = BitOverflow::kWrap;

  uint64_t last() const { return at + static_cast<uint64_t>(field.bits) - 1; }
};

std::optional<BitField> ParseField(std::string_view word) {
  if (word.size() < 2 || (word[0] != 'i' && word[0] != 'u')) return std::nullopt;
  const bool is_signed = word[0] == 'i';
  const std::optional<int64_t> bits = ParseInt64(word.substr(1));
  if (!bits || *bits < 1 || *bits > (is_signed ? kSignedBitsMax : kUnsignedBitsMax)) {
    return std::nullopt;
  }
  return BitField{is_signed, static_cast<int>(*bits)};
}

std::optional<BitOverflow> ParseOverflow(std::string_view word) {
  if (EqualsIgnoreCase(word, "WRAP")) return BitOverflow::kWrap;
  if (EqualsIgnoreCase(word, "SAT")) return BitOverflow::kSaturate;
  if (EqualsIgnoreCase(word, "FAIL")) return BitOverflow::kFail;
  return std::nullopt;
}

std::optional<Operation::Kind> ParseKind(std::string_view word) {
  if (EqualsIgnoreCase(word, "GET")) return Operation::Kind::kGet;
  if (EqualsIgnoreCase(word, "SET")) return Operation::Kind::kSet;
  if (EqualsIgnoreCase(word, "INCRBY")) return Operation::Kind::kIncrBy;
  return std::nullopt;
}

// The operations from word 2 on. False, with the error replied, if one is malformed.
bool ParseOperations(CommandContext& ctx, Args args, std::vector<Operation>* operations) {
  BitOverflow overflow = BitOverflow::kWrap;
  for (size_t i = 2; i < args.size();) {
    const size_t left = args.size() - i - 1;
    if (EqualsIgnoreCase(args[i], "OVERFLOW") && left >= 1) {
      const std::optional<BitOverflow> parsed = ParseOverflow(args[i + 1]);
      if (!parsed) {
        ctx.reply().Error(kBadOverflow);
        return false;
      }
      overflow = *parsed;
      i += 2;
      continue;
    }
    const std::optional<Operation::Kind> kind = ParseKind(args[i]);
    const size_t words = kind == Operation::Kind::kGet ? 2 : 3;
    if (!kind || left < words) {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
    const std::optional<BitField> field = ParseField(args[i + 1]);
    if (!field) {
      ctx.reply().Error(kBadType);
      return false;
    }
    const std::optional<uint64_t> at = BitOffset(ctx, args[i + 2], field->bits);
    if (!at) return false;
    Operation operation{*kind, *field, *at, 0, overflow};
    if (*kind != Operation::Kind::kGet) {
      const std::optional<int64_t> value = IntegerOrReply(ctx, args[i + 3]);
      if (!value) return false;
      operation.value = *value;
    }
    operations->push_back(operation);
    i += 1 + words;
  }
  return true;
}

void ReplyFields(CommandContext& ctx, std::string_view bytes,
                 const std::vector<Operation>& operations) {
  ctx.reply().Array(operations.size());
  for (const Operation& operation : operations) {
    ctx.reply().Integer(operation.field.Load(bytes, operation.at));
  }
}

void OnlyRead(CommandContext& ctx, const std::vector<Operation>& operations) {
  const Entry* entry = nullptr;
  if (!FindString(ctx, ctx.Key(1), &entry)) return;
  IntText scratch;
  ReplyFields(ctx, entry == nullptr ? std::string_view() : entry->string_bytes(scratch),
              operations);
}

// Does one operation that writes, and replies to it. True if the bits have changed.
bool Write(CommandContext& ctx, const Operation& operation, char* bytes) {
  const std::string_view readable(bytes, operation.last() / 8 + 1);
  const int64_t old = operation.field.Load(readable, operation.at);
  const bool adds = operation.kind == Operation::Kind::kIncrBy;
  const std::optional<int64_t> value =
      adds ? AddInField(operation.field, old, operation.value, operation.overflow)
           : FitInField(operation.field, operation.value, operation.overflow);
  if (!value) {
    ctx.reply().Null();
    return false;
  }
  StoreBits(bytes, operation.at, operation.field.bits, static_cast<uint64_t>(*value));
  ctx.reply().Integer(adds ? *value : old);
  return *value != old;
}

void ReadAndWrite(CommandContext& ctx, const std::vector<Operation>& operations, uint64_t last) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  if (!FindStringToWrite(ctx, key, &ref)) return;
  bool grown = false;
  char* bytes = BytesUpToBit(ctx, ref, key, last, &grown);
  const size_t size = ref->string_length();
  int64_t changes = 0;
  ctx.reply().Array(operations.size());
  for (const Operation& operation : operations) {
    if (operation.kind == Operation::Kind::kGet) {
      ctx.reply().Integer(operation.field.Load({bytes, size}, operation.at));
    } else if (Write(ctx, operation, bytes) || grown) {
      ++changes;
    }
  }
  if (changes == 0 && !grown) return;
  ctx.db().SignalModified(key);
  ctx.MarkChanged(std::max<int64_t>(changes, 1));
  ctx.Notify(kNotifyString, "setbit", key.bytes);
}

}  // namespace

// BITFIELD key [GET type offset | [OVERFLOW WRAP|SAT|FAIL] SET type offset value |
// INCRBY type offset increment ...]
void BitFieldCommand(CommandContext& ctx, Args args) {
  std::vector<Operation> operations;
  if (!ParseOperations(ctx, args, &operations)) return;
  std::optional<uint64_t> last;
  for (const Operation& operation : operations) {
    if (operation.kind != Operation::Kind::kGet)
      last = std::max(last.value_or(0), operation.last());
  }
  if (!last) return OnlyRead(ctx, operations);
  ReadAndWrite(ctx, operations, *last);
}

void BitFieldReadOnly(CommandContext& ctx, Args args) {
  std::vector<Operation> operations;
  if (!ParseOperations(ctx, args, &operations)) return;
  for (const Operation& operation : operations) {
    if (operation.kind != Operation::Kind::kGet) return ctx.reply().Error(kOnlyGet);
  }
  OnlyRead(ctx, operations);
}

}  // namespace slotmesh::node
