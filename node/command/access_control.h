// Who may do what: the users, the check of requests against their rules, logging in, the log of
// what was refused, and what becomes of clients when users change.
//
// Engine thread only. Borrows the engine (which it is part of) and the table of clients. A client
// without a user is the server itself: nothing is refused to it. Cost for a user that may do
// everything: none of this is called (Dispatcher::MayRun).
#ifndef SLOTMESH_NODE_COMMAND_ACCESS_CONTROL_H_
#define SLOTMESH_NODE_COMMAND_ACCESS_CONTROL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "node/acl/log.h"
#include "node/acl/request.h"
#include "node/acl/users.h"
#include "node/command/acl_commands.h"
#include "node/command/client.h"
#include "node/command/client_table.h"
#include "node/command/command_context.h"
#include "node/config/config_store.h"

namespace slotmesh::node {

// Others' ways to log in, which are asked before passwords are looked at: modules'.
class Authenticator {
 public:
  enum class Outcome : uint8_t {
    kNotMine = 0,   // The password decides.
    kDone = 1,      // The client is somebody's now.
    kRefused = 2,   // With *error if that is not empty.
    kAnswered = 3,  // There is a reply, or the client waits and its request runs again then.
  };

  virtual ~Authenticator() = default;
  // By the request `args`.
  virtual Outcome LogIn(CommandContext& ctx, Args args, std::string_view user,
                        std::string_view password, std::string* error) = 0;
};

class AccessControl {
 public:
  // One line on a client, for the log.
  using DescribeClient = std::function<std::string(Client& client)>;
  // `bytes` that nobody can guess.
  using SecretBytes = std::function<void(absl::Span<unsigned char> bytes)>;

  AccessControl(Engine& engine, const ClientTable& clients);
  AccessControl(const AccessControl&) = delete;
  AccessControl& operator=(const AccessControl&) = delete;

  AclUsers& users() { return users_; }
  const AclUsers& users() const { return users_; }
  AclLog& log() { return log_; }
  const AclEnvironment& environment() const { return environment_; }

  // Of requirepass, acllog-max-len and acl-pubsub-default, now and whenever they change.
  void FollowSettings(ConfigStore& store);
  void set_describe_client(DescribeClient describe) { describe_client_ = std::move(describe); }
  void set_authenticator(Authenticator* authenticator) { authenticator_ = authenticator; }
  void set_secret_bytes(SecretBytes source) { secret_bytes_ = std::move(source); }

  // --- Clients and their users.

  // The default user's, as a new connection is: logged in if that takes no password.
  void Welcome(Client& client);
  // Whoever has not logged in may do nothing.
  bool default_needs_login() const;
  // It is the user's from now on, logged in.
  void Become(Client& client, std::shared_ptr<AclUser> user);
  // It is nobody's, and is closed.
  void Dismiss(Client& client);
  // By the request `args`. kDone, kRefused (*error is the reply) or kAnswered.
  Authenticator::Outcome LogIn(CommandContext& ctx, Args args, std::string_view user,
                               std::string_view password, std::string* error);
  // "(superuser)" for one without a user.
  static std::string_view NameOf(const Client& client);

  // --- The check.

  static AclVerdict Check(const AclUser& user, const Command& command, Args args);
  // The command may run, and any key may be read by it (SORT BY, GET).
  static bool AllowsReadingAnyKey(const Client& client, const Command& command, Args args);
  // "User alice has no permissions to run the 'get' command"; with `detail`, which key it is.
  static std::string Explain(const AclVerdict& verdict, const AclUser& user, const Command& command,
                             Args args, bool detail);
  // Into the log and the counters of INFO.
  void Report(Client& client, const AclVerdict& verdict, const Command& command, Args args,
              AclLog::Context context);
  // `client` may be null.
  void Report(Client* client, AclLog::Event event);

  // --- Changes of users. Errors change nothing; their messages are replies behind "ERR ".

  absl::Status SetUser(std::string_view name, absl::Span<const std::string_view> rules);
  // How many there were. REQUIRES: `default` is not among them.
  int64_t DeleteUsers(absl::Span<const std::string_view> names);
  // These rules are the user's, whose subscribers may lose channels by it. For users that modules
  // keep for themselves, too.
  void Change(AclUser& user, const AclUser& rules);
  // The user is no more: its clients are closed.
  void Abandon(const AclUser& user);
  // Users from lines of the configuration file, at start.
  absl::Status LoadConfigured(absl::Span<const std::vector<std::string>> users);
  // The users of the file and no others; their clients keep their connections.
  absl::Status LoadFile(const std::string& path);
  absl::Status SaveFile(const std::string& path) const;

  // ACL GENPASS.
  std::string MakePassword(size_t hex_digits) const;

 private:
  void Replace(const std::vector<AclUser>& users);
  void SetDefaultPassword(std::string_view password);
  void CloseSoon(Client& client);
  // A script's or a module's commands are those of whoever runs it.
  Client* ConnectionOf(Client* client) const;
  // A client that has more channels than the rules allow.
  static bool HasForeignChannels(const Client& client, const std::vector<std::string>& allowed);

  Engine& engine_;
  const ClientTable& clients_;
  RegistryAclCommands commands_;
  AclEnvironment environment_{commands_};
  AclUsers users_{environment_};
  AclLog log_;
  DescribeClient describe_client_;
  SecretBytes secret_bytes_;
  Authenticator* authenticator_ = nullptr;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_ACCESS_CONTROL_H_
