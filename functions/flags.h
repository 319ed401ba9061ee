// What scripts and functions declare of themselves, and the first line in which they do:
// `#!lua flags=no-writes,allow-stale` of a script, `#!lua name=mylib` of a library.
//
// Pure functions; safe from any thread. Errors are messages for the client, without a code.
#ifndef SLOTMESH_FUNCTIONS_FLAGS_H_
#define SLOTMESH_FUNCTIONS_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node/command/command_spec.h"

namespace slotmesh::functions {

enum class ScriptFlag : uint32_t {
  kNone = 0,
  kNoWrites = 1u << 0,
  kAllowOom = 1u << 1,
  kAllowStale = 1u << 2,
  kNoCluster = 1u << 3,
  kAllowCrossSlotKeys = 1u << 4,
  // A script without a first line of this kind: it declares nothing, and is judged by what it does.
  kUndeclared = 1u << 5,
};
constexpr ScriptFlag operator|(ScriptFlag a, ScriptFlag b) {
  return static_cast<ScriptFlag>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
constexpr bool Has(ScriptFlag set, ScriptFlag any_of) {
  return (static_cast<uint32_t>(set) & static_cast<uint32_t>(any_of)) != 0;
}

// "no-writes" and so on, exactly; nothing for another word.
std::optional<ScriptFlag> ParseFlag(std::string_view word);
// The names of the flags that are set.
std::vector<std::string_view> FlagNames(ScriptFlag flags);

// What a call needs, given what EVAL's or FCALL's row says and what its code declares: whether it
// writes, needs memory, may run on stale data.
node::Flag CommandFlags(node::Flag row, ScriptFlag flags);

// A script as EVAL gets it: its flags, and what there is to compile. Line numbers stay: the first
// line is kept as an empty one.
struct ScriptHead {
  ScriptFlag flags = ScriptFlag::kUndeclared;
  std::string_view body;
};
absl::StatusOr<ScriptHead> ParseScript(std::string_view text);

// A library as FUNCTION LOAD gets it.
struct LibraryHead {
  std::string engine;
  std::string name;
  std::string_view body;  // Begins with the first line's end.
};
absl::StatusOr<LibraryHead> ParseLibrary(std::string_view text);

// Letters, digits and underscores, at least one.
bool IsLibraryName(std::string_view name);
inline constexpr std::string_view kBadName =
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one "
    "character long";

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_FLAGS_H_
