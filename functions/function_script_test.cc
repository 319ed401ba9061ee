// The golden scripts of EVAL, SCRIPT, FCALL and FUNCTION.
#include "functions/testing/families.h"
#include "node/commands/generic.h"
#include "node/commands/hashes.h"
#include "node/commands/lists.h"
#include "node/commands/sets.h"
#include "node/commands/strings.h"
#include "node/commands/testing/script_runner.h"
#include "node/commands/testing/server_family.h"
#include "node/commands/zsets.h"

int main(int argc, char** argv) {
  using namespace slotmesh;
  node::TestEngine::Options options;
  options.config = "enable-debug-command yes\n";
  options.families = node::SessionFamilies();
  for (const auto rows :
       {node::StringCommands(), node::GenericCommands(), node::HashCommands(), node::SetCommands(),
        node::ListCommands(), node::SortedSetReadCommands(), node::SortedSetWriteCommands()}) {
    options.families.push_back({.rows = rows});
  }
  for (auto& family : functions::FunctionFamilies()) options.families.push_back(family);
  return node::RunScriptTests(argc, argv, options);
}
