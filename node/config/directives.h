// The one table of directives: what redis.conf, the command line and CONFIG may say, and how each
// becomes a field of Config.
//
// Immutable; safe from any thread. A directive's value is text on one side and a field on the
// other: Get() and Set() go between them, with Redis' words for what is wrong.
#ifndef SLOTMESH_NODE_CONFIG_DIRECTIVES_H_
#define SLOTMESH_NODE_CONFIG_DIRECTIVES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "node/config/config.h"

namespace slotmesh::node {

// What setting a directive does in this server.
enum class DirectiveEffect : uint8_t {
  kLive = 0,   // Acts as documented.
  kLater = 1,  // Parsed, kept and reported; what it governs is not built yet.
  kNever = 2,  // Parsed, kept and reported, so that files and tools keep working; nothing here for
               // it to govern.
};

enum DirectiveFlag : uint32_t {
  kImmutable = 1u << 0,   // Only at start.
  kHidden = 1u << 1,      // CONFIG GET needs the exact name.
  kProtected = 1u << 2,   // CONFIG SET needs enable-protected-configs.
  kSensitive = 1u << 3,   // Never logged.
  kMultiArg = 1u << 4,    // Several words; CONFIG SET takes them as one text.
  kRepeated = 1u << 5,    // Only lines of a file, which add up; no CONFIG parameter.
  kNeedsApply = 1u << 6,  // CONFIG SET works only if someone applies it (ConfigStore::OnChange).
  kNotWhileLoading = 1u << 7,  // CONFIG SET waits until the data is there.
};

using DirectiveWords = absl::Span<const std::string_view>;

enum class NumberUnit : uint8_t { kPlain, kMemory, kOctal, kMemoryOrPercent };

struct BoolField {
  bool Config::*field;
};
struct NumberField {
  int64_t Config::*field;
  int64_t min;
  int64_t max;
  NumberUnit unit;
};
struct SizeField {
  uint64_t Config::*field;
  uint64_t min;
  uint64_t max;
  NumberUnit unit;
};
struct TextField {
  std::string Config::*field;
  // Null, or the reason why a text is refused, or null.
  const char* (*check)(std::string_view);
};
struct EnumName {
  std::string_view name;
  int value;
};
struct EnumField {
  absl::Span<const EnumName> names;
  int (*get)(const Config&);
  void (*set)(Config*, int);
};
// `append`: an earlier line of the same start-up had this directive too. `rewrite` gives the words
// of each line for CONFIG REWRITE; null: one line, with the value as it is.
struct SpecialField {
  std::string (*get)(const Config&);
  absl::Status (*set)(DirectiveWords words, bool append, Config*);
  std::vector<std::string> (*rewrite)(const Config&);
};
using DirectiveField =
    std::variant<BoolField, NumberField, SizeField, TextField, EnumField, SpecialField>;

struct Directive {
  std::string_view name;
  std::string_view alias;  // A second name, or "".
  uint32_t flags;
  DirectiveEffect effect;
  DirectiveField field;

  bool Has(DirectiveFlag flag) const { return (flags & flag) != 0; }

  // The value as CONFIG GET shows it.
  std::string Get(const Config& config) const;
  // Changes the field, or gives an error whose message() is the reason as Redis words it.
  absl::Status Set(DirectiveWords words, bool append, Config* config) const;
  // What stands behind the name in a file, line by line, so that reading it gives the same value.
  std::vector<std::string> FileLines(const Config& config) const;
};

absl::Span<const Directive> AllDirectives();
// By name or alias, in any case; null if there is none. Cost: O(log directives).
const Directive* FindDirective(std::string_view name);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CONFIG_DIRECTIVES_H_
