// The golden scripts of COMMAND.
#include "node/commands/command_family.h"
#include "node/commands/generic.h"
#include "node/commands/strings.h"
#include "node/commands/testing/script_runner.h"

int main(int argc, char** argv) {
  using namespace slotmesh::node;
  return RunScriptTests(
      argc, argv,
      {.families = {
           {.rows = StringCommands()}, {.rows = GenericCommands()}, {.rows = CommandCommands()}}});
}
