// Whole nodes, but for network and control thread, that move slots among each other in one process:
// engines with real commands, ClusterState, snapshots and migration over a FakeControl.
//
// Not thread-safe. Everything is drawn from the seed; time stands still but for Advance and what
// slices use up.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_TESTING_MOVE_WORLD_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_TESTING_MOVE_WORLD_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/cluster/cluster_family.h"
#include "node/cluster/cluster_state.h"
#include "node/cluster/migration/migration_book.h"
#include "node/cluster/migration/migration_manager.h"
#include "node/cluster/migration/staged_moves.h"
#include "node/cluster/testing/fake_control_link.h"
#include "node/commands/testing/test_engine.h"
#include "node/commands/transactions.h"
#include "node/keyspace/reclaimers.h"
#include "node/snapshot/snapshots.h"

namespace slotmesh::node {

// Of each key, by database and name.
struct KeyContent {
  std::string value;  // What is no string is summed up (but for groups of streams).
  UnixMillis expiry = kNoExpiry;
  friend bool operator==(const KeyContent&, const KeyContent&) = default;
};
using Content = std::map<std::pair<int, std::string>, KeyContent>;
std::string Describe(const Content& content);

class MemoryLog : public Log {
 public:
  void Write(Severity, std::string_view line) override { lines.emplace_back(line); }
  bool Has(std::string_view part) const;
  std::vector<std::string> lines;
};

class KeptCopy;
class MoveNode;

// A connection: its parked requests run again when their node is told to.
class MoveClient : public ClientHost {
 public:
  MoveClient(MoveNode& node, uint64_t id, int database);
  ~MoveClient() override;

  // The request's reply in RESP; empty if it waits. REQUIRES: nothing waits.
  std::string Run(const std::vector<std::string>& words);
  std::string Run(std::string_view words);  // Separated by blanks.
  bool waits() const { return client_.waits(); }
  // What has been answered since the last look.
  std::string TakeReply();

 private:
  void Resume(Client& client) override;
  void Flush(Client&) override {}
  void Close(Client& client, bool) override { client.close_now = true; }

  MoveNode& node_;
  Client client_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class MoveNode {
 public:
  MoveNode(FakeControl& control, FakeControlLink& link, uint64_t hash_seed);
  ~MoveNode();

  Engine& engine() { return engine_.engine(); }
  Dispatcher& dispatcher() { return engine_.dispatcher(); }
  Keyspace& keyspace() { return engine().keyspace; }
  const slots::NodeId& id() const { return link_.self(); }

  // What is in these slots, expired or not; and whether anything is.
  Content ContentOf(const slots::SlotSet& slots);
  void Expire();  // A round of active expiry.
  // What a copy of another process's journal says, from `from` on; gives how far that is.
  size_t Replay(const KeptCopy& copy, size_t from, RequestOrigin origin);
  void ServeWaiting();  // As a timer does for clients that wait for keys.
  std::unique_ptr<MoveClient> Connect(int database = 0);
  const MigrationRecord* Record(const slots::PlanId& plan) const { return book.Find(plan); }
  void CheckInvariants();

 private:
  friend class MoveClient;

  FakeControl& control_;
  FakeControlLink& link_;
  TestEngine engine_;
  SlicedReclaimer reclaimer_;
  TransactionFamily transactions_;
  uint64_t clients_ = 0;

 public:
  ClusterState state;
  Snapshots snapshots;
  MigrationBook book;
  MemoryLog log;
  StagedMoves staged;
  std::unique_ptr<MigrationManager> manager;
  ClusterFamily family;
  // SAFETY 20 at a move's target. Null: what it stages is kept by nobody.
  std::function<bool(uint64_t offset)> is_kept;
};

// What a node's journal says, as its file or its replica has it: the first `kept` commands would
// survive the node.
class KeptCopy : private JournalSink {
 public:
  struct Line {
    int database = 0;
    std::vector<std::string> words;
    uint64_t end_offset = 0;
  };

  explicit KeptCopy(MoveNode& node);
  ~KeptCopy() override;

  const std::vector<Line>& lines() const { return lines_; }
  size_t kept() const { return kept_; }
  void Keep(size_t lines) { kept_ = std::min(kept_ + lines, lines_.size()); }
  bool Has(uint64_t offset) const {
    return kept_ == lines_.size() || lines_[kept_].end_offset > offset;
  }
  // Begins anew with the node's data of this moment, which is there at once.
  void Cut();

 private:
  bool wants_resp() const override { return true; }
  void OnUnit(const JournalUnit& unit) override;

  MoveNode& node_;
  std::vector<Line> lines_;
  size_t kept_ = 0;
};

class MoveWorld {
 public:
  // `nodes` nodes numbered from 1; the first owns all slots.
  explicit MoveWorld(uint64_t seed, int nodes = 2);

  FakeControl& control() { return control_; }
  // REQUIRES: it has not been killed. Numbers from 1.
  MoveNode& node(uint64_t number) { return *nodes_.at(number); }
  bool alive(uint64_t number) const { return nodes_.contains(number); }
  void Kill(uint64_t number);
  // A process of its own for a link that was added to control().
  MoveNode& Add(uint64_t number, FakeControlLink& link);
  std::mt19937_64& random() { return random_; }
  uint32_t Below(uint64_t n) { return static_cast<uint32_t>(random_() % n); }

  // A plan as CLUSTER MIGRATESLOTS proposes it, decided on the spot.
  slots::PlanId Plan(const slots::SlotSet& slots, uint64_t from, uint64_t to);
  const ledger::MovePlan* FindPlan(const slots::PlanId& plan) const {
    return control_.state().view().FindMove(plan);
  }
  const ledger::FinishedMove* FindFinished(const slots::PlanId& plan) const {
    return control_.state().view().FindFinished(plan);
  }

  void Advance(absl::Duration duration);
  void Tick();
  // Runs, with time going on, until `done`; false if that does not come within `limit`.
  bool RunUntil(const std::function<bool()>& done, absl::Duration limit = absl::Seconds(60));
  // Until nothing waits, without time going on.
  void Settle() {
    control_.RunUntil([] { return false; });
  }
  void CheckInvariants();

 private:
  std::mt19937_64 random_;
  FakeControl control_;
  std::map<uint64_t, std::unique_ptr<MoveNode>> nodes_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_TESTING_MOVE_WORLD_H_
