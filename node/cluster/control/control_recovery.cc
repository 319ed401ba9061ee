// A cluster that lost the majority of its voters for good goes on, because an operator says so.
#include <algorithm>
#include <utility>

#include "node/cluster/control/control_node.h"
#include "slots/strings.h"

namespace slotmesh::node {

// Whether this node may make itself the only voter. That those who are away stay away only the
// operator knows.
absl::Status ControlNode::MayRecover() const {
  const ledger::View& view = ledger_->view();
  if (view.BootOf(record_.id) == 0) {
    return absl::FailedPreconditionError("this node is no member of a cluster, as far as it knows");
  }
  // Not who is said to be alive: a node that hears of few leaves that as it was.
  const gossip::View members = gossip_->view();
  const auto is_there = [&](const slots::NodeId& node) {
    return node == record_.id || members.LastHeard(node) > now_ - options_.node_timeout;
  };
  const auto there =
      static_cast<size_t>(std::count_if(view.voters.begin(), view.voters.end(), is_there));
  if (has_majority_ || there > view.voters.size() / 2) {
    return absl::FailedPreconditionError(
        ToAbsl(StrCat(there, " of the ", view.voters.size(),
                      " voters are there: the cluster can decide, or soon will")));
  }
  for (uint32_t i = 0; i < members.size(); ++i) {
    const gossip::MemberView member = members[i];
    if (member.heard == nullptr || !is_there(member.member->id)) continue;
    if (slots::IsNewer(member.heard->beat.map, view.map.version)) {
      return absl::FailedPreconditionError(ToAbsl(
          StrCat("node ", member.member->id.ToHex(), " knows more than this one: ask it instead")));
    }
  }
  return absl::OkStatus();
}

absl::Status ControlNode::On(const RecoverQuorum& input, ControlOutput* out) {
  const absl::Status possible = MayRecover();
  if (!possible.ok()) {
    out->decided.push_back({input.ticket, possible});
    return absl::OkStatus();
  }
  const ledger::Recovery recovery = ledger_->Recover(random_);
  absl::Status status = storage_.Replace(recovery.server, recovery.persist);
  if (status.ok()) status = Reopen(out);
  if (!status.ok()) return status;
  out->notes.push_back(
      StrCat("The majority of the voters was given up: this node is the only voter of the log's "
             "generation ",
             ledger_->view().map.version.generation));
  out->decided.push_back({input.ticket, absl::OkStatus()});
  return absl::OkStatus();
}

// The others have given up this server's generation of the log while it was away: it keeps nothing
// of it, neither log nor vote, and follows them. What it knew of the cluster shows until then.
absl::Status ControlNode::MindGeneration(ControlOutput* out) {
  if (!ledger_->is_left_behind()) return absl::OkStatus();
  record_.founder = false;  // It begins no log of that id.
  absl::Status status = file_.Save(record_);
  if (status.ok()) status = storage_.Discard();
  if (!status.ok()) return status;
  out->notes.push_back(
      "The cluster goes on without the majority that this node's ledger was of: it begins as a new "
      "voter");
  return Reopen(out);
}

}  // namespace slotmesh::node
