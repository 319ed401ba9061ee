// The golden scripts of sorted sets, places and HyperLogLogs.
#include "node/commands/generic.h"
#include "node/commands/geo.h"
#include "node/commands/hyperloglog.h"
#include "node/commands/strings.h"
#include "node/commands/testing/script_runner.h"
#include "node/commands/testing/server_family.h"
#include "node/commands/zsets.h"

int main(int argc, char** argv) {
  using namespace slotmesh::node;
  TestEngine::Options options;
  options.families = SessionFamilies();
  for (const auto rows : {StringCommands(), GenericCommands(), SortedSetReadCommands(),
                          SortedSetWriteCommands(), GeoCommands(), HyperLogLogCommands()}) {
    options.families.push_back({.rows = rows});
  }
  return RunScriptTests(argc, argv, options);
}
