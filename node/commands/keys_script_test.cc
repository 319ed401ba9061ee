// The golden scripts of the string and generic commands.
#include "node/commands/bitmaps.h"
#include "node/commands/generic.h"
#include "node/commands/strings.h"
#include "node/commands/testing/script_runner.h"
#include "node/commands/testing/server_family.h"

int main(int argc, char** argv) {
  using namespace slotmesh::node;
  TestEngine::Options options;
  options.families = SessionFamilies();
  options.families.push_back({.rows = StringCommands()});
  options.families.push_back({.rows = BitmapCommands()});
  options.families.push_back({.rows = GenericCommands()});
  return RunScriptTests(argc, argv, options);
}
