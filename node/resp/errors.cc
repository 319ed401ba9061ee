#include "node/resp/errors.h"

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kPayloadUrl = "slotmesh/wire-code";
constexpr size_t kShownMax = 128;
constexpr size_t kCodeMin = 3;

// As a C string of at most `max` bytes.
std::string_view Shown(std::string_view text, size_t max = kShownMax) {
  return text.substr(0, std::min(max, text.find('\0')));
}

bool IsCode(std::string_view word) {
  if (word.size() < kCodeMin || !absl::ascii_isupper(static_cast<unsigned char>(word[0]))) {
    return false;
  }
  for (const char c : word) {
    const bool allowed = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!allowed) return false;
  }
  return true;
}

}  // namespace

std::string UnknownCommand(Args args) {
  std::string shown;
  for (size_t i = 1; i < args.size() && shown.size() < kShownMax; ++i) {
    shown += StrCat("'", Shown(args[i], kShownMax - shown.size()), "' ");
  }
  return StrCat("ERR unknown command '", args.empty() ? std::string_view() : Shown(args[0]),
                "', with args beginning with: ", shown);
}

std::string WrongArity(std::string_view full_name) {
  return StrCat("ERR wrong number of arguments for '", full_name, "' command");
}

std::string NotWhileSubscribed(std::string_view full_name) {
  return StrCat("ERR Can't execute '", full_name,
                "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in "
                "this context");
}

std::string UnknownSubcommand(std::string_view command, std::string_view subcommand) {
  return StrCat("ERR unknown subcommand '", Shown(subcommand), "'. Try ",
                absl::AsciiStrToUpper(ToAbsl(command)), " HELP.");
}

std::string SubcommandSyntax(std::string_view command, std::string_view subcommand) {
  return StrCat("ERR unknown subcommand or wrong number of arguments for '", Shown(subcommand),
                "'. Try ", absl::AsciiStrToUpper(ToAbsl(command)), " HELP.");
}

std::string InvalidExpire(std::string_view command) {
  return StrCat("ERR invalid expire time in '", command, "' command");
}

std::string NoPermCommand(std::string_view full_name) {
  return StrCat("NOPERM this user has no permissions to run the '", full_name, "' command");
}

std::string UnknownNode(std::string_view id) { return StrCat("ERR Unknown node ", id); }

std::string Moved(int slot, std::string_view endpoint) {
  return StrCat("MOVED ", slot, " ", endpoint);
}

std::string Ask(int slot, std::string_view endpoint) { return StrCat("ASK ", slot, " ", endpoint); }

WireErrorParts SplitWireError(std::string_view wire) {
  const bool marked = !wire.empty() && wire[0] == '-';
  if (marked) wire.remove_prefix(1);
  const size_t space = wire.find(' ');
  const std::string_view word = wire.substr(0, space);
  if (word.empty() || !(marked || IsCode(word))) return {"ERR", wire};
  return {word, space == std::string_view::npos ? std::string_view() : wire.substr(space + 1)};
}

absl::Status WireStatus(std::string_view wire) {
  const WireErrorParts parts = SplitWireError(wire);
  const bool argument = parts.code == "ERR";
  absl::Status status(
      argument ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kFailedPrecondition,
      ToAbsl(parts.text));
  status.SetPayload(ToAbsl(kPayloadUrl), absl::Cord(ToAbsl(parts.code)));
  return status;
}

std::string WireText(const absl::Status& status) {
  const absl::optional<absl::Cord> code = status.GetPayload(ToAbsl(kPayloadUrl));
  if (!code.has_value()) return StrCat("ERR ", status.message());
  if (status.message().empty()) return std::string(*code);
  return StrCat(std::string(*code), " ", status.message());
}

}  // namespace slotmesh::node
