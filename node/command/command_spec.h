// One row per command: all that the server knows of it besides its code.
//
// Dispatch, COMMAND INFO/DOCS/GETKEYS, ACL, slot routing, replication and statistics read the row,
// never the name. Rows are constexpr; a family is an array of them, checked by
// static_assert(AllValid(kRows)).
#ifndef SLOTMESH_NODE_COMMAND_COMMAND_SPEC_H_
#define SLOTMESH_NODE_COMMAND_COMMAND_SPEC_H_

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "absl/types/span.h"
#include "node/resp/args.h"
#include "slots/key_spec.h"

namespace slotmesh::node {

class CommandContext;

// REQUIRES: the dispatcher has checked arity, so args has at least as many words as the row says.
using Handler = void (*)(CommandContext& ctx, Args args);

// How many words a request has, its name (and for a subcommand the container's) included.
struct Arity {
  int value = 0;  // As COMMAND INFO shows it: n exactly, -n at least n.

  static constexpr Arity Exactly(int words) { return {words}; }
  static constexpr Arity AtLeast(int words) { return {-words}; }
  constexpr bool Accepts(size_t words) const {
    return value >= 0 ? words == static_cast<size_t>(value) : words >= static_cast<size_t>(-value);
  }
};

// Explicit bits; the names in COMMAND INFO stand in command_flags.cc.
enum class Flag : uint32_t {
  kNone = 0,
  kWrite = 1u << 0,
  kReadOnly = 1u << 1,
  kDenyOom = 1u << 2,
  kAdmin = 1u << 3,
  kPubSub = 1u << 4,
  kNoScript = 1u << 5,
  kBlocking = 1u << 6,
  kLoading = 1u << 7,
  kStale = 1u << 8,
  kSkipMonitor = 1u << 9,
  kSkipCommandLog = 1u << 10,
  kAsking = 1u << 11,
  kFast = 1u << 12,
  kNoAuth = 1u << 13,
  kMayReplicate = 1u << 14,
  kSentinel = 1u << 15,
  kOnlySentinel = 1u << 16,
  kNoMandatoryKeys = 1u << 17,
  kProtected = 1u << 18,
  kNoAsyncLoading = 1u << 19,
  kNoMulti = 1u << 20,
  kAllowBusy = 1u << 21,
  kTouchesArbitraryKeys = 1u << 22,
  // How the dispatcher and the router treat it (not shown by COMMAND INFO).
  kTransactionControl = 1u << 23,  // Runs inside MULTI instead of being queued: EXEC, DISCARD, ...
  kMovesAcrossDatabases = 1u << 24,  // MOVE, and COPY with DB: TRYAGAIN in an open slot.
  kMigrate = 1u << 25,               // MIGRATE: served here when its slot is open.
  kShardPubSub = 1u << 26,
  kDeprecated = 1u << 27,       // Doc flag.
  kSysCmd = 1u << 28,           // Doc flag.
  kRunsTransaction = 1u << 29,  // EXEC: what the queued commands need, it needs.
  kWhileSubscribed = 1u << 30,  // A RESP2 client may run it though it has subscriptions.
  kModule = 1u << 31,           // A module's.
};
constexpr Flag operator|(Flag a, Flag b) {
  return static_cast<Flag>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
constexpr bool Has(Flag set, Flag any_of) {
  return (static_cast<uint32_t>(set) & static_cast<uint32_t>(any_of)) != 0;
}

// The bits behind these are those of modules (AclCategories).
enum class Acl : uint64_t {
  kNone = 0,
  kKeyspace = 1u << 0,
  kRead = 1u << 1,
  kWrite = 1u << 2,
  kSet = 1u << 3,
  kSortedSet = 1u << 4,
  kList = 1u << 5,
  kHash = 1u << 6,
  kString = 1u << 7,
  kBitmap = 1u << 8,
  kHyperLogLog = 1u << 9,
  kGeo = 1u << 10,
  kStream = 1u << 11,
  kPubSub = 1u << 12,
  kAdmin = 1u << 13,
  kFast = 1u << 14,
  kSlow = 1u << 15,
  kBlocking = 1u << 16,
  kDangerous = 1u << 17,
  kConnection = 1u << 18,
  kTransaction = 1u << 19,
  kScripting = 1u << 20,
};
constexpr Acl operator|(Acl a, Acl b) {
  return static_cast<Acl>(static_cast<uint64_t>(a) | static_cast<uint64_t>(b));
}
constexpr bool Has(Acl set, Acl any_of) {
  return (static_cast<uint64_t>(set) & static_cast<uint64_t>(any_of)) != 0;
}
constexpr Acl BitOf(size_t category) { return static_cast<Acl>(uint64_t{1} << category); }

// A short list inside a row. Most rows are constexpr; a module's is filled in when it is loaded.
template <typename T, size_t kMax>
class RowList {
 public:
  constexpr RowList() = default;
  constexpr RowList(std::initializer_list<T> items) {
    for (const T& item : items) items_[size_++] = item;  // Too many items do not compile.
  }
  // False if there is no room.
  constexpr bool Add(const T& item) {
    if (size_ == kMax) return false;
    items_[size_++] = item;
    return true;
  }
  constexpr const T* begin() const { return items_.data(); }
  constexpr const T* end() const { return items_.data() + size_; }
  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr const T& operator[](size_t i) const { return items_[i]; }
  constexpr operator absl::Span<const T>() const { return {items_.data(), size_}; }

 private:
  std::array<T, kMax> items_{};
  size_t size_ = 0;
};

// What this very request needs, where its words say more than the row's flags do (a script that
// declares what it does). Gets the family's state and the row's flags.
using RequestFlags = Flag (*)(void* family, Flag flags, Args args);

struct HistoryEntry {
  std::string_view since;
  std::string_view change;  // Our own words.
};

struct CommandSpec {
  std::string_view name;  // Lower case; of a subcommand the last word only ("get" of CONFIG GET).
  Handler handler = nullptr;  // Null for a container without a form of its own.
  Arity arity;
  Flag flags = Flag::kNone;
  RowList<slots::KeySpec, 6> keys;
  RequestFlags request_flags = nullptr;  // Null: the row's flags hold for every request.
  // Finds the keys where the specs cannot (an incomplete or unknown spec), else null.
  slots::GetKeysFunction get_keys = nullptr;
  // Finds the channels where no spec tells them (a module's command), else null.
  slots::GetKeysFunction get_channels = nullptr;
  Acl acl = Acl::kNone;  // Without those that follow from flags (kRead, kWrite, kFast, ...): see
                         // ImpliedAcl.
  RowList<std::string_view, 6> tips;  // "request_policy:all_shards", ...
  // COMMAND DOCS.
  std::string_view group;
  std::string_view module;  // Whose it is; empty: the server's own.
  std::string_view since;
  std::string_view summary;  // Our own words.
  std::string_view complexity;
  std::string_view deprecated_since;
  std::string_view replaced_by;
  RowList<HistoryEntry, 10> history;
  std::string_view arguments;  // In the notation of argument_notation.h; empty if there are none.
  absl::Span<const CommandSpec> subcommands;
};

// The categories that follow from a row's flags, added to its own. Modules name those of their
// commands themselves.
constexpr Acl ImpliedAcl(Flag flags) {
  Acl acl = Acl::kNone;
  if (Has(flags, Flag::kModule)) return acl;
  if (Has(flags, Flag::kWrite)) acl = acl | Acl::kWrite;
  if (Has(flags, Flag::kReadOnly)) acl = acl | Acl::kRead;
  if (Has(flags, Flag::kAdmin)) acl = acl | Acl::kAdmin | Acl::kDangerous;
  if (Has(flags, Flag::kPubSub)) acl = acl | Acl::kPubSub;
  if (Has(flags, Flag::kBlocking)) acl = acl | Acl::kBlocking;
  return acl | (Has(flags, Flag::kFast) ? Acl::kFast : Acl::kSlow);
}

constexpr bool IsValid(const CommandSpec& row) {
  for (char c : row.name) {
    if (c >= 'A' && c <= 'Z') return false;
  }
  for (const CommandSpec& sub : row.subcommands) {
    if (!IsValid(sub)) return false;
  }
  return !row.name.empty() && row.arity.value != 0 &&
         (row.handler != nullptr || !row.subcommands.empty()) &&
         !(Has(row.flags, Flag::kWrite) && Has(row.flags, Flag::kReadOnly)) && !row.since.empty() &&
         !row.group.empty() && !row.summary.empty();
}

template <size_t kRows>
constexpr bool AllValid(const CommandSpec (&rows)[kRows]) {
  for (const CommandSpec& row : rows) {
    if (!IsValid(row)) return false;
  }
  return true;
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_COMMAND_SPEC_H_
