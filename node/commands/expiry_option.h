// EX, PX, EXAT and PXAT as SET and GETEX take them: parsed first, turned into a point in time when
// it is their turn to be checked.
//
// Pure functions.
#ifndef SLOTMESH_NODE_COMMANDS_EXPIRY_OPTION_H_
#define SLOTMESH_NODE_COMMANDS_EXPIRY_OPTION_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "node/command/command_context.h"
#include "node/keyspace/entry.h"

namespace slotmesh::node {

enum class TimeUnit : uint8_t { kSeconds = 0, kMillis = 1 };

struct ExpiryOption {
  enum class Kind : uint8_t { kNone = 0, kEx, kPx, kExAt, kPxAt };

  Kind kind = Kind::kNone;
  std::string_view amount;

  explicit operator bool() const { return kind != Kind::kNone; }
  bool is_absolute() const { return kind == Kind::kExAt || kind == Kind::kPxAt; }
  TimeUnit unit() const {
    return kind == Kind::kEx || kind == Kind::kExAt ? TimeUnit::kSeconds : TimeUnit::kMillis;
  }
  // The kind that `word` names, kNone if none.
  static Kind KindOf(std::string_view word);
};

// Nothing, with the error replied, if the amount is no integer, not positive or too large.
std::optional<UnixMillis> ExpiryOrReply(CommandContext& ctx, const ExpiryOption& option);

// `value` in milliseconds; nothing on overflow.
std::optional<int64_t> ToMillis(int64_t value, TimeUnit unit);

// Milliseconds as TTL and HTTL show them in seconds. REQUIRES: millis >= 0.
int64_t RoundToSeconds(int64_t millis);

// NX, XX, GT and LT as EXPIRE and HEXPIRE take them.
struct ExpireCondition {
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;

  bool Holds(UnixMillis current, UnixMillis wanted) const {
    const bool never = current == kNoExpiry;
    if (nx && !never) return false;
    if (xx && never) return false;
    if (gt && (never || wanted <= current)) return false;
    return !(lt && !never && wanted >= current);
  }
};

// False, with the error replied, if there is another word among them or they contradict each other.
bool ParseExpireCondition(CommandContext& ctx, Args options, ExpireCondition* condition);

// True if a key that is given this expiry is deleted at once. Copies wait for the DEL instead.
bool IsPast(const CommandContext& ctx, UnixMillis expiry);

// Removes a key that is there and was given an expiry in the past; tells everyone.
void DeleteExpired(CommandContext& ctx, const HashedKey& key);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_EXPIRY_OPTION_H_
