// slotmesh recover-quorum.
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "admin/cli/commands.h"
#include "admin/cli/members.h"
#include "admin/cli/render.h"

namespace slotmesh::admin {
namespace {

// How much of what was decided a member knows.
auto KnowledgeOf(const wire::ClusterStatus& status) {
  return std::make_tuple(status.generation(), status.sequence(), status.index());
}

}  // namespace

// The survivor that knows most becomes the only voter; the others follow it.
int Commands::RecoverQuorum(bool yes) {
  if (!yes && (json_ || !environment_.in_terminal)) {
    return Fail(absl::InvalidArgumentError(
        "there is no terminal to ask on: add --yes if the lost voters never come back"));
  }
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  const auto status = session->client->Status();
  if (!status.ok()) return Fail(status.status());
  Members members(*session->auth);
  const auto answers = members.AskStatus(*status);
  const Members::Answer<wire::ClusterStatus>* best = nullptr;
  std::vector<std::string> lost;
  size_t voters = 0;
  for (const auto& answer : answers) {
    voters += answer.node->voter() ? 1 : 0;
    if (!answer.reply.ok()) {
      if (answer.node->voter()) lost.push_back(NodeName(*status, answer.node->id()));
    } else if (best == nullptr || KnowledgeOf(*answer.reply) > KnowledgeOf(*best->reply)) {
      best = &answer;
    }
  }
  if (best == nullptr || lost.size() <= (voters - 1) / 2) {
    return Fail(absl::FailedPreconditionError(
        absl::StrCat(voters - lost.size(), " of ", voters,
                     " voters answer: the cluster can decide, or soon will")));
  }
  const std::string name = NodeName(*status, best->node->id());
  const std::string gone = absl::StrJoin(lost, ", ");
  if (!json_) {
    environment_.out(absl::StrCat(
        "These voters do not answer: ", gone, "\n", name,
        " knows most of what was decided. It will decide alone, without what only they knew.\n"
        "They must not run any more: start them again only with empty directories.\n"));
  }
  if (!yes && !Confirm("Are they lost for good?")) {
    return Fail(absl::CancelledError("nothing was changed"));
  }
  const absl::Status done =
      members.With(*best->node, [](AdminClient& client) { return client.RecoverQuorum(); });
  if (!done.ok()) return Fail(done);
  environment_.out(json_ ? "{\"recovered\": true}\n"
                         : absl::StrCat(name,
                                        " decides; take the lost members out with slotmesh "
                                        "remove-node, once replicas have their slots.\n"));
  return kExitOk;
}

}  // namespace slotmesh::admin
