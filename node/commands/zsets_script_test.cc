// The golden scripts of sorted sets, places and HyperLogLogs.
#include "node/commands/generic.h"
#include "node/commands/geo.h"
#include "node/commands/hyperloglog.h"
#include "node/commands/strings.h"
#include "node/commands/testing/script_runner.h"
#include "node/commands/zsets.h"

int main(int argc, char** argv) {
  using namespace slotmesh::node;
  return RunScriptTests(argc, argv,
                        {.families = {{.rows = StringCommands()},
                                      {.rows = GenericCommands()},
                                      {.rows = SortedSetReadCommands()},
                                      {.rows = SortedSetWriteCommands()},
                                      {.rows = GeoCommands()},
                                      {.rows = HyperLogLogCommands()}}});
}
