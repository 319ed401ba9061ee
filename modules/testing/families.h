// Modules in an engine in memory, for golden scripts: `MODULE LOAD <path>` loads what a test brings
// (slotmesh_module in modules/sdk/module.bzl) and the script calls its commands.
#ifndef SLOTMESH_MODULES_TESTING_FAMILIES_H_
#define SLOTMESH_MODULES_TESTING_FAMILIES_H_

#include <vector>

#include "node/commands/testing/test_engine.h"

namespace slotmesh::modules {

// MODULE. One engine at a time may have it: a process has one Modules at most.
std::vector<node::TestFamily> ModuleFamilies();

// With the commands of all types and of sessions.
node::TestEngine::Options ModuleTestOptions();

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_TESTING_FAMILIES_H_
