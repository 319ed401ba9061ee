#include "node/command/access_control.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "node/command/engine.h"
#include "node/command/server_observer.h"
#include "node/resp/errors.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kServerItself = "(superuser)";

AclRequest RequestOf(const Command& command, Args args) {
  const CommandSpec& row = command.spec();
  return {{.id = command.id(),
           .is_for_anybody = Has(row.flags, Flag::kNoAuth),
           .specs = row.keys,
           .get_keys = row.get_keys,
           .get_channels = row.get_channels},
          args};
}

}  // namespace

AccessControl::AccessControl(Engine& engine, const ClientTable& clients)
    : engine_(engine), clients_(clients), commands_(engine.registry) {}

void AccessControl::FollowSettings(ConfigStore& store) {
  const auto follow = [this](const Config& config) {
    environment_.all_channels = config.acl_pubsub_default == PubsubDefault::kAllChannels;
    log_.set_max_entries(static_cast<size_t>(config.acllog_max_len));
    return absl::OkStatus();
  };
  (void)follow(store.config());
  store.OnChange({"acl-pubsub-default", "acllog-max-len"}, follow);
  const auto follow_password = [this](const Config& config) {
    SetDefaultPassword(config.requirepass);
    return absl::OkStatus();
  };
  if (!store.config().requirepass.empty()) (void)follow_password(store.config());
  store.OnChange({"requirepass"}, follow_password);
}

void AccessControl::SetDefaultPassword(std::string_view password) {
  AclUser& user = users_.default_user();
  CHECK(user.Apply("resetpass").ok());
  CHECK(user.Apply(password.empty() ? std::string("nopass") : StrCat(">", password)).ok());
}

void AccessControl::Welcome(Client& client) {
  client.user = users_.default_user_pointer();
  client.authenticated = !default_needs_login();
}

bool AccessControl::default_needs_login() const {
  const AclUser& user = users_.default_user();
  return !user.needs_no_password() || !user.enabled();
}

void AccessControl::Become(Client& client, std::shared_ptr<AclUser> user) {
  Tell(engine_, &ServerObserver::OnUserChange, client);
  client.user = std::move(user);
  client.authenticated = true;
}

void AccessControl::Dismiss(Client& client) {
  Tell(engine_, &ServerObserver::OnUserChange, client);
  client.user = users_.default_user_pointer();
  client.authenticated = false;
  CloseSoon(client);
}

// Its own reply is still sent to whoever does this to itself.
void AccessControl::CloseSoon(Client& client) {
  if (client.host() == nullptr) return;
  client.host()->Close(client, /*after_replies=*/engine_.running.client == &client);
}

Authenticator::Outcome AccessControl::LogIn(CommandContext& ctx, Args args, std::string_view user,
                                            std::string_view password, std::string* error) {
  using Outcome = Authenticator::Outcome;
  if (authenticator_ != nullptr) {
    const Outcome outcome = authenticator_->LogIn(ctx, args, user, password, error);
    if (outcome == Outcome::kRefused && error->empty()) *error = errors::kWrongPass;
    if (outcome != Outcome::kNotMine) return outcome;
  }
  std::shared_ptr<AclUser> found = users_.Find(user);
  if (found != nullptr && found->Accepts(password)) {
    Become(ctx.client(), std::move(found));
    return Outcome::kDone;
  }
  const bool multi = ctx.origin() == RequestOrigin::kExec || ctx.client().transaction.active;
  Report(&ctx.client(), {.denial = AclDenial::kAuth,
                         .context = multi ? AclLog::Context::kMulti : AclLog::Context::kTopLevel,
                         .object = std::string(args[0]),
                         .user = std::string(user)});
  *error = errors::kWrongPass;
  return Outcome::kRefused;
}

std::string_view AccessControl::NameOf(const Client& client) {
  return client.user == nullptr ? kServerItself : std::string_view(client.user->name());
}

AclVerdict AccessControl::Check(const AclUser& user, const Command& command, Args args) {
  AclRequest request = RequestOf(command, args);
  return user.Check(request);
}

bool AccessControl::AllowsReadingAnyKey(const Client& client, const Command& command, Args args) {
  if (client.user == nullptr || client.user->unrestricted()) return true;
  AclRequest request = RequestOf(command, args);
  return client.user->AllowsWithAnyKey(request, AclAccess::kRead);
}

std::string AccessControl::Explain(const AclVerdict& verdict, const AclUser& user,
                                   const Command& command, Args args, bool detail) {
  const auto refused = [&](std::string_view what) {
    if (!detail) return StrCat("No permissions to access a ", what);
    return StrCat("User ", user.name(), " has no permissions to access the '", args[verdict.word],
                  "' ", what);
  };
  switch (verdict.denial) {
    case AclDenial::kNone:
    case AclDenial::kAuth:
    case AclDenial::kCommand:
      return StrCat("User ", user.name(), " has no permissions to run the '", command.full_name(),
                    "' command");
    case AclDenial::kKey:
      return refused("key");
    case AclDenial::kChannel:
      return refused("channel");
  }
  return {};
}

void AccessControl::Report(Client& client, const AclVerdict& verdict, const Command& command,
                           Args args, AclLog::Context context) {
  const bool on_command = verdict.denial == AclDenial::kCommand;
  const bool request = engine_.running.client == nullptr && client.host() != nullptr;
  if (request) client.last_command = &command;
  Report(&client, {.denial = verdict.denial,
                   .context = context,
                   .object = on_command ? command.full_name() : std::string(args[verdict.word]),
                   .user = std::string(NameOf(client))});
}

Client* AccessControl::ConnectionOf(Client* client) const {
  for (const RunningCommand* at = &engine_.running; at != nullptr; at = at->outer) {
    Client* found = at->client == nullptr ? nullptr : clients_.Find(at->client->id());
    if (found == nullptr) continue;
    found->last_command = engine_.registry.Resolve(at->args);
    return found;
  }
  return client;
}

void AccessControl::Report(Client* client, AclLog::Event event) {
  ServerStats::AclDenials& denials = engine_.stats.acl_denials;
  switch (event.denial) {
    case AclDenial::kNone:
      break;
    case AclDenial::kCommand:
      ++denials.command;
      break;
    case AclDenial::kKey:
      ++denials.key;
      break;
    case AclDenial::kAuth:
      ++denials.auth;
      break;
    case AclDenial::kChannel:
      ++denials.channel;
      break;
  }
  client = ConnectionOf(client);
  std::string line;
  if (client != nullptr && describe_client_ != nullptr && log_.max_entries() > 0) {
    line = describe_client_(*client);
  }
  log_.Add(std::move(event), std::move(line), engine_.now_ms);
}

std::string AccessControl::MakePassword(size_t hex_digits) const {
  CHECK(secret_bytes_ != nullptr);
  std::vector<unsigned char> bytes((hex_digits + 1) / 2);
  secret_bytes_(absl::MakeSpan(bytes));
  std::string text =
      absl::BytesToHexString({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  text.resize(hex_digits);
  return text;
}

}  // namespace slotmesh::node
