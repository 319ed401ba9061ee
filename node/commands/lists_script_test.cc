// The golden scripts of the list commands and of SORT.
#include "node/commands/generic.h"
#include "node/commands/hashes.h"
#include "node/commands/lists.h"
#include "node/commands/sets.h"
#include "node/commands/sort.h"
#include "node/commands/strings.h"
#include "node/commands/testing/script_runner.h"
#include "node/commands/testing/server_family.h"
#include "node/commands/zsets.h"

int main(int argc, char** argv) {
  using namespace slotmesh::node;
  TestEngine::Options options;
  options.config = "enable-debug-command yes\n";
  options.families = SessionFamilies();
  options.families.push_back({.rows = StringCommands()});
  options.families.push_back({.rows = GenericCommands()});
  options.families.push_back({.rows = HashCommands()});
  options.families.push_back({.rows = SetCommands()});
  options.families.push_back({.rows = ListCommands()});
  options.families.push_back({.rows = SortedSetWriteCommands()});
  options.families.push_back({.rows = SortCommands()});
  return RunScriptTests(argc, argv, options);
}
