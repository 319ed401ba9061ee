#include "node/config/arguments.h"

#include <optional>
#include <string_view>
#include <vector>

#include "node/resp/split_args.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

bool StartsOption(std::string_view arg) { return arg.substr(0, 2) == "--"; }

// What a directive without a value means, as it stands in a line; empty: it wants one.
std::string_view ValueOfAlone(std::string_view option) {
  if (EqualsIgnoreCase(option, "--save")) return "\"\"";
  if (EqualsIgnoreCase(option, "--arbiter")) return "yes";
  return "";
}

}  // namespace

Arguments ReadArguments(absl::Span<const std::string> args) {
  Arguments result;
  size_t i = 0;
  if (!args.empty() && !args[0].empty() && args[0][0] != '-') result.file = args[i++];
  bool has_value = true;  // The last option does, so that another may follow.
  for (; i < args.size(); ++i) {
    const std::string& arg = args[i];
    const bool is_last = i + 1 == args.size();
    if (arg == "-" && (i == 0 || is_last)) {
      result.standard_input = true;
      continue;
    }
    if (!has_value || !StartsOption(arg)) {
      result.text += QuoteArg(arg) + " ";
      has_value = true;
      continue;
    }
    if (!result.text.empty()) result.text += "\n";
    result.text += arg.substr(2) + " ";
    const std::optional<std::vector<std::string>> words = SplitArgs(arg);
    has_value = !words.has_value() || words->size() != 1;
    if (has_value || !(is_last || StartsOption(args[i + 1]))) continue;
    const std::string_view alone = ValueOfAlone((*words)[0]);
    result.text += alone;
    has_value = !alone.empty();
  }
  return result;
}

}  // namespace slotmesh::node
