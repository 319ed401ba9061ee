#include "node/commands/element_scan.h"

#include <charconv>

#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// How many steps a call may take for each element that was asked for.
constexpr int64_t kStepsPerCount = 10;

}  // namespace

std::optional<uint64_t> ParseScanCursor(std::string_view word) {
  bool negative = false;
  if (!word.empty() && (word[0] == '+' || word[0] == '-')) {
    negative = word[0] == '-';
    word.remove_prefix(1);
    if (word.empty()) return std::nullopt;
  }
  uint64_t cursor = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), cursor);
  if (error == std::errc::result_out_of_range || end != word.data() + word.size()) {
    return std::nullopt;
  }
  return negative ? -cursor : cursor;
}

bool ParseElementScan(CommandContext& ctx, Args args, std::string_view names_option,
                      ElementScan* scan) {
  for (size_t at = 3; at < args.size(); ++at) {
    const bool has_value = at + 1 < args.size();
    if (EqualsIgnoreCase(args[at], "COUNT") && has_value) {
      const std::optional<int64_t> count = ParseInt64(args[++at]);
      if (!count || *count < 1) {
        ctx.reply().Error(!count ? errors::kNotInteger : errors::kSyntax);
        return false;
      }
      scan->count = *count;
    } else if (EqualsIgnoreCase(args[at], "MATCH") && has_value) {
      scan->pattern = args[++at];
    } else if (!names_option.empty() && EqualsIgnoreCase(args[at], names_option)) {
      scan->names_only = true;
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

uint64_t RunElementScan(const ElementScan& scan,
                        absl::FunctionRef<ScanStep(uint64_t cursor)> step) {
  uint64_t cursor = scan.cursor;
  const auto wanted = static_cast<uint64_t>(scan.count);
  int64_t steps = scan.count > INT64_MAX / kStepsPerCount ? INT64_MAX : scan.count * kStepsPerCount;
  uint64_t met = 0;
  do {
    const ScanStep done = step(cursor);
    cursor = done.cursor;
    met += done.met;
  } while (cursor != 0 && met < wanted && --steps > 0);
  return cursor;
}

}  // namespace slotmesh::node
