// A user: who may log in under which name with which passwords, and what it may do then.
//
// Clients share their user (std::shared_ptr), so a change of its rules holds for them at once.
// Engine thread only. Cost of Check() for a user that may do everything: one look at a flag.
#ifndef SLOTMESH_NODE_ACL_USER_H_
#define SLOTMESH_NODE_ACL_USER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "node/acl/commands.h"
#include "node/acl/request.h"
#include "node/acl/selector.h"

namespace slotmesh::node {

class AclUser {
 public:
  // As Redis makes one: off, without a password, nothing is allowed. `environment` is borrowed.
  AclUser(std::string name, const AclEnvironment& environment);

  const std::string& name() const { return name_; }
  bool enabled() const { return enabled_; }
  bool needs_no_password() const { return no_password_; }
  const std::vector<std::string>& password_hashes() const { return passwords_; }
  std::vector<std::string_view> flags() const;
  // Its own permissions first; never empty.
  const std::vector<AclSelector>& selectors() const { return selectors_; }
  // It may do everything.
  bool unrestricted() const { return unrestricted_; }

  // One rule of ACL SETUSER: "on", ">password", "reset", "(...)", or one of its own permissions.
  // Not found for an unknown command or category, else invalid argument; message() is the reason as
  // Redis words it. Then nothing has changed.
  absl::Status Apply(std::string_view rule);
  // All that the other may and is, but for the name.
  void TakeRules(const AclUser& other);

  // The password is right, and the user is on. Takes as long for each password.
  bool Accepts(std::string_view password) const;

  // Several selectors may each refuse for another reason: it tells the one that went furthest.
  AclVerdict Check(AclRequest& request) const;
  bool AllowsKey(std::string_view key, AclAccess access) const;
  bool AllowsChannel(std::string_view channel, bool is_pattern) const;
  // One selector allows the request, and that access to all keys there are.
  bool AllowsWithAnyKey(AclRequest& request, AclAccess access) const;

  // "on nopass sanitize-payload ~* &* +@all": so made, a user is the same.
  std::string Describe() const;

 private:
  absl::Status ApplyPassword(std::string_view rule);
  absl::Status AddSelector(std::string_view rules);
  void Reset();

  std::string name_;
  const AclEnvironment* environment_;
  bool enabled_ = false;
  bool no_password_ = false;
  bool skips_sanitizing_ = false;
  bool unrestricted_ = false;
  std::vector<std::string> passwords_;
  std::vector<AclSelector> selectors_;
};

// Rules within parentheses may come as several words: one each in the result. An error's message()
// is the reason as Redis words it.
absl::StatusOr<std::vector<std::string>> JoinSelectors(absl::Span<const std::string_view> rules);

// The user as it would be with these rules more. An error's message() is ACL SETUSER's, behind
// "ERR ".
absl::StatusOr<AclUser> WithRules(const AclUser& user, absl::Span<const std::string_view> rules);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_ACL_USER_H_
