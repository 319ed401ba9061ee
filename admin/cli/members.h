// What only a member itself can say (keys, memory, clients, version): asked of each.
//
// The node that answers a command knows the map and everybody's health, but counts its own keys
// alone. Connections are kept, for watching. Thread-compatible.
#ifndef SLOTMESH_ADMIN_CLI_MEMBERS_H_
#define SLOTMESH_ADMIN_CLI_MEMBERS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "admin/cli/client.h"

namespace slotmesh::admin {

class Members {
 public:
  // `auth` outlives this.
  explicit Members(bus::Authenticator& auth) : auth_(auth) {}

  // Fills in the rows of all online members that answer; the others stay unmeasured. All are asked
  // at the same time.
  void Complete(wire::ClusterStatus* status);

  // What each online member has of the function libraries, in the order of `status`; an error for
  // one that does not answer. Members that are not online are left out.
  template <typename Reply>
  struct Answer {
    const wire::Node* node = nullptr;  // Of `status`.
    absl::StatusOr<Reply> reply = absl::UnknownError("");
  };
  using MemberLibraries = Answer<wire::LibrariesReply>;
  std::vector<MemberLibraries> AskLibraries(const wire::ClusterStatus& status);
  // What each that answers knows of the cluster, also those that `status` does not hold to be
  // online.
  std::vector<Answer<wire::ClusterStatus>> AskStatus(const wire::ClusterStatus& status);
  // The same of the modules that they have loaded.
  using MemberModules = Answer<wire::ModulesReply>;
  std::vector<MemberModules> AskModules(const wire::ClusterStatus& status);

  // `call` with a client of the member; UNAVAILABLE if its address makes none.
  absl::Status With(const wire::Node& node, absl::FunctionRef<absl::Status(AdminClient&)> call);

 private:
  static constexpr absl::Duration kTimeout = absl::Seconds(1);

  // Null if the address makes no client.
  AdminClient* ClientOf(const wire::Node& node);
  void Ask(wire::Node* node, AdminClient& client);
  template <typename Reply>
  std::vector<Answer<Reply>> AskAll(const wire::ClusterStatus& status,
                                    absl::StatusOr<Reply> (AdminClient::*question)(),
                                    bool online_only = true);
  bus::Authenticator& auth_;
  std::map<std::string, std::unique_ptr<AdminClient>> clients_;  // By bus address.
};

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_MEMBERS_H_
