// Compares rows with the reference: arity, flags, keys, categories, tips, versions, arguments.
// Texts (summary, complexity, what changed) are our own and only have to be there.
//
// For tests: differences are failed expectations.
#ifndef SLOTMESH_NODE_COMMANDS_TESTING_METADATA_H_
#define SLOTMESH_NODE_COMMANDS_TESTING_METADATA_H_

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

// The reference; nothing where there is none.
std::optional<nlohmann::json> LoadReference();

// Rows and their subcommands with their full names, "CONFIG GET".
void ForEachRow(absl::Span<const CommandSpec> rows, const std::string& parent,
                const std::function<void(const CommandSpec&, const std::string&)>& visit);

// Every row that the reference is not too old for. How many were compared.
size_t ExpectRowsAgree(absl::Span<const CommandSpec> rows, const nlohmann::json& reference);

// All commands of a group ("string") are among the families' rows.
void ExpectGroupComplete(const std::string& group,
                         absl::Span<const absl::Span<const CommandSpec>> families,
                         const nlohmann::json& reference);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_TESTING_METADATA_H_
