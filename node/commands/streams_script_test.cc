// The golden scripts of the stream commands.
#include "node/commands/generic.h"
#include "node/commands/streams.h"
#include "node/commands/strings.h"
#include "node/commands/testing/script_runner.h"
#include "node/commands/testing/server_family.h"

int main(int argc, char** argv) {
  using namespace slotmesh::node;
  TestEngine::Options options;
  options.config = "enable-debug-command yes\n";
  options.families = SessionFamilies();
  options.families.push_back({.rows = StringCommands()});
  options.families.push_back({.rows = GenericCommands()});
  options.families.push_back({.rows = StreamCommands()});
  return RunScriptTests(argc, argv, options);
}
