// Functions that modules offer to each other by name (ExportSharedAPI, GetSharedAPI).
//
// A module whose functions another one has asked for is not unloaded. Engine thread only.
#ifndef SLOTMESH_MODULES_SHARED_FUNCTIONS_H_
#define SLOTMESH_MODULES_SHARED_FUNCTIONS_H_

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "modules/modules.h"

namespace slotmesh::modules {

class SharedFunctions : public ModulePart {
 public:
  // False if the name is taken.
  bool Export(const Module& module, std::string_view name, void* function);
  // Null if there is none. The module uses it from now on.
  void* Use(const Module* user, std::string_view name);

  // Of a module: those whose functions it uses, and those that use its functions.
  std::set<std::string> UsedBy(const Module& module) const;
  std::set<std::string> UsersOf(const Module& module) const;

  std::string_view HoldsBack(const Module& module) const override;
  void Forget(Module& module) override;

 private:
  struct Offer {
    const Module* module = nullptr;
    void* function = nullptr;
  };

  std::map<std::string, Offer, std::less<>> offers_;
  std::set<std::pair<const Module*, const Module*>> uses_;  // User, owner.
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_SHARED_FUNCTIONS_H_
