#include "node/command/acl_commands.h"

#include <algorithm>

namespace slotmesh::node {
namespace {

// With the subcommands that it has.
void AddIds(const Command& command, std::vector<uint32_t>* ids) {
  ids->push_back(command.id());
  for (const auto& sub : command.subcommands()) ids->push_back(sub->id());
}

}  // namespace

std::optional<AclCommands::Named> RegistryAclCommands::Find(std::string_view name) const {
  const Command* command = registry_.FindOriginal(name);
  if (command == nullptr) return std::nullopt;
  Named named{.full_name = command->full_name(),
              .is_subcommand = command->parent() != nullptr,
              .has_subcommands = !command->subcommands().empty()};
  AddIds(*command, &named.ids);
  return named;
}

std::optional<std::vector<uint32_t>> RegistryAclCommands::OfCategory(
    std::string_view category) const {
  const std::optional<Acl> bit = registry_.categories().Find(category);
  if (!bit.has_value()) return std::nullopt;
  std::vector<uint32_t> ids;
  for (const auto& command : registry_.commands()) {
    if (Has(command->acl(), *bit)) AddIds(*command, &ids);
    for (const auto& sub : command->subcommands()) {
      if (Has(sub->acl(), *bit)) ids.push_back(sub->id());
    }
  }
  return ids;
}

}  // namespace slotmesh::node
