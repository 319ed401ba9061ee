// The golden scripts of the string and generic commands.
#include "node/commands/bitmaps.h"
#include "node/commands/generic.h"
#include "node/commands/strings.h"
#include "node/commands/testing/script_runner.h"
#include "node/commands/transactions.h"

int main(int argc, char** argv) {
  using namespace slotmesh::node;
  return RunScriptTests(argc, argv,
                        {.families = {{.rows = StringCommands()},
                                      {.rows = BitmapCommands()},
                                      {.rows = TransactionCommands()},
                                      {.rows = GenericCommands()}}});
}
