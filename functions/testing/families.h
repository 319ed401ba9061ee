// Scripts and functions in an engine in memory.
#ifndef SLOTMESH_FUNCTIONS_TESTING_FAMILIES_H_
#define SLOTMESH_FUNCTIONS_TESTING_FAMILIES_H_

#include <functional>
#include <vector>

#include "node/commands/testing/test_engine.h"

namespace slotmesh::functions {

// EVAL, SCRIPT, FCALL, FUNCTION and their relatives. `serve_others` is called while a script is
// busy; it may be null.
std::vector<node::TestFamily> FunctionFamilies(
    std::function<void(node::TestEngine&)> serve_others = nullptr);

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_TESTING_FAMILIES_H_
