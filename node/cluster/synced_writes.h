// write-safety synced on a primary: ties the in-sync machine to the ledger, the replicas'
// acknowledgements and the replies that wait for them.
//
// Engine thread only. Borrows state and engine.
#ifndef SLOTMESH_NODE_CLUSTER_SYNCED_WRITES_H_
#define SLOTMESH_NODE_CLUSTER_SYNCED_WRITES_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "node/cluster/cluster_state.h"
#include "node/cluster/in_sync.h"
#include "node/replication/replica_watcher.h"
#include "node/stats/log.h"

namespace slotmesh::node {

class SyncedWrites : public ReplySafety, public ReplicaWatcher {
 public:
  struct Hooks {
    // The replicas are asked how far they are when this turn's replies leave, or at once.
    std::function<void()> ask;
    std::function<void()> ask_now;
    std::function<void()> on_safe;  // More is safe than before.
    // Nothing that is held becomes safe by this process any more (SAFETY 16).
    std::function<void()> on_lost;
    std::function<bool()> holds_replies;
    // The set is to stay as it is: this node hands its shard over.
    std::function<bool()> hands_over;
  };

  SyncedWrites(ClusterState& state, Engine& engine, Log& log);
  ~SyncedWrites() override;

  void SetHooks(Hooks hooks);
  // `write-safety async` was set: the shard is to be synced no longer, until a client wants it.
  void AllowAsync();
  // From a timer.
  void Tick();

  const InSync& in_sync() const { return in_sync_; }
  // Every member of the set, in async mode too, has what the journal said up to `offset`. If not,
  // they are asked.
  bool AllHave(uint64_t offset);
  // Called when a replica has said how far it is, or the set has changed.
  void set_on_progress(std::function<void()> on_progress) { on_progress_ = std::move(on_progress); }

  // ReplySafety.
  bool HoldsReply(uint64_t offset) override;
  bool IsSafe(uint64_t offset) override { return in_sync_.IsSafe(offset); }
  bool EnoughInSync() override;
  void OnPicture() override;

  // ReplicaWatcher.
  void OnProgress(const slots::NodeId& node, slots::BootId boot, uint64_t offset) override;
  void OnGone(const slots::NodeId& node, slots::BootId boot) override;
  bool MayForget(const slots::NodeId& node, slots::BootId boot) override;

 private:
  InSync::Decided Decided() const;
  void NoteSet(const InSync::Decided& before) const;

  ClusterState& state_;
  Engine& engine_;
  Log& log_;
  Hooks hooks_;
  InSync in_sync_;
  std::function<void()> on_progress_;
  bool wanted_ = false;  // By a connection.
  bool allows_async_ = false;
  uint64_t asked_ = 0;      // The replicas have been asked whether they have this.
  uint64_t asked_all_ = 0;  // Likewise, by AllHave.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_SYNCED_WRITES_H_
