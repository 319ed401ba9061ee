// The process's arguments, read as Redis reads them:
//   [file] [-] [--directive value ...] ... [-]
// A first argument without '-' is a file; a lone '-' in the first or the last place means standard
// input; each --directive becomes a line "directive value ...", its values being all arguments up
// to the next one that starts with "--". An argument may hold name and values ("--port 7000"). A
// value may start with "--" only right after its directive's name; `--save` without value means
// `save ""`, `--arbiter` without value `arbiter yes`. Pure; safe from any thread.
#ifndef SLOTMESH_NODE_CONFIG_ARGUMENTS_H_
#define SLOTMESH_NODE_CONFIG_ARGUMENTS_H_

#include <string>

#include "absl/types/span.h"

namespace slotmesh::node {

struct Arguments {
  std::string file;  // Empty without one.
  bool standard_input = false;
  std::string text;  // Lines as in a file.
};

Arguments ReadArguments(absl::Span<const std::string> args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CONFIG_ARGUMENTS_H_
