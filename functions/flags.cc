#include "functions/flags.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "absl/strings/str_split.h"
#include "node/resp/split_args.h"
#include "slots/strings.h"

namespace slotmesh::functions {
namespace {

struct FlagName {
  std::string_view name;
  ScriptFlag flag;
};
constexpr std::array<FlagName, 5> kFlagNames = {{
    {"no-writes", ScriptFlag::kNoWrites},
    {"allow-oom", ScriptFlag::kAllowOom},
    {"allow-stale", ScriptFlag::kAllowStale},
    {"no-cluster", ScriptFlag::kNoCluster},
    {"allow-cross-slot-keys", ScriptFlag::kAllowCrossSlotKeys},
}};

constexpr std::string_view kMark = "#!";
constexpr std::string_view kNameWord = "name=";
constexpr std::string_view kFlagsWord = "flags=";

absl::Status Refuse(const std::string& message) { return absl::InvalidArgumentError(message); }

constexpr node::Flag Without(node::Flag set, node::Flag gone) {
  return static_cast<node::Flag>(static_cast<uint32_t>(set) & ~static_cast<uint32_t>(gone));
}

absl::Status ParseFlags(std::string_view list, ScriptFlag* flags) {
  for (const absl::string_view word : absl::StrSplit(ToAbsl(list), ',', absl::SkipEmpty())) {
    const std::optional<ScriptFlag> flag = ParseFlag(ToStd(word));
    if (!flag) return Refuse(StrCat("Unexpected flag in script shebang: ", ToStd(word)));
    *flags = *flags | *flag;
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<ScriptFlag> ParseFlag(std::string_view word) {
  for (const FlagName& known : kFlagNames) {
    if (known.name == word) return known.flag;
  }
  return std::nullopt;
}

std::vector<std::string_view> FlagNames(ScriptFlag flags) {
  std::vector<std::string_view> names;
  for (const FlagName& known : kFlagNames) {
    if (Has(flags, known.flag)) names.push_back(known.name);
  }
  return names;
}

node::Flag CommandFlags(node::Flag row, ScriptFlag flags) {
  if (Has(flags, ScriptFlag::kUndeclared)) return row;
  node::Flag needs = Without(row, node::Flag::kStale | node::Flag::kDenyOom | node::Flag::kWrite |
                                      node::Flag::kMayReplicate);
  if (!Has(flags, ScriptFlag::kAllowOom | ScriptFlag::kNoWrites)) {
    needs = needs | node::Flag::kDenyOom;
  }
  // The read-only forms refuse a script that may write in words of their own.
  if (!Has(flags, ScriptFlag::kNoWrites) && !node::Has(row, node::Flag::kReadOnly)) {
    needs = needs | node::Flag::kWrite;
  }
  if (Has(flags, ScriptFlag::kAllowStale)) needs = needs | node::Flag::kStale;
  return needs;
}

absl::StatusOr<ScriptHead> ParseScript(std::string_view text) {
  ScriptHead head{.body = text};
  if (!text.starts_with(kMark)) return head;
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return Refuse("Invalid script shebang");
  const std::string_view line = text.substr(0, end);
  head.flags = ScriptFlag::kNone;
  head.body = text.substr(end);
  bool first = true;
  for (const absl::string_view word : absl::StrSplit(ToAbsl(line), ' ', absl::SkipEmpty())) {
    const std::string_view part = ToStd(word);
    if (first && part != "#!lua") {
      return Refuse(StrCat("Unexpected engine in script shebang: ", part));
    }
    if (!first && !part.starts_with(kFlagsWord)) {
      return Refuse(StrCat("Unknown lua shebang option: ", part));
    }
    if (!first) {
      const absl::Status flags = ParseFlags(part.substr(kFlagsWord.size()), &head.flags);
      if (!flags.ok()) return flags;
    }
    first = false;
  }
  return head;
}

bool IsLibraryName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
}

absl::StatusOr<LibraryHead> ParseLibrary(std::string_view text) {
  if (!text.starts_with(kMark)) return Refuse("Missing library metadata");
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return Refuse("Invalid library metadata");
  const auto parsed = node::SplitArgs(text.substr(0, end));
  if (!parsed || parsed->empty()) return Refuse("Invalid library metadata");
  const std::vector<std::string>& words = *parsed;
  LibraryHead head{.engine = words[0].substr(kMark.size()), .body = text.substr(end)};
  bool named = false;
  for (size_t i = 1; i < words.size(); ++i) {
    if (!std::string_view(words[i]).starts_with(kNameWord)) {
      return Refuse(StrCat("Invalid metadata value given: ", words[i]));
    }
    if (named) return Refuse("Invalid metadata value, name argument was given multiple times");
    named = true;
    head.name = words[i].substr(kNameWord.size());
  }
  if (!named) return Refuse("Library name was not given");
  if (!IsLibraryName(head.name)) return Refuse(std::string(kBadName));
  return head;
}

}  // namespace slotmesh::functions
