// FUNCTION DUMP's payload: of each library, as in an RDB file, an opcode and its text; then the
// footer of DUMP payloads.
//
// Pure functions; safe from any thread.
#ifndef SLOTMESH_FUNCTIONS_LIBRARY_DUMP_H_
#define SLOTMESH_FUNCTIONS_LIBRARY_DUMP_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "functions/library_registry.h"

namespace slotmesh::functions {

std::string DumpLibraries(const LibraryRegistry& registry);

// The texts of the libraries. An error's message is ready for the client, without a code.
absl::StatusOr<std::vector<std::string>> ReadLibraries(std::string_view payload);

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_LIBRARY_DUMP_H_
