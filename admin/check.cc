#include "admin/check.h"

#include <algorithm>
#include <set>
#include <utility>

#include "slots/ledger/voter_policy.h"
#include "slots/strings.h"

namespace slotmesh::admin {
namespace {

using slots::NodeInfo;
using slots::ShardInfo;
using slots::SlotSet;
using Severity = Finding::Severity;

// A move that takes longer than this deserves a look.
constexpr absl::Duration kLongMove = absl::Minutes(10);
// A shard this far from the mean number of slots makes the cluster uneven.
constexpr double kUnevenPercent = 20;

class Checker {
 public:
  explicit Checker(const ClusterView& view) : view_(view), map_(*view.map) {}

  std::vector<Finding> Run() {
    CheckSlots();
    CheckNodes();
    CheckShards();
    CheckLedger();
    CheckMoves();
    CheckBalance();
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    return std::move(findings_);
  }

 private:
  void Add(Severity severity, std::string text, std::string advice) {
    findings_.push_back({severity, std::move(text), std::move(advice)});
  }

  std::string NameOf(const slots::NodeId& id) const {
    const NodeInfo* const node = map_.FindNode(id);
    return node == nullptr ? id.ToHex() : AddressOf(*node);
  }

  void CheckSlots() {
    SlotSet owned;
    for (const ShardInfo& shard : map_.data().shards) owned |= shard.slots;
    const SlotSet missing = owned.Complement();
    if (missing.empty()) return;
    Add(Severity::kError,
        StrCat(missing.count(), " slots are owned by nobody: ", missing.ToString()),
        owned.empty() ? "form the cluster: slotmesh create HOST:PORT..."
                      : "give them to a node: redis-cli -p PORT cluster addslotsrange FIRST LAST");
  }

  void CheckNodes() {
    for (const NodeState& node : view_.nodes) {
      switch (node.health) {
        case NodeHealth::kOnline:
          break;
        case NodeHealth::kSuspected:
          Add(Severity::kWarning, StrCat(NameOf(node.id), " does not answer at the moment"), "");
          break;
        case NodeHealth::kFailed:
          Add(Severity::kError, StrCat(NameOf(node.id), " has failed"),
              StrCat("start it again with its directory, or take it out: slotmesh remove-node ",
                     NameOf(node.id)));
          break;
        case NodeHealth::kJoining:
          Add(Severity::kInfo, StrCat(NameOf(node.id), " is joining"), "");
          break;
      }
      if (node.health == NodeHealth::kOnline && node.map_sequence != 0 &&
          node.map_sequence < map_.version().sequence) {
        Add(Severity::kWarning,
            StrCat(NameOf(node.id), " follows map version ", node.map_sequence, ", this node ",
                   map_.version().sequence),
            "this passes within seconds; if it stays, look at that node's log");
      }
    }
  }

  void CheckShards() {
    for (const ShardInfo& shard : map_.data().shards) {
      if (shard.slots.empty()) continue;
      if (shard.primary.is_zero()) {
        Add(Severity::kError,
            StrCat("shard ", shard.id.ToHex(), " has no primary; its slots ",
                   shard.slots.ToString(), " are not served"),
            "start one of its nodes again");
      }
    }
  }

  void CheckLedger() {
    int voters = 0;
    int alive = 0;
    for (const NodeInfo& node : map_.data().nodes) {
      if (!node.voter) continue;
      ++voters;
      const auto state = std::find_if(view_.nodes.begin(), view_.nodes.end(),
                                      [&](const NodeState& each) { return each.id == node.id; });
      if (state == view_.nodes.end() || state->health == NodeHealth::kOnline) ++alive;
    }
    const int majority = voters / 2 + 1;
    if (alive < majority) {
      Add(Severity::kError,
          StrCat("only ", alive, " of ", voters, " voters are alive, ", majority,
                 " are needed: no changes, and "
                 "primaries stop taking writes"),
          "start the missing voters again");
    } else if (view_.ledger.leader.is_zero()) {
      Add(Severity::kWarning, "the ledger has no leader at the moment", "");
    } else if (alive == majority && voters > 2) {
      Add(Severity::kWarning,
          StrCat("only ", alive, " of ", voters,
                 " voters are alive: one more loss stops the cluster"),
          "start the missing voters again");
    } else if (const size_t wanted = ledger::WantedVoters(map_.data().nodes.size());
               static_cast<size_t>(voters) < wanted) {
      Add(Severity::kWarning,
          StrCat("only ", voters, " of the ", wanted,
                 " voters that there should be are chosen yet"),
          "wait some seconds; every member must be reachable over the bus");
    }
  }

  void CheckMoves() {
    for (const MoveState& move : view_.moves) {
      if (move.stage == MoveStage::kCommitted || move.stage == MoveStage::kAborted) continue;
      const bool is_long = move.age > kLongMove;
      Add(is_long ? Severity::kWarning : Severity::kInfo,
          StrCat("slots ", move.slots.ToString(), " have been moving for ",
                 absl::FormatDuration(absl::Trunc(move.age, absl::Seconds(1)))),
          is_long ? "redis-cli cluster cancelslotmigrations ends it" : "");
    }
  }

  void CheckBalance() {
    std::vector<const ShardInfo*> shards;
    for (const ShardInfo& shard : map_.data().shards) {
      if (!shard.primary.is_zero()) shards.push_back(&shard);
    }
    if (shards.size() < 2 || map_.assigned_slots() == 0) return;
    const double mean =
        static_cast<double>(map_.assigned_slots()) / static_cast<double>(shards.size());
    for (const ShardInfo* const shard : shards) {
      const double off_percent = 100.0 * (shard->slots.count() - mean) / mean;
      if (off_percent > -kUnevenPercent && off_percent < kUnevenPercent) continue;
      Add(Severity::kInfo,
          StrCat(NameOf(shard->primary), " owns ", shard->slots.count(), " slots, the mean is ",
                 static_cast<int>(mean)),
          "slotmesh rebalance --dry-run shows how to even it out");
    }
  }

  const ClusterView& view_;
  const slots::SlotMap& map_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string AddressOf(const NodeInfo& node) {
  const uint16_t port = node.port != 0 ? node.port : node.tls_port;
  if (port == 0) return node.id.ToHex();
  const bool v6 = node.ip.find(':') != std::string::npos;
  return v6 ? StrCat("[", node.ip, "]:", port) : StrCat(node.ip, ":", port);
}

std::vector<Finding> Check(const ClusterView& view) { return Checker(view).Run(); }

}  // namespace slotmesh::admin
