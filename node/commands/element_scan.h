// What HSCAN, SSCAN and ZSCAN have in common: their words, and how far one call goes.
//
// Engine thread only; the request borrows the words.
#ifndef SLOTMESH_NODE_COMMANDS_ELEMENT_SCAN_H_
#define SLOTMESH_NODE_COMMANDS_ELEMENT_SCAN_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "node/command/command_context.h"
#include "node/resp/glob.h"

namespace slotmesh::node {

struct ElementScan {
  uint64_t cursor = 0;
  int64_t count = 10;
  std::optional<std::string_view> pattern;
  bool names_only = false;

  bool Wants(std::string_view name) const { return !pattern || GlobMatches(*pattern, name); }
};

// A cursor as strtoul reads it, which is what clients may rely on: a sign and leading zeros are
// taken, an empty word is 0.
std::optional<uint64_t> ParseScanCursor(std::string_view word);

// [MATCH pattern] [COUNT n] and `names_option` (NOSCORES, NOVALUES; empty: none) from word 3 on.
// False with the error replied.
bool ParseElementScan(CommandContext& ctx, Args args, std::string_view names_option,
                      ElementScan* scan);

// Calls step(cursor), which visits some elements, says how many and gives the next cursor, until
// enough were met. The next cursor of the call.
struct ScanStep {
  uint64_t cursor = 0;
  uint64_t met = 0;
};
uint64_t RunElementScan(const ElementScan& scan, absl::FunctionRef<ScanStep(uint64_t cursor)> step);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_ELEMENT_SCAN_H_
