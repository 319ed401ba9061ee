// A cluster in memory, for the tests of administration and of the command line.
//
// Thread-safe. Nodes of `reachable` can be met; a move takes `polls_per_move` looks at it.
#ifndef SLOTMESH_ADMIN_FAKE_CONTROL_H_
#define SLOTMESH_ADMIN_FAKE_CONTROL_H_

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "admin/cluster_control.h"
#include "admin/testing.h"

namespace slotmesh::admin {

class FakeControl : public ClusterControl {
 public:
  explicit FakeControl(slots::SlotMapData data) : data_(std::move(data)) {}

  absl::StatusOr<ClusterView> View() override {
    absl::MutexLock lock(&mu_);
    ClusterView view{.myself = TestNode(1), .map = TestMap(data_)};
    view.ok = view.map->assigned_slots() == slots::kSlotCount;
    if (!view.ok) view.reason = "not all slots are assigned";
    for (const slots::NodeInfo& node : data_.nodes) {
      NodeState state{
          .id = node.id, .boot = boots_[node.id], .map_sequence = data_.version.sequence};
      state.measured = true;
      state.version = "0.1.0";
      state.keys = 1000 * (node.port - 6999);
      state.memory_bytes = 1'500'000 * (node.port - 6999);
      state.clients = 5;
      state.commands_per_second = 1234.5;
      state.heard_ago = absl::Milliseconds(350);
      if (std::count(copied_.begin(), copied_.end(), node.id) > 0) state.replication_offset = 100;
      if (const auto health = health_.find(node.id); health != health_.end())
        state.health = health->second;
      view.nodes.push_back(state);
    }
    for (auto& [id, move] : moves_) {
      if (move.stage == MoveStage::kCopying) view.moves.push_back(move);
    }
    view.ledger = {.leader = TestNode(1), .term = 3, .index = 42};
    return view;
  }

  absl::Status Failover(bool force, bool, absl::Duration) override {
    absl::MutexLock lock(&mu_);
    for (slots::ShardInfo& shard : data_.shards) {
      const auto self = std::find(shard.replicas.begin(), shard.replicas.end(), TestNode(1));
      if (self == shard.replicas.end()) continue;
      if (health_.contains(shard.primary) && !force) {
        return absl::FailedPreconditionError("Master is down or failed");
      }
      if (keeps_primary_) return absl::OkStatus();
      std::swap(*self, shard.primary);
      shard.in_sync = {TestNode(1)};
      ++data_.version.sequence;
    }
    return absl::OkStatus();
  }

  absl::Status RecoverQuorum(absl::Duration) override {
    absl::MutexLock lock(&mu_);
    if (health_.empty()) return absl::FailedPreconditionError("the voters are there");
    ++data_.version.generation;
    return absl::OkStatus();
  }

  absl::Status Restart() override {
    absl::MutexLock lock(&mu_);
    ++boots_[TestNode(1)];
    return absl::OkStatus();
  }

  absl::Status AcceptEmpty() override { return absl::OkStatus(); }

  absl::StatusOr<LibrariesState> Libraries() override {
    absl::MutexLock lock(&mu_);
    return libraries_;
  }
  absl::StatusOr<std::vector<ModuleState>> Modules() override {
    return std::vector<ModuleState>{{"bloom", 20604, "/lib/bloom.so"}, {"search", 21005, "/s.so"}};
  }
  // A text's first line is the library's name.
  absl::StatusOr<std::string> LoadLibrary(const std::string& whole, bool replace,
                                          absl::Duration) override {
    absl::MutexLock lock(&mu_);
    const std::string text = whole.substr(0, whole.find('\n'));
    const auto found = FindLibrary(text);
    if (found != libraries_.libraries.end() && !replace) {
      return absl::FailedPreconditionError("Library '" + text + "' already exists");
    }
    if (found != libraries_.libraries.end()) libraries_.libraries.erase(found);
    LibraryState library{.name = text, .version = ++libraries_.version, .bytes = text.size()};
    library.digest = library.here = std::string(40, static_cast<char>('0' + library.version % 10));
    library.functions = {"f"};
    libraries_.libraries.push_back(library);
    return text;
  }
  absl::Status DeleteLibrary(const std::string& name, absl::Duration) override {
    absl::MutexLock lock(&mu_);
    const auto found = FindLibrary(name);
    if (found == libraries_.libraries.end()) return absl::NotFoundError("Library not found");
    libraries_.libraries.erase(found);
    ++libraries_.version;
    return absl::OkStatus();
  }

  absl::Status Meet(const std::string& host, uint16_t port, uint16_t bus_port,
                    absl::Duration) override {
    absl::MutexLock lock(&mu_);
    if (unavailable_ > 0) {
      --unavailable_;
      return absl::UnavailableError("connection refused");
    }
    const auto node = std::find_if(reachable_.begin(), reachable_.end(),
                                   [&](const slots::NodeInfo& each) { return each.port == port; });
    if (node == reachable_.end() || bus_port != node->bus_port)
      return absl::FailedPreconditionError("it owns keys");
    const auto known =
        std::find_if(data_.nodes.begin(), data_.nodes.end(),
                     [&](const slots::NodeInfo& each) { return each.id == node->id; });
    if (known != data_.nodes.end()) return absl::OkStatus();
    data_.nodes.push_back(*node);
    data_.shards.push_back({.id = node->shard, .primary = node->id, .in_sync = {node->id}});
    ++data_.version.sequence;
    return absl::OkStatus();
  }

  absl::Status Forget(const slots::NodeId& id, absl::Duration) override {
    absl::MutexLock lock(&mu_);
    std::erase_if(data_.nodes, [&](const slots::NodeInfo& node) { return node.id == id; });
    std::erase_if(data_.shards, [&](const slots::ShardInfo& shard) { return shard.primary == id; });
    return absl::OkStatus();
  }

  absl::Status AssignSlots(
      const std::vector<std::pair<slots::ShardId, slots::SlotSet>>& assignments,
      absl::Duration) override {
    absl::MutexLock lock(&mu_);
    for (const auto& [id, slots] : assignments) Shard(id).slots |= slots;
    return absl::OkStatus();
  }

  absl::Status AssignReplica(const slots::NodeId& node, const slots::ShardId& shard,
                             absl::Duration) override {
    absl::MutexLock lock(&mu_);
    std::erase_if(data_.shards, [&](const slots::ShardInfo& own) { return own.primary == node; });
    for (slots::ShardInfo& old : data_.shards) std::erase(old.replicas, node);
    for (slots::NodeInfo& info : data_.nodes) {
      if (info.id == node) info.shard = shard;
    }
    Shard(shard).replicas.push_back(node);
    copied_.push_back(node);
    ++data_.version.sequence;
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> StartMove(const slots::ShardId& from, const slots::ShardId& to,
                                        const slots::SlotSet& slots, absl::Duration) override {
    absl::MutexLock lock(&mu_);
    if (unavailable_ > 0) {
      --unavailable_;
      return absl::UnavailableError("no leader");
    }
    const std::string id = std::to_string(moves_.size() + 1);
    moves_[id] = {.id = id, .from = from, .to = to, .slots = slots, .stage = MoveStage::kCopying};
    polls_left_[id] = polls_per_move_;
    return id;
  }

  absl::StatusOr<MoveState> FindMove(const std::string& id) override {
    absl::MutexLock lock(&mu_);
    if (forget_moves_ && polls_left_[id] == 0) return absl::NotFoundError("no such move");
    MoveState& move = moves_[id];
    move.keys = 10 * move.slots.count();
    move.bytes = 1000 * move.slots.count();
    if (move.stage != MoveStage::kCopying || polls_left_[id]-- > 0) return move;
    polls_left_[id] = 0;
    if (static_cast<int>(moves_.size()) == abort_move_) {
      move.stage = MoveStage::kAborted;
      move.error = "FLUSHALL during the move";
      return move;
    }
    move.stage = MoveStage::kCommitted;
    Shard(move.from).slots -= move.slots;
    Shard(move.to).slots |= move.slots;
    ++data_.version.sequence;
    return move;
  }

  absl::Status CancelMove(const std::string& id, absl::Duration) override {
    absl::MutexLock lock(&mu_);
    moves_[id].stage = MoveStage::kAborted;
    moves_[id].error = "cancelled";
    return absl::OkStatus();
  }

  std::vector<LogEntry> Logs(uint64_t after, size_t limit) override {
    absl::MutexLock lock(&mu_);
    std::vector<LogEntry> entries;
    for (const LogEntry& entry : logs_) {
      if (entry.number > after) entries.push_back(entry);
    }
    if (entries.size() > limit)
      entries.erase(entries.begin(), entries.end() - static_cast<int64_t>(limit));
    return entries;
  }

  // What the tests set and look at; not while calls are running.
  slots::ShardInfo& Shard(const slots::ShardId& id) {
    return *std::find_if(data_.shards.begin(), data_.shards.end(),
                         [&](const slots::ShardInfo& shard) { return shard.id == id; });
  }
  slots::SlotMapData data_;
  LibrariesState libraries_{.clustered = true};
  std::vector<slots::NodeInfo> reachable_;
  std::map<slots::NodeId, NodeHealth> health_;
  std::map<std::string, MoveState> moves_;
  std::map<std::string, int> polls_left_;
  std::vector<LogEntry> logs_;
  std::vector<slots::NodeId> copied_;  // Replicas that have their primary's data.
  int polls_per_move_ = 2;
  int abort_move_ = 0;   // The move of this number is aborted.
  int unavailable_ = 0;  // So many calls fail first.
  bool forget_moves_ = false;
  bool keeps_primary_ = false;  // A primary that is asked to make way does not.
  std::map<slots::NodeId, slots::BootId> boots_;

 private:
  std::vector<LibraryState>::iterator FindLibrary(const std::string& name) {
    return std::find_if(libraries_.libraries.begin(), libraries_.libraries.end(),
                        [&](const LibraryState& library) { return library.name == name; });
  }

  absl::Mutex mu_;
};

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_FAKE_CONTROL_H_
