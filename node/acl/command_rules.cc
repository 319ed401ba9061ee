#include "node/acl/command_rules.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "node/acl/texts.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kBitsPerWord = 64;

}  // namespace

void AclCommandRules::BeginWith(bool all) {
  begins_with_all_ = all;
  forbids_ = false;
  rules_.clear();
  compiled_ = false;
}

absl::Status AclCommandRules::Add(bool allow, std::string_view what) {
  if (what.starts_with('@')) {
    if (!environment_->commands.OfCategory(what.substr(1)).has_value()) {
      return absl::NotFoundError(kAclUnknownCommand);
    }
    Keep(allow, what);
    return absl::OkStatus();
  }
  const size_t bar = what.rfind('|');
  if (allow && bar != std::string_view::npos) return AddFirstWord(what, bar);
  const std::optional<AclCommands::Named> command = environment_->commands.Find(what);
  if (!command.has_value()) return absl::NotFoundError(kAclUnknownCommand);
  Keep(allow, command->full_name);
  return absl::OkStatus();
}

absl::Status AclCommandRules::AddFirstWord(std::string_view what, size_t bar) {
  const std::optional<AclCommands::Named> command =
      environment_->commands.Find(what.substr(0, bar));
  if (!command.has_value()) return absl::NotFoundError(kAclUnknownCommand);
  if (command->is_subcommand) return absl::InvalidArgumentError(kAclFirstWordOfSubcommand);
  const std::string_view word = what.substr(bar + 1);
  if (word.empty() || !IsAclWord(word)) return absl::InvalidArgumentError(kAclSyntax);
  if (command->has_subcommands && !environment_->commands.Find(what).has_value()) {
    return absl::NotFoundError(kAclUnknownCommand);
  }
  Keep(/*allow=*/true, what);
  return absl::OkStatus();
}

// A later rule on the same thing decides alone; one on a command decides on its subcommands, too.
void AclCommandRules::Keep(bool allow, std::string_view what) {
  Rule rule{allow, absl::AsciiStrToLower(ToAbsl(what))};
  const std::string below = rule.what + "|";
  std::erase_if(rules_, [&](const Rule& old) {
    return old.what == rule.what || old.what.starts_with(below);
  });
  rules_.push_back(std::move(rule));
  forbids_ = std::any_of(rules_.begin(), rules_.end(), [](const Rule& one) { return !one.allow; });
  compiled_ = false;
}

void AclCommandRules::Set(uint32_t id, bool allow) const {
  const size_t word = id / kBitsPerWord;
  if (word >= bits_.size()) bits_.resize(word + 1, begins_with_all_ ? ~uint64_t{0} : 0);
  const uint64_t bit = uint64_t{1} << (id % kBitsPerWord);
  bits_[word] = allow ? bits_[word] | bit : bits_[word] & ~bit;
}

void AclCommandRules::Apply(const Rule& rule) const {
  const AclCommands& commands = environment_->commands;
  std::vector<uint32_t> ids;
  if (rule.what.starts_with('@')) {
    ids = commands.OfCategory(std::string_view(rule.what).substr(1)).value_or(ids);
  } else if (const std::optional<AclCommands::Named> named = commands.Find(rule.what)) {
    ids = named->ids;
  } else if (const auto command = commands.Find(rule.what.substr(0, rule.what.rfind('|')));
             rule.allow && command.has_value() && !command->has_subcommands) {
    first_words_[command->ids[0]].push_back(rule.what.substr(rule.what.rfind('|') + 1));
    return;
  }
  // A module's command that has gone is nobody's.
  for (const uint32_t id : ids) {
    Set(id, rule.allow);
    first_words_.erase(id);
  }
}

void AclCommandRules::Compile() const {
  bits_.clear();
  first_words_.clear();
  for (const Rule& rule : rules_) Apply(rule);
  version_ = environment_->commands.version();
  compiled_ = true;
}

bool AclCommandRules::Allows(uint32_t id, Args args) const {
  if (all()) return true;
  if (!compiled_ || version_ != environment_->commands.version()) [[unlikely]]
    Compile();
  const size_t word = id / kBitsPerWord;
  const bool bit =
      word < bits_.size() ? (bits_[word] >> (id % kBitsPerWord) & 1) != 0 : begins_with_all_;
  if (bit || args.size() < 2) return bit;
  const auto words = first_words_.find(id);
  return words != first_words_.end() &&
         std::any_of(words->second.begin(), words->second.end(),
                     [&](const std::string& one) { return EqualsIgnoreCase(one, args[1]); });
}

std::string AclCommandRules::Describe() const {
  std::string text = begins_with_all_ ? "+@all" : "-@all";
  for (const Rule& rule : rules_) text += StrCat(rule.allow ? " +" : " -", rule.what);
  return text;
}

}  // namespace slotmesh::node
