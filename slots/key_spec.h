// Where the keys of a command stand among its words: the key specs of COMMAND INFO, and finding
// keys by them.
//
// A KeySpec says where to begin (a fixed word, or the word behind a keyword) and how to go on from
// there (a range, or a count that stands before the keys), and what the command does with these
// keys. What specs cannot say ("unknown", "incomplete") is left to the command's own
// GetKeysFunction (movable_keys.h). Specs are plain constexpr values for the rows of commands; a
// keyword's text is borrowed. Finding keys is pure, thread safe, linear in the words looked at, and
// allocates only beyond KeyRefs' inline room. Words come from clients: nothing that they say is a
// programmer error.
//
// Positions count from the command's name, which is word 0; of a subcommand the container's name is
// word 0.
#ifndef SLOTMESH_SLOTS_KEY_SPEC_H_
#define SLOTMESH_SLOTS_KEY_SPEC_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"

namespace slotmesh::slots {

// What a command does with a key. Exactly one of the first four, unless the word is no key.
enum class KeyFlag : uint32_t {
  kNone = 0,
  kRo = 1u << 0,  // Reads the value, does not change it (metadata like the LRU clock apart).
  kRw = 1u << 1,  // Changes the value, which it also uses.
  kOw = 1u << 2,  // Overwrites the value, whatever it was.
  kRm = 1u << 3,  // Removes the key.
  // What happens to the user's data, for ACL rules.
  kAccess = 1u << 4,  // Returns, copies or otherwise lets out something of the value.
  kUpdate = 1u << 5,  // Changes data, perhaps depending on what was there.
  kInsert = 1u << 6,  // Adds data; nothing that was there changes or goes.
  kDelete = 1u << 7,  // Removes data.
  // About the spec itself.
  kNotKey = 1u << 8,          // Routed like a key, but none: a shard channel.
  kIncomplete = 1u << 9,      // Does not find all keys.
  kVariableFlags = 1u << 10,  // What happens to the key depends on other arguments.
  // Channels. With kShard a channel is routed as a key is; without it the spec is for ACL rules
  // alone, and COMMAND INFO does not show it.
  kSubscribe = 1u << 11,
  kUnsubscribe = 1u << 12,
  kPublish = 1u << 13,
  kPattern = 1u << 14,  // The channel is a glob pattern.
  kShard = 1u << 15,
};
constexpr KeyFlag operator|(KeyFlag a, KeyFlag b) {
  return static_cast<KeyFlag>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
constexpr KeyFlag operator&(KeyFlag a, KeyFlag b) {
  return static_cast<KeyFlag>(static_cast<uint32_t>(a) & static_cast<uint32_t>(b));
}
constexpr bool Has(KeyFlag set, KeyFlag any_of) { return (set & any_of) != KeyFlag::kNone; }

inline constexpr KeyFlag kChannelFlags =
    KeyFlag::kSubscribe | KeyFlag::kUnsubscribe | KeyFlag::kPublish;

struct KeySpec {
  enum class Begin : uint8_t { kUnknown, kIndex, kKeyword };
  enum class Find : uint8_t { kUnknown, kRange, kKeyNum };

  Begin begin = Begin::kUnknown;
  Find find = Find::kUnknown;
  KeyFlag flags = KeyFlag::kNone;
  // kIndex: the keys begin at word `position`.
  int position = 0;
  // kKeyword: they begin behind the first word that is `keyword` (in any case) at or after
  // `start_from`; if that is negative, the search runs from the word that many before the end down
  // to word 1. A request without the keyword has none of these keys.
  std::string_view keyword;
  int start_from = 0;
  // kRange: every `step`th word from the beginning to the last one, which is `last` words behind
  // it; or if negative, that many from the end (-1 is the last word); or, if `limit` is 2 or more
  // too, the end of the first limit'th part of what remains (XREAD: limit 2, last -1 is the first
  // half).
  int last = 0;
  int step = 1;
  int limit = 0;
  // kKeyNum: the word `count_at` behind the beginning is the number of keys, the first of which is
  // `first_key` behind the beginning.
  int count_at = 0;
  int first_key = 0;

  // `first` and `last` are words as in COMMAND INFO's triple, so {1, 1} is one key; {1, -1} all
  // words.
  struct RangeArgs {
    int first = 1;
    int last = 1;
    int step = 1;
    int limit = 0;
  };
  static constexpr KeySpec Range(RangeArgs at, KeyFlag flags) {
    KeySpec spec;
    spec.begin = Begin::kIndex;
    spec.find = Find::kRange;
    spec.flags = flags;
    spec.position = at.first;
    spec.last = at.last < 0 ? at.last : at.last - at.first;
    spec.step = at.step;
    spec.limit = at.limit;
    return spec;
  }
  // The single key at `position`.
  static constexpr KeySpec At(int position, KeyFlag flags) {
    return Range({.first = position, .last = position}, flags);
  }

  // Word `position` is the number of keys, which follow it.
  static constexpr KeySpec KeyNum(int position, KeyFlag flags) {
    KeySpec spec;
    spec.begin = Begin::kIndex;
    spec.find = Find::kKeyNum;
    spec.flags = flags;
    spec.position = position;
    spec.first_key = 1;
    return spec;
  }

  // `last` counts from the first key here, unless it is negative.
  struct KeywordArgs {
    std::string_view keyword;
    int start_from = 1;
    int last = 0;
    int step = 1;
    int limit = 0;
  };
  static constexpr KeySpec Keyword(KeywordArgs at, KeyFlag flags) {
    KeySpec spec;
    spec.begin = Begin::kKeyword;
    spec.find = Find::kRange;
    spec.flags = flags;
    spec.keyword = at.keyword;
    spec.start_from = at.start_from;
    spec.last = at.last;
    spec.step = at.step;
    spec.limit = at.limit;
    return spec;
  }

  static constexpr KeySpec Unknown(KeyFlag flags) {
    KeySpec spec;
    spec.flags = flags;
    return spec;
  }

  // Channels of a command that are not routed; see KeyFlag. `flags` is kSubscribe, kUnsubscribe or
  // kPublish, perhaps with kPattern.
  static constexpr KeySpec Channels(RangeArgs at, KeyFlag flags) {
    return Range(at, flags | KeyFlag::kNotKey);
  }
  // Channels that are routed as keys are.
  static constexpr KeySpec ShardChannels(RangeArgs at, KeyFlag flags) {
    return Channels(at, flags | KeyFlag::kShard);
  }

  constexpr bool is_channel() const { return Has(flags, kChannelFlags); }
  // Whether routing and COMMAND INFO see it.
  constexpr bool is_routed() const { return !is_channel() || Has(flags, KeyFlag::kShard); }

  // Whether its numbers make sense: what tables of commands assert and modules' specs are checked
  // for.
  constexpr bool is_valid() const {
    if (begin == Begin::kIndex && position < 1) return false;
    if (begin == Begin::kKeyword && (keyword.empty() || start_from == 0)) return false;
    if (find == Find::kRange && (step < 1 || limit < 0)) return false;
    if (find == Find::kKeyNum && (step < 1 || count_at < 0 || first_key < 0)) return false;
    return (begin == Begin::kUnknown) == (find == Find::kUnknown);
  }

  friend constexpr bool operator==(const KeySpec&, const KeySpec&) = default;
};

// One key of a request: the word that it is.
struct KeyRef {
  uint32_t word = 0;
  KeyFlag flags = KeyFlag::kNone;

  friend bool operator==(const KeyRef&, const KeyRef&) = default;
};
// To use one again without giving its memory back, resize(0) it: clear() frees.
using KeyRefs = absl::InlinedVector<KeyRef, 16>;

// A request's words, the command's name first.
using Words = absl::Span<const std::string_view>;

enum class KeyStatus : uint8_t {
  kOk = 0,
  kNeedsFunction = 1,  // A spec is unknown or incomplete: ask the command's GetKeysFunction.
  // The words cannot be right: a key is missing, or its number is no number. The dispatcher goes on
  // as if there were no keys, so that the handler says what is wrong.
  kInvalid = 2,
};

// A command's own way to find its keys: appends to *out. Only kOk and kInvalid; then *out is
// unchanged. It gives the kinds of access that hold for these very words, so never kVariableFlags.
// A plain function, or one with the state that it is about: a module's command, which is asked
// whatever its specs say. Null finds none.
class GetKeysFunction {
 public:
  using Plain = KeyStatus (*)(Words words, KeyRefs* out);
  using Stateful = KeyStatus (*)(const void* state, Words words, KeyRefs* out);

  constexpr GetKeysFunction() = default;
  constexpr GetKeysFunction(std::nullptr_t) {}
  constexpr GetKeysFunction(Plain plain) : plain_(plain) {}
  // `state` is borrowed.
  constexpr GetKeysFunction(Stateful stateful, const void* state)
      : stateful_(stateful), state_(state) {}

  constexpr explicit operator bool() const { return plain_ != nullptr || stateful_ != nullptr; }
  friend constexpr bool operator==(const GetKeysFunction& function, std::nullptr_t) {
    return !function;
  }
  // Specs only describe what it finds.
  constexpr bool decides_alone() const { return stateful_ != nullptr; }
  // REQUIRES: not null.
  KeyStatus operator()(Words words, KeyRefs* out) const {
    return plain_ != nullptr ? plain_(words, out) : stateful_(state_, words, out);
  }

 private:
  Plain plain_ = nullptr;
  Stateful stateful_ = nullptr;
  const void* state_ = nullptr;
};

// Appends the keys that `specs` find in `words`, shard channels (kNotKey) among them, in the order
// of the specs. If the result is not kOk, *out is unchanged.
KeyStatus ExtractKeys(absl::Span<const KeySpec> specs, Words words, KeyRefs* out);

// What the caller of FindKeys needs to be right.
enum class KeyDetail : uint8_t {
  kPositions = 0,  // Which words are keys (routing).
  kAccess = 1,     // And what exactly happens to each (ACL, COMMAND GETKEYSANDFLAGS).
};

// The keys of a request by its command's specs or, where those do not suffice, by its function (may
// be null). Never kNeedsFunction: without a function that is kInvalid.
KeyStatus FindKeys(absl::Span<const KeySpec> specs, GetKeysFunction function, KeyDetail detail,
                   Words words, KeyRefs* out);

// The same for channels, sharded or not: what ACL rules on channels look at.
KeyStatus ExtractChannels(absl::Span<const KeySpec> specs, Words words, KeyRefs* out);

// Whether a command may have keys, shard channels not counted: COMMAND GETKEYS refuses one that
// does not.
bool MayHaveKeys(absl::Span<const KeySpec> specs, GetKeysFunction function);

// firstkey, lastkey and keystep as COMMAND INFO gives them. They cover the specs that are plain
// ranges and follow each other; `movable` if there is more, or what there is depends on other words
// ("movablekeys").
struct LegacyKeys {
  int first = 0;  // 0: none.
  int last = 0;   // Negative: from the end.
  int step = 0;
  bool movable = false;

  friend bool operator==(const LegacyKeys&, const LegacyKeys&) = default;
};
LegacyKeys DeriveLegacyKeys(absl::Span<const KeySpec> specs);

// Why COMMAND GETKEYS and GETKEYSANDFLAGS refuse, behind "ERR ".
inline constexpr std::string_view kGetKeysNoSuchCommand = "Invalid command specified";
inline constexpr std::string_view kGetKeysNoKeys = "The command has no key arguments";
inline constexpr std::string_view kGetKeysArity =
    "Invalid number of arguments specified for command";
inline constexpr std::string_view kGetKeysInvalid = "Invalid arguments specified for command";

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_KEY_SPEC_H_
