// The one table of directives: what redis.conf, the command line and CONFIG may say, and how each
// becomes a field of Config.
//
// Immutable; safe from any thread.
#ifndef SLOTMESH_NODE_CONFIG_DIRECTIVES_H_
#define SLOTMESH_NODE_CONFIG_DIRECTIVES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "node/config/config.h"

namespace slotmesh::node {

// What setting a directive does in this server.
enum class Effect : uint8_t {
  kLive = 0,   // Acts as documented.
  kLater = 1,  // Parsed, kept and reported; what it governs is not built yet.
  kNever = 2,  // Parsed, kept and reported so that files and tools keep working; there is nothing
               // here that it could govern.
};

enum DirectiveFlag : uint32_t {
  kImmutable = 1u << 0,  // Only at start.
  kHidden = 1u << 1,     // CONFIG GET needs the exact name.
  kProtected = 1u << 2,  // CONFIG SET needs enable-protected-configs.
  kSensitive = 1u << 3,  // Never logged.
  kMultiArg = 1u << 4,   // The rest of the line, word by word.
  kRepeated = 1u << 5,   // Lines add up instead of replacing each other; not a CONFIG parameter.
};

// One directive. `get` gives the value as CONFIG GET shows it; `set` takes it as words (one, but
// for kMultiArg) and either changes the field or returns an error whose message() is the reason as
// Redis words it.
struct Directive {
  std::string_view name;
  std::string_view alias;  // A second name, or "".
  uint32_t flags;
  Effect effect;
  std::string (*get)(const Directive&, const Config&);
  absl::Status (*set)(const Directive&, absl::Span<const std::string_view> words, Config*);
  // Lines for CONFIG REWRITE if they are not simply "name value"; null otherwise.
  std::string (*rewrite)(const Directive&, const Config&) = nullptr;
  // For get and set: bounds, enum names, the field.
  const void* detail = nullptr;

  bool Has(DirectiveFlag flag) const { return (flags & flag) != 0; }
};

absl::Span<const Directive> AllDirectives();
// By name or alias, in any case; null if there is none. Cost: O(1).
const Directive* FindDirective(std::string_view name);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CONFIG_DIRECTIVES_H_
