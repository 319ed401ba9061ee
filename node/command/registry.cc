#include "node/command/registry.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "node/command/argument_notation.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kInitialSlots = 1024;
constexpr uint64_t kLowerCaseBits = 0x2020202020202020u;
constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15u;

// The first 8 bytes with the case bit set. Names are letters, digits, '-', '_', '|' and '.':
// setting the bit may let two differing names meet, never keep equal ones apart; the full
// comparison follows.
uint64_t Prefix(std::string_view name) {
  uint64_t word = 0;
  if (name.size() >= 8) {
    std::memcpy(&word, name.data(), 8);
    return word | kLowerCaseBits;
  }
  std::memcpy(&word, name.data(), name.size());
  return word | (kLowerCaseBits & ((uint64_t{1} << (8 * name.size())) - 1));
}

size_t Hash(uint64_t prefix, size_t length) {
  return static_cast<size_t>(((prefix ^ (length * kMultiplier)) * kMultiplier) >> 40);
}

constexpr Acl kObjectCategories = Acl::kSet | Acl::kSortedSet | Acl::kList | Acl::kHash |
                                  Acl::kGeo | Acl::kStream | Acl::kScripting;

// The only key of a row with one spec of the form "at word n, one key", else 0.
int SingleKey(const CommandSpec& spec) {
  if (spec.keys.size() != 1 || spec.get_keys.decides_alone()) return 0;
  // A function beside a complete spec (SET's) tells what happens to the key, not where it is.
  const slots::LegacyKeys triple = slots::DeriveLegacyKeys(spec.keys);
  return !triple.movable && triple.first > 0 && triple.first == triple.last ? triple.first : 0;
}

}  // namespace

Command::Command(const CommandSpec& spec, const Command* parent, void* family)
    : spec_(&spec),
      parent_(parent),
      family_(family),
      full_name_(parent == nullptr ? std::string(spec.name)
                                   : StrCat(parent->full_name(), "|", spec.name)),
      stats_(std::make_unique<CommandStats>()) {
  ReadRow();
  subcommands_.reserve(spec.subcommands.size());
  for (const CommandSpec& sub : spec.subcommands) {
    subcommands_.push_back(std::make_unique<Command>(sub, this, family));
  }
}

void Command::ReadRow() {
  acl_ = spec_->acl | ImpliedAcl(spec_->flags);
  single_key_ = SingleKey(*spec_);
  ReadFirstKey();
  works_on_objects_ = Has(spec_->acl, kObjectCategories);
  has_keys_ = spec_->get_keys != nullptr ||
              std::any_of(spec_->keys.begin(), spec_->keys.end(),
                          [](const slots::KeySpec& one) { return one.is_routed(); });
}

void Command::ReadFirstKey() {
  first_key_ = count_word_ = 0;
  if (spec_->keys.empty() || spec_->get_keys.decides_alone()) return;
  const slots::KeySpec& first = *spec_->keys.begin();
  if (first.begin != slots::KeySpec::Begin::kIndex || !first.is_routed()) return;
  first_key_ = first.position;
  if (first.find == slots::KeySpec::Find::kKeyNum) {
    first_key_ += first.first_key;
    count_word_ = first.position + first.count_at;
  }
}

const Command* Command::FindSubcommand(std::string_view name) const {
  for (const auto& sub : subcommands_) {
    if (EqualsIgnoreCase(sub->spec().name, name)) return sub.get();
  }
  return nullptr;
}

Registry::Registry() : slots_(kInitialSlots) {}
Registry::~Registry() = default;

namespace {

// What a row says in words of its own must be readable: better found at start-up than by a client's
// question.
absl::Status CheckNotation(const CommandSpec& row) {
  if (!row.arguments.empty() && !ParseArguments(row.arguments).has_value()) {
    return absl::InvalidArgumentError(
        StrCat("command '", row.name, "': its arguments cannot be read: ", row.arguments));
  }
  for (const CommandSpec& sub : row.subcommands) {
    const absl::Status status = CheckNotation(sub);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Registry::AddFamily(absl::Span<const CommandSpec> rows, void* family) {
  for (const CommandSpec& row : rows) {
    const absl::Status readable = CheckNotation(row);
    if (!readable.ok()) return readable;
    if (Find(row.name) != nullptr) {
      return absl::AlreadyExistsError(StrCat("command '", row.name, "' is registered already"));
    }
  }
  for (const CommandSpec& row : rows) {
    commands_.push_back(std::make_unique<Command>(row, nullptr, family));
    Number(*commands_.back());
    if (commands_.size() * 2 > slots_.size()) {
      Rebuild(slots_.size() * 2);
    } else {
      Insert(commands_.back().get());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<const Command*> Registry::Add(const CommandSpec& spec, void* family) {
  const absl::Status added = AddFamily(absl::MakeConstSpan(&spec, 1), family);
  if (!added.ok()) return added;
  return commands_.back().get();
}

absl::StatusOr<const Command*> Registry::AddSubcommand(const Command& container,
                                                       const CommandSpec& spec, void* family) {
  const absl::Status readable = CheckNotation(spec);
  if (!readable.ok()) return readable;
  if (container.FindSubcommand(spec.name) != nullptr) {
    return absl::AlreadyExistsError(
        StrCat("subcommand '", container.full_name(), "|", spec.name, "' is registered already"));
  }
  Command* mine = Find(commands_, container);
  mine->subcommands_.push_back(std::make_unique<Command>(spec, mine, family));
  Number(*mine->subcommands_.back());
  return mine->subcommands_.back().get();
}

void Registry::Number(Command& command) {
  command.id_ =
      ids_.try_emplace(command.full_name_, static_cast<uint32_t>(ids_.size())).first->second;
  for (const auto& sub : command.subcommands_) Number(*sub);
  ++version_;
}

void Registry::Refresh(const Command& command) {
  ++version_;
  if (command.parent() == nullptr) return Find(commands_, command)->ReadRow();
  Find(Find(commands_, *command.parent())->subcommands_, command)->ReadRow();
}

void Registry::Remove(const Command& command) {
  const auto at = std::find_if(commands_.begin(), commands_.end(),
                               [&](const auto& one) { return one.get() == &command; });
  CHECK(at != commands_.end());
  ++version_;
  removed_.push_back(std::move(*at));
  commands_.erase(at);
  Rebuild(slots_.size());
}

Command* Registry::Find(const std::vector<std::unique_ptr<Command>>& commands,
                        const Command& command) {
  for (const auto& one : commands) {
    if (one.get() == &command) return one.get();
  }
  CHECK(false);
  return nullptr;
}

const Command* Registry::Find(std::string_view name) const {
  if (name.empty()) return nullptr;
  const uint64_t prefix = Prefix(name);
  const size_t mask = slots_.size() - 1;
  for (size_t at = Hash(prefix, name.size()) & mask; slots_[at].command != nullptr;
       at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.prefix == prefix && EqualsIgnoreCase(slot.command->called(), name)) {
      return slot.command;
    }
  }
  return nullptr;
}

const Command* Registry::Resolve(Args args) const {
  return args.empty() ? nullptr : Subcommand(Find(args[0]), args);
}

const Command* Registry::ResolveOriginal(Args args) const {
  if (!any_renamed() || args.empty()) return Resolve(args);
  const auto found = originals_.find(absl::AsciiStrToLower(ToAbsl(args[0])));
  return found == originals_.end() ? Resolve(args) : Subcommand(found->second, args);
}

const Command* Registry::FindOriginal(std::string_view full_name) const {
  const size_t bar = full_name.find('|');
  const std::string_view name = full_name.substr(0, bar);
  const auto renamed = originals_.find(absl::AsciiStrToLower(ToAbsl(name)));
  const Command* command = renamed != originals_.end() ? renamed->second : nullptr;
  if (command == nullptr) {
    const auto found = std::find_if(commands_.begin(), commands_.end(), [&](const auto& one) {
      return EqualsIgnoreCase(one->full_name(), name);
    });
    if (found != commands_.end()) command = found->get();
  }
  if (command == nullptr || bar == std::string_view::npos) return command;
  return command->FindSubcommand(full_name.substr(bar + 1));
}

absl::Status Registry::Rename(std::string_view from, std::string_view to) {
  const Command* found = Find(from);
  if (found == nullptr) return absl::NotFoundError("No such command in rename-command");
  const Command* taken = Find(to);
  if (taken != nullptr && taken != found) {
    return absl::AlreadyExistsError("Target command name already exists");
  }
  originals_.emplace(found->full_name(), found);
  if (to.empty()) {
    Remove(*found);
    return absl::OkStatus();
  }
  Find(commands_, *found)->called_ = to;
  Rebuild(slots_.size());
  return absl::OkStatus();
}

const Command* Registry::Subcommand(const Command* command, Args args) {
  if (command == nullptr || command->subcommands().empty() || args.size() < 2) return command;
  const Command* sub = command->FindSubcommand(args[1]);
  return sub != nullptr ? sub : command;
}

void Registry::Insert(const Command* command) {
  const std::string& name = command->called();
  const uint64_t prefix = Prefix(name);
  const size_t mask = slots_.size() - 1;
  size_t at = Hash(prefix, name.size()) & mask;
  while (slots_[at].command != nullptr) at = (at + 1) & mask;
  slots_[at] = {prefix, command};
}

void Registry::Rebuild(size_t slots) {
  slots_.assign(slots, Slot());
  for (const auto& command : commands_) Insert(command.get());
}

void Registry::ResetStats() {
  for (const auto& command : commands_) {
    command->stats() = CommandStats();
    for (const auto& sub : command->subcommands()) sub->stats() = CommandStats();
  }
}

}  // namespace slotmesh::node
