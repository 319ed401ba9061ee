// What SCAN, SSCAN, HSCAN and ZSCAN have in common: cursor and options.
//
// Pure but for the errors that are replied.
#ifndef SLOTMESH_NODE_COMMANDS_SCAN_REQUEST_H_
#define SLOTMESH_NODE_COMMANDS_SCAN_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "node/command/command_context.h"

namespace slotmesh::node {

// What is scanned; the options differ.
enum class ScanTarget : uint8_t { kKeys, kSet, kHash, kSortedSet };

struct ScanRequest {
  static constexpr int64_t kDefaultCount = 10;
  // How many steps of a table a scan may take for each element that was asked for.
  static constexpr int64_t kStepsPerCount = 10;

  uint64_t cursor = 0;
  int64_t count = kDefaultCount;
  std::optional<std::string_view> pattern;
  std::optional<std::string_view> type;  // kKeys only.
  bool no_values = false;                // NOVALUES of kHash, NOSCORES of kSortedSet.

  bool Matches(std::string_view text) const;
  // Calls step(cursor), which gives the next cursor and adds what it met to *met, until enough was
  // met or done. Returns where to go on (0: done).
  template <typename Step>
  uint64_t Run(const int64_t* met, Step&& step) const {
    int64_t steps_left = count > INT64_MAX / kStepsPerCount ? INT64_MAX : count * kStepsPerCount;
    uint64_t at = cursor;
    do {
      at = step(at);
    } while (at != 0 && *met < count && --steps_left > 0);
    return at;
  }
};

// Nothing, with the error replied, if the word is no cursor.
std::optional<uint64_t> CursorOrReply(CommandContext& ctx, std::string_view word);

// Options behind the cursor. False, with the error replied, if they are wrong.
bool ParseScanOptions(CommandContext& ctx, Args options, ScanTarget target, ScanRequest* request);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_SCAN_REQUEST_H_
