// The golden scripts of connections, transactions and the server.
#include "node/commands/generic.h"
#include "node/commands/pubsub.h"
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
  options.families.push_back({.rows = PubSubCommands()});
  return RunScriptTests(argc, argv, options);
}
