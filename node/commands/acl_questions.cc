// ACL's subcommands that change no user.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "node/command/access_control.h"
#include "node/commands/acl.h"
#include "node/commands/acl_handlers.h"
#include "node/commands/help.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kPasswordBits = 256;
constexpr int64_t kPasswordBitsMax = 4096;
constexpr int64_t kLogEntries = 10;
constexpr size_t kShownNameMax = 128;
constexpr double kMillisPerSecond = 1000;
constexpr Acl kAllCategories = static_cast<Acl>(~uint64_t{0});

void ReplyCategory(CommandContext& ctx, Acl category) {
  std::vector<const Command*> found;
  for (const auto& command : ctx.engine().registry.commands()) {
    if (Has(command->acl(), category)) found.push_back(command.get());
    for (const auto& sub : command->subcommands()) {
      if (Has(sub->acl(), category)) found.push_back(sub.get());
    }
  }
  ctx.reply().Array(found.size());
  for (const Command* command : found) ctx.reply().Bulk(command->full_name());
}

void ReplyEntry(CommandContext& ctx, const AclLog::Entry& entry) {
  Reply& reply = ctx.reply();
  reply.Map(10);
  reply.Bulk("count");
  reply.Integer(static_cast<int64_t>(entry.count));
  reply.Bulk("reason");
  reply.Bulk(NameOf(entry.event.denial));
  reply.Bulk("context");
  reply.Bulk(NameOf(entry.event.context));
  reply.Bulk("object");
  reply.Bulk(entry.event.object);
  reply.Bulk("username");
  reply.Bulk(entry.event.user);
  reply.Bulk("age-seconds");
  reply.Double(static_cast<double>(ctx.now_ms() - entry.updated_ms) / kMillisPerSecond);
  reply.Bulk("client-info");
  reply.Bulk(entry.client);
  reply.Bulk("entry-id");
  reply.Integer(static_cast<int64_t>(entry.id));
  reply.Bulk("timestamp-created");
  reply.Integer(entry.created_ms);
  reply.Bulk("timestamp-last-updated");
  reply.Integer(entry.updated_ms);
}

}  // namespace

void AclCat(CommandContext& ctx, Args args) {
  if (args.size() > 3) return ctx.reply().Error(SubcommandSyntax("acl", args[1]));
  const AclCategories& categories = ctx.engine().registry.categories();
  if (args.size() == 2) {
    return ctx.reply().BulkStrings(categories.NamesOf(kAllCategories));
  }
  const std::optional<Acl> category = categories.Find(args[2]);
  if (category.has_value()) return ReplyCategory(ctx, *category);
  ctx.reply().Error(StrCat("ERR Unknown category '", args[2].substr(0, kShownNameMax), "'"));
}

void AclDryRun(CommandContext& ctx, Args args) {
  const std::shared_ptr<const AclUser> user = ctx.engine().access.users().Find(args[2]);
  Reply& reply = ctx.reply();
  if (user == nullptr) return reply.Error(StrCat("ERR User '", args[2], "' not found"));
  const Args words = args.subspan(3);
  const Command* command = ctx.engine().registry.Resolve(words);
  // Of a container only its subcommands, where it is given one.
  if (command == nullptr || (!command->subcommands().empty() && words.size() >= 2)) {
    return reply.Error(StrCat("ERR Command '", words[0], "' not found"));
  }
  if (!command->spec().arity.Accepts(words.size())) {
    return reply.Error(WrongArity(command->full_name()));
  }
  const AclVerdict verdict = AccessControl::Check(*user, *command, words);
  if (verdict.allowed()) return reply.Ok();
  reply.Bulk(AccessControl::Explain(verdict, *user, *command, words, /*detail=*/true));
}

void AclGenPass(CommandContext& ctx, Args args) {
  if (args.size() > 3) return ctx.reply().Error(SubcommandSyntax("acl", args[1]));
  const std::optional<int64_t> bits =
      args.size() == 2 ? std::optional(kPasswordBits) : ParseInt64(args[2]);
  if (!bits.has_value()) return ctx.reply().Error(errors::kNotInteger);
  if (*bits <= 0 || *bits > kPasswordBitsMax) {
    return ctx.reply().Error(
        StrCat("ERR ACL GENPASS argument must be the number of bits for the output password, a "
               "positive number up to ",
               kPasswordBitsMax));
  }
  constexpr int64_t kBitsPerDigit = 4;
  ctx.reply().Bulk(ctx.engine().access.MakePassword(
      static_cast<size_t>((*bits + kBitsPerDigit - 1) / kBitsPerDigit)));
}

void AclShowLog(CommandContext& ctx, Args args) {
  if (args.size() > 3) return ctx.reply().Error(SubcommandSyntax("acl", args[1]));
  AclLog& log = ctx.engine().access.log();
  if (args.size() == 3 && EqualsIgnoreCase(args[2], "RESET")) {
    log.Clear();
    return ctx.reply().Ok();
  }
  const std::optional<int64_t> wanted =
      args.size() == 2 ? std::optional(kLogEntries) : ParseInt64(args[2]);
  if (!wanted.has_value()) return ctx.reply().Error(errors::kNotInteger);
  size_t left = std::min(static_cast<size_t>(std::max<int64_t>(*wanted, 0)), log.entries().size());
  ctx.reply().Array(left);
  for (auto entry = log.entries().begin(); left > 0; ++entry, --left) ReplyEntry(ctx, *entry);
}

void AclHelp(CommandContext& ctx, Args) {
  constexpr std::string_view kLines[] = {
      "CAT [<category>]",
      "    The categories of commands, or the commands of one.",
      "DELUSER <username> [<username> ...]",
      "    Removes users; their connections are closed.",
      "DRYRUN <username> <command> [<arg> ...]",
      "    Says whether the user may run the command, without running it.",
      "GENPASS [<bits>]",
      "    Makes a password that nobody can guess, of 256 bits or as many as given.",
      "GETUSER <username>",
      "    What the user is and may do.",
      "LIST",
      "    All users, as lines of a configuration file.",
      "LOAD",
      "    Replaces the users by those of the ACL file.",
      "LOG [<count> | RESET]",
      "    The newest <count> refusals (default: 10), or forgets all of them.",
      "SAVE",
      "    Writes the users into the ACL file.",
      "SETUSER <username> <rule> [<rule> ...]",
      "    Makes a user, or changes what it is and may do.",
      "USERS",
      "    The names of all users.",
      "WHOAMI",
      "    The name of this connection's user.",
  };
  ReplyHelp(ctx.reply(), "ACL", kLines);
}

}  // namespace slotmesh::node
