// A node's part in replication: a primary, with replicas or without, or another node's replica.
//
// Ties the primary's side (Replicas) to the replica's (PrimaryLink), and says to the rest of the
// engine what the role means: who removes keys whose time has come, whose writes are refused.
//
// Engine thread only. Borrows all it is given; it goes before the snapshots.
#ifndef SLOTMESH_NODE_REPLICATION_REPLICATION_H_
#define SLOTMESH_NODE_REPLICATION_REPLICATION_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "node/command/client_table.h"
#include "node/command/command_spec.h"
#include "node/command/dispatcher.h"
#include "node/command/peer_connection.h"
#include "node/commands/replication_view.h"
#include "node/config/config_store.h"
#include "node/persist/copied_data.h"
#include "node/replication/discarded_tail.h"
#include "node/replication/failover.h"
#include "node/replication/primary_link.h"
#include "node/replication/replicas.h"
#include "node/snapshot/snapshots.h"
#include "node/stats/log.h"

namespace slotmesh::node {

class Replication : public ReplicationView, private PrimaryLink::Owner {
 public:
  struct Environment {
    Engine& engine;
    Dispatcher& dispatcher;
    ClientTable& clients;
    Snapshots& snapshots;
    ConfigStore& settings;
    PeerNetwork& network;
    Log& log;
    CopiedData& data;
    std::function<void(std::function<void()>)> post;  // As BackgroundSave has it.
    std::function<void(std::chrono::nanoseconds, std::function<void()>)> post_after;
    std::function<int()> port;             // That this node listens on.
    std::function<bool()> gives_copies;    // Whether replicas may have this node's data.
    std::function<std::string()> process;  // As PrimaryLink::Owner has it.
    // Slots on their way here have data aside, which no file of a copy holds; a copy of another
    // node's data takes its place. Null: there are none.
    std::function<bool()> stages_moves;
    std::function<void()> drop_staged;
    // Replies wait for replicas that have not got all yet (write-safety synced).
    std::function<bool()> holds_replies;
    // Of a cluster's shard whose primary this is: how many have what is acknowledged as synced,
    // this node among them. 0: it is no primary there.
    std::function<int64_t()> in_sync_copies;
    // In a cluster: the replica could be made primary. Null: any could.
    std::function<bool(const Failover::Target&)> may_take_over;
    // In a cluster: the replica is made primary; `done` says whether it was.
    std::function<void(const Failover::Target&, std::function<void(bool)> done)> hand_over;
  };
  explicit Replication(const Environment& environment);
  ~Replication() override;

  // False if it follows that one already.
  bool Follow(const std::string& host, uint16_t port);
  // Becomes a primary, with the data that is there. False if it was one.
  bool FollowNobody();

  // REPLICAOF: CONFIG says it from now on, too.
  bool FollowBySetting(const std::string& host, uint16_t port);
  void FollowNobodyBySetting();

  // How far the data is in its primary's stream, at least 1; 0 for a replica without a copy.
  uint64_t copied_offset() const;

  // At the start, once the data is loaded: what the files said of the history that they are from.
  void Begin(const FileNotes& notes);
  // For the files: the history, and how far the data is in it.
  FileNotes Notes() const;

  // A primary's data becomes what the RDB file at `path` holds, within the call. It is another
  // history then: replicas get a full copy, and the append-only file begins anew. `between` is
  // called between pieces. Not found leaves all as it was; any other error, no data.
  absl::Status ReplaceData(const std::string& path, absl::FunctionRef<void()> between);

  // Before replies leave.
  void BeforeReplies() { replicas_.BeforeReplies(); }
  // From a timer.
  void Tick();

  Replicas& replicas() { return replicas_; }
  Failover& failover() { return failover_; }
  // CLUSTER FAILOVER on this replica: its primary is asked to make way. False if there is no link.
  bool AskPrimaryToMakeWay();
  // A replica asked in vain.
  void NoteRefusal(std::string_view error) {
    env_.log.Warning(StrCat("Manual failover refused: ", error));
  }
  bool gives_copies() const { return env_.gives_copies(); }
  // Null for a primary.
  const PrimaryLink* link() const { return link_.get(); }
  Engine& engine() { return env_.engine; }
  // What this process has given up so far of data that only it had (SAFETY 15), all in all.
  struct Discarded {
    uint64_t times = 0;
    uint64_t bytes = 0;
    uint64_t commands = 0;  // As far as they could be counted.
  };
  const Discarded& discarded() const { return discarded_; }
  AofStatus aof() const { return env_.data.StatusOfAof(); }

  // ReplicationView.
  void WriteInfo(InfoText& text) const override;
  size_t backlog_bytes() const override { return replicas_.backlog().memory_bytes(); }
  size_t replicas_bytes() const override;
  bool copying() const override { return replicas_.copying(); }
  std::vector<ReplicaProgress> Progress() const override;
  void ForgetHistory() override;

 private:
  // PrimaryLink::Owner.
  std::optional<PrimaryLink::Place> WhereToGoOn() const override;
  void GoOn(std::string_view history) override;
  void OnDiverged(uint64_t offset) override;
  void BeginLoad(const std::string& path, const PrimaryLink::Place& place) override;
  void Relay(std::string_view bytes) override { replicas_.Relay(bytes); }
  uint64_t offset() const override { return env_.engine.journal.offset(); }
  uint64_t synced_offset() const override { return env_.data.synced_offset(); }
  void OnLinkChanged() override;
  void OnMakingWay(bool accepted) override;
  void WakeSoon(int64_t millis) override;
  int port() const override { return env_.port(); }
  std::string process() const override {
    return env_.process == nullptr ? std::string() : env_.process();
  }

  void StepFailover();
  void StepLoadSoon();
  void StepLoad();
  void EndLoad(const absl::StatusOr<FileNotes>& notes);
  // The primary that the data was to come from is none any more.
  void AbortLoad();
  void TellAsyncLoadEnds(bool completed);
  void TellLinkEnds();
  void SetRole(bool replica);
  void RemoveExpired();
  int DatabaseOf(const FileNotes& notes) const;
  void WriteLink(InfoText& text) const;
  void WriteReplicas(InfoText& text) const;

  const Environment env_;
  Replicas replicas_;
  std::unique_ptr<PrimaryLink> link_;
  Failover failover_;
  Discarded discarded_;
  std::pair<std::string, uint64_t> diverged_;  // History and offset that were counted last.
  bool has_history_ = false;  // The data is from one: a primary may go on from there.
  std::optional<PrimaryLink::Place> loading_;  // Where the copy is that is being loaded.
  uint64_t link_number_ = 0;                   // Of links there have been.
  uint64_t load_number_ = 0;                   // For steps that come too late.
  // Of the files that were loaded at the start, until this node's role is known.
  std::optional<PrimaryLink::Place> loaded_;
  int loaded_database_ = 0;
  bool copied_ = false;     // From a primary, in this process: what files held may be old.
  bool beside_ = false;     // What is loaded comes beside the data (repl-diskless-load swapdb).
  bool keep_file_ = false;  // It becomes the node's own RDB file.
};

// FAILOVER, REPLICAOF, SLAVEOF, REPLCONF, PSYNC, SYNC, ROLE, WAIT, WAITAOF. Handlers expect a
// Replication as their family's state.
absl::Span<const CommandSpec> ReplicationCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_REPLICATION_H_
