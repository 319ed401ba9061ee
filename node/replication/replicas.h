// The primary's side of replication: the stream of what is written here, and those who follow it.
//
// The first replica begins the stream; the stream's end is kept for those who come back
// (repl-backlog-size), for as long as repl-backlog-ttl says after the last has gone. A node that is
// a replica itself keeps its primary's stream in the same way, byte for byte (Relay), and gives it
// to replicas of its own.
//
// Engine thread only. Borrows all it is given. Bounds: the backlog, and what the slowest replica
// still needs of the stream, up to client-output-buffer-limit.
#ifndef SLOTMESH_NODE_REPLICATION_REPLICAS_H_
#define SLOTMESH_NODE_REPLICATION_REPLICAS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/command/engine.h"
#include "node/journal/journal.h"
#include "node/replication/ack_waits.h"
#include "node/replication/backlog.h"
#include "node/replication/full_sync.h"
#include "node/replication/history.h"
#include "node/replication/replica.h"
#include "node/replication/replica_watcher.h"

namespace slotmesh::node {

class Replicas : private JournalSink {
 public:
  struct Environment {
    Engine& engine;
    Snapshots& snapshots;
    Log& log;
    std::function<void(std::function<void()>)> post;  // As BackgroundSave has it.
    std::function<void(std::chrono::nanoseconds, std::function<void()>)> post_after;
    std::function<RdbNotes()> notes;
    // The journal's offset up to which this node's own disk has everything.
    std::function<uint64_t()> synced_here;
  };
  explicit Replicas(const Environment& environment);
  ~Replicas() override;
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  // Borrowed; null for none.
  void set_watcher(ReplicaWatcher* watcher) { watcher_ = watcher; }

  // --- What clients ask. ---

  // The client as a replica, made if it is none yet.
  Replica& Of(Client& client);
  // Null if it never said that it is one.
  Replica* Find(const Client& client);
  // PSYNC: the replica has `history` up to `offset` (nothing: no data) and gets the rest, or SYNC's
  // full copy, now or in a while. Has replied.
  void Sync(Replica& replica, std::string_view history, std::optional<uint64_t> offset);
  void Acknowledge(Replica& replica, uint64_t offset, uint64_t synced);
  AckWaits& waits() { return waits_; }
  // The stream asks all replicas how far they are, at the end of this turn.
  void AskForAcks() { ask_for_acks_ = true; }

  // --- This node's own role. ---

  History& history() { return history_; }
  const History& history() const { return history_; }
  // The stream is kept from this offset on: what this node's data is now.
  void Restart(uint64_t offset);
  bool streaming() const { return streaming_; }
  // On: the stream comes from this node's own primary.
  void SetRelaying(bool on);
  void Relay(std::string_view bytes);
  void Disconnect();
  static std::string RandomId(Engine& engine);

  // Once a directive that says which replicas are good has changed.
  void CountGood();
  void BeforeReplies();
  // From a timer.
  void Tick();

  // --- For INFO and ROLE. ---

  bool copying() const { return sync_ != nullptr; }
  const Backlog& backlog() const { return backlog_; }
  // Those that asked for a copy or the stream, in the order of their clients.
  std::vector<Replica*> List() const;
  size_t count() const;

 private:
  // JournalSink.
  bool wants_resp() const override { return true; }
  void OnUnit(const JournalUnit& unit) override;
  // What all replicas get of a unit, for the slots that it is about.
  void CountSlots(SlotStats& stats, const JournalUnit& unit) const;

  bool GoOn(Replica& replica, std::string_view history, uint64_t offset);
  void BeginStream();
  void EndStream();
  void Subscribe(bool on);
  void StartSyncSoon();
  void StartSync();
  bool WaitsForMore(const std::vector<Replica*>& waiting) const;
  void OnGone(Replica& replica);
  bool MayForget(const Replica& replica) const;
  void WakeAll();
  void Trim();
  void TickSecond();
  void DropSilent();
  AckCounts CountAcks(const AckWish& wish) const;

  const Environment env_;
  History history_;
  Backlog backlog_;
  AckWaits waits_;
  std::map<uint64_t, std::unique_ptr<Replica>> replicas_;  // By client.
  std::unique_ptr<FullSync> sync_;                         // Null: none is under way.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  ReplicaWatcher* watcher_ = nullptr;
  bool streaming_ = false;
  bool subscribed_ = false;
  bool relaying_ = false;
  bool ask_for_acks_ = false;
  int64_t alone_since_ms_ = 0;
  int64_t next_second_ms_ = 0;
  int64_t last_ping_ms_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_REPLICAS_H_
