// Runs the golden scripts of modules, whose paths it gets.
#include "modules/testing/families.h"
#include "node/commands/testing/script_runner.h"

int main(int argc, char** argv) {
  return slotmesh::node::RunScriptTests(argc, argv, slotmesh::modules::ModuleTestOptions());
}
