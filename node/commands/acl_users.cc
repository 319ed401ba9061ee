// ACL's subcommands that show and change users.
#include <algorithm>
#include <string>

#include "node/acl/users.h"
#include "node/command/access_control.h"
#include "node/commands/acl.h"
#include "node/commands/acl_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kNoFile =
    "ERR This instance is not configured to use an ACL file. You may want to specify users via the "
    "ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a configuration file "
    "set) in order to store users in the configuration.";
constexpr std::string_view kNotSaved =
    "ERR There was an error trying to save the ACLs. Please check the server logs for more "
    "information";

void ReplySelector(Reply& reply, const AclSelector& selector) {
  reply.Bulk("commands");
  reply.Bulk(selector.DescribeCommands());
  reply.Bulk("keys");
  reply.Bulk(selector.DescribeKeys());
  reply.Bulk("channels");
  reply.Bulk(selector.DescribeChannels());
}
constexpr size_t kSelectorFields = 3;

void ReplyStrings(Reply& reply, absl::Span<const std::string> items) {
  reply.Array(items.size());
  for (const std::string& item : items) reply.Bulk(item);
}

bool HasFile(CommandContext& ctx) {
  if (!ctx.engine().config.aclfile.empty()) return true;
  ctx.reply().Error(kNoFile);
  return false;
}

// Names and rules hold secrets.
void RedactFrom(CommandContext& ctx, size_t first, Args args) {
  for (size_t i = first; i < args.size(); ++i) ctx.Redact(i);
}

}  // namespace

void AclSetUser(CommandContext& ctx, Args args) {
  RedactFrom(ctx, 2, args);
  const std::string_view name = args[2];
  if (!IsUserName(name)) {
    return ctx.reply().Error("ERR Usernames can't contain spaces or null characters");
  }
  const absl::Status status = ctx.engine().access.SetUser(name, args.subspan(3));
  if (!status.ok()) return ctx.reply().Error(StrCat("ERR ", ToStd(status.message())));
  ctx.reply().Ok();
}

void AclDelUser(CommandContext& ctx, Args args) {
  RedactFrom(ctx, 2, args);
  const Args names = args.subspan(2);
  if (std::find(names.begin(), names.end(), kDefaultUserName) != names.end()) {
    return ctx.reply().Error("ERR The 'default' user cannot be removed");
  }
  ctx.reply().Integer(ctx.engine().access.DeleteUsers(names));
}

void AclGetUser(CommandContext& ctx, Args args) {
  ctx.Redact(2);
  const std::shared_ptr<const AclUser> user = ctx.engine().access.users().Find(args[2]);
  Reply& reply = ctx.reply();
  if (user == nullptr) return reply.Null();
  reply.Map(3 + kSelectorFields);
  reply.Bulk("flags");
  const std::vector<std::string_view> flags = user->flags();
  reply.Set(flags.size());
  for (const std::string_view flag : flags) reply.Bulk(flag);
  reply.Bulk("passwords");
  ReplyStrings(reply, user->password_hashes());
  ReplySelector(reply, user->selectors()[0]);
  reply.Bulk("selectors");
  reply.Array(user->selectors().size() - 1);
  for (const AclSelector& selector : absl::MakeConstSpan(user->selectors()).subspan(1)) {
    reply.Map(kSelectorFields);
    ReplySelector(reply, selector);
  }
}

void AclList(CommandContext& ctx, Args) {
  const AclUsers& users = ctx.engine().access.users();
  ctx.reply().Array(users.all().size());
  for (const auto& [name, user] : users.all()) {
    ctx.reply().Bulk(StrCat("user ", name, " ", user->Describe()));
  }
}

void AclUserNames(CommandContext& ctx, Args) {
  const AclUsers& users = ctx.engine().access.users();
  ctx.reply().Array(users.all().size());
  for (const auto& [name, user] : users.all()) ctx.reply().Bulk(name);
}

void AclWhoAmI(CommandContext& ctx, Args) {
  if (ctx.client().user == nullptr) return ctx.reply().Null();
  ctx.reply().Bulk(ctx.client().user->name());
}

void AclLoad(CommandContext& ctx, Args) {
  if (!HasFile(ctx)) return;
  Engine& engine = ctx.engine();
  const absl::Status status = engine.access.LoadFile(engine.config.aclfile);
  if (!status.ok()) return ctx.reply().Error(StrCat("ERR ", ToStd(status.message())));
  ctx.reply().Ok();
}

void AclSave(CommandContext& ctx, Args) {
  if (!HasFile(ctx)) return;
  Engine& engine = ctx.engine();
  const absl::Status status = engine.access.SaveFile(engine.config.aclfile);
  if (status.ok()) return ctx.reply().Ok();
  ctx.family<AclFamily>().log.Warning(
      StrCat("ACL SAVE: ", engine.config.aclfile, ": ", ToStd(status.message())));
  ctx.reply().Error(kNotSaved);
}

}  // namespace slotmesh::node
