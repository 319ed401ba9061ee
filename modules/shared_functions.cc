#include "modules/shared_functions.h"

#include <algorithm>

namespace slotmesh::modules {

bool SharedFunctions::Export(const Module& module, std::string_view name, void* function) {
  return offers_.try_emplace(std::string(name), Offer{&module, function}).second;
}

void* SharedFunctions::Use(const Module* user, std::string_view name) {
  const auto found = offers_.find(name);
  if (found == offers_.end()) return nullptr;
  const Offer& offer = found->second;
  if (user != nullptr && user != offer.module) uses_.insert({user, offer.module});
  return offer.function;
}

std::set<std::string> SharedFunctions::UsedBy(const Module& module) const {
  std::set<std::string> names;
  for (const auto& [user, owner] : uses_) {
    if (user == &module) names.insert(owner->name);
  }
  return names;
}

std::set<std::string> SharedFunctions::UsersOf(const Module& module) const {
  std::set<std::string> names;
  for (const auto& [user, owner] : uses_) {
    if (owner == &module) names.insert(user->name);
  }
  return names;
}

std::string_view SharedFunctions::HoldsBack(const Module& module) const {
  return UsersOf(module).empty() ? ""
                                 : "the module exports APIs used by other modules. Please unload "
                                   "them first and try again";
}

void SharedFunctions::Forget(Module& module) {
  std::erase_if(offers_, [&](const auto& offer) { return offer.second.module == &module; });
  std::erase_if(uses_, [&](const auto& use) {
    return use.first == &module || use.second == &module;
  });
}

}  // namespace slotmesh::modules
