// The tables of the interface against the signatures that modules are compiled with.
#include "modules/sdk/signatures.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "modules/api/groups.h"

namespace slotmesh::modules {
namespace {

TEST(ApiTablesTest, EachFunctionHasTheTypeThatModulesCallItWith) {
  const std::vector<ApiSignature> signatures = ApiSignatures();
  for (const ApiGroup group : AllGroups()) {
    for (const ApiEntry& entry : group) {
      const ApiSignature* signature = FindSignature(signatures, entry.name);
      if (signature == nullptr) {
        ADD_FAILURE() << "no module knows " << entry.name;
      } else {
        EXPECT_EQ(entry.type, signature->type)
            << entry.name << " should be " << signature->declaration;
      }
    }
  }
}

TEST(ApiTablesTest, NoNameIsThereTwice) {
  std::set<std::string_view> names;
  for (const ApiGroup group : AllGroups()) {
    for (const ApiEntry& entry : group) EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
  }
}

// Engines of scripts: modules that ask for these are told that there are none.
const std::set<std::string_view> kNotThere = {
    "RegisterScriptingEngine",
    "UnregisterScriptingEngine",
};

TEST(ApiTablesTest, EveryOtherFunctionIsThere) {
  std::set<std::string_view> there;
  for (const ApiGroup group : AllGroups()) {
    for (const ApiEntry& entry : group) there.insert(entry.name);
  }
  std::set<std::string_view> missing;
  for (const ApiSignature& signature : ApiSignatures()) {
    if (!there.contains(signature.name)) missing.insert(signature.name);
  }
  EXPECT_EQ(missing, kNotThere);
}

}  // namespace
}  // namespace slotmesh::modules
