// PROVISIONAL until the lease machines are merged.
#include "node/cluster/control/control_node.h"

namespace slotmesh::node {

void ControlNode::MindLease(ControlOutput* out) {
  if (now_ < lease_at_) return;
  lease_at_ = now_ + options_.node_timeout / 10;
  const slots::ShardInfo* shard = ledger_->map()->ShardOf(record_.id);
  if (shard == nullptr || shard->primary != record_.id || shard->primary_boot != options_.boot)
    return;
  if (!ledger_->leadership().leader.is_zero()) out->lease_until = now_ + options_.node_timeout;
}

void ControlNode::OnLease(const slots::NodeId&, std::string_view, ControlOutput*) {}

}  // namespace slotmesh::node
