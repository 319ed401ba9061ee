#include "admin/plan.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::admin {
namespace {

using slots::kSlotCount;
using slots::ShardId;
using slots::ShardInfo;
using slots::Slot;
using slots::SlotMap;
using slots::SlotSet;

// Shares of `total` in proportion to `weights`: whole numbers that add up to it (largest remainders
// first, then the order given).
std::vector<int> Apportion(int total, const std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<int> shares(weights.size());
  std::vector<std::pair<double, size_t>> remainders;
  int given = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double exact = total * weights[i] / sum;
    shares[i] = static_cast<int>(std::floor(exact + 1e-9));
    given += shares[i];
    remainders.emplace_back(exact - shares[i], i);
  }
  std::stable_sort(remainders.begin(), remainders.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (size_t i = 0; given < total; ++i, ++given)
    ++shares[remainders[i % remainders.size()].second];
  return shares;
}

// Takes the `count` highest slots out of *slots.
SlotSet TakeHighest(SlotSet* slots, int count) {
  SlotSet taken;
  const std::vector<slots::SlotRange> ranges = slots->Ranges();
  for (auto range = ranges.rbegin(); range != ranges.rend() && count > 0; ++range) {
    const int take = std::min(count, range->size());
    taken.AddRange(static_cast<Slot>(range->last - take + 1), range->last);
    count -= take;
  }
  CHECK_EQ(count, 0);
  *slots -= taken;
  return taken;
}

struct Account {
  ShardId shard;
  SlotSet slots;
  int want = 0;
  int surplus() const { return slots.count() - want; }
};

// Moves from those above what they want to those below: the greatest surplus meets the greatest
// need, so that few moves arise.
Plan Settle(std::vector<Account> accounts) {
  Plan plan;
  for (;;) {
    const auto by_surplus = [](const Account& a, const Account& b) {
      return a.surplus() < b.surplus();
    };
    const auto [needy, rich] = std::minmax_element(accounts.begin(), accounts.end(), by_surplus);
    if (rich == accounts.end() || rich->surplus() <= 0 || needy->surplus() >= 0) return plan;
    SlotSet taken = TakeHighest(&rich->slots, std::min(rich->surplus(), -needy->surplus()));
    needy->slots |= taken;
    plan.push_back({rich->shard, needy->shard, taken});
  }
}

// A shard's hosts, the primary first; or a list of primaries.
using Group = std::vector<int>;
constexpr int kPlacementPassesMax = 8;

// How bad it is for `host` to stand with those of `group`: the same machine counts more than the
// same zone.
int CostOf(const std::vector<Host>& hosts, int host, const Group& group) {
  int cost = 0;
  for (const int other : group) {
    if (other == host) continue;
    if (hosts[host].ip == hosts[other].ip) cost += 1000;
    if (hosts[host].zone == hosts[other].zone) cost += 1;
  }
  return cost;
}

// Swaps replicas between groups where that makes both together better. True if any was.
bool SwapReplicas(const std::vector<Host>& hosts, std::vector<Group>* groups) {
  bool swapped = false;
  for (Group& a : *groups) {
    for (Group& b : *groups) {
      if (&a == &b) continue;
      for (size_t i = 1; i < a.size(); ++i) {
        for (size_t j = 1; j < b.size(); ++j) {
          const int before = CostOf(hosts, a[i], a) + CostOf(hosts, b[j], b);
          if (before == 0) continue;
          std::swap(a[i], b[j]);
          if (CostOf(hosts, a[i], a) + CostOf(hosts, b[j], b) < before) {
            swapped = true;
          } else {
            std::swap(a[i], b[j]);
          }
        }
      }
    }
  }
  return swapped;
}

absl::Status UnknownShard(const ShardId& shard) {
  return absl::InvalidArgumentError(StrCat("no shard ", shard.ToHex(), " in this cluster"));
}

}  // namespace

int CountSlots(const Plan& plan) {
  int count = 0;
  for (const Move& move : plan) count += move.slots.count();
  return count;
}

absl::StatusOr<std::vector<SlotSet>> PlanCreate(int primaries) {
  if (primaries < 1 || primaries > kSlotCount) {
    return absl::InvalidArgumentError(
        StrCat("a cluster has 1 to ", kSlotCount, " primaries, not ", primaries));
  }
  std::vector<SlotSet> parts;
  for (int64_t i = 0; i < primaries; ++i) {
    const int64_t first = i * kSlotCount / primaries;
    const int64_t last = (i + 1) * kSlotCount / primaries - 1;
    parts.push_back(SlotSet::Of(static_cast<Slot>(first), static_cast<Slot>(last)));
  }
  return parts;
}

absl::StatusOr<Placement> PlanPlacement(const std::vector<Host>& hosts, int replicas) {
  const int count = static_cast<int>(hosts.size());
  if (replicas < 0 || count == 0 || count / (replicas + 1) < 1) {
    return absl::InvalidArgumentError(
        StrCat(count, " nodes are not enough for a primary with ", replicas, " replicas"));
  }
  std::vector<bool> used(hosts.size());
  const auto take_best = [&](const Group& chosen) {
    int best = -1;
    for (int host = 0; host < count; ++host) {
      if (!used[host] && (best < 0 || CostOf(hosts, host, chosen) < CostOf(hosts, best, chosen)))
        best = host;
    }
    used[best] = true;
    return best;
  };
  Placement placement;
  for (int i = 0; i < count / (replicas + 1); ++i)
    placement.primaries.push_back(take_best(placement.primaries));
  // One replica for each primary in turn; what is left over at the end goes round once more.
  std::vector<Group> groups;
  for (const int primary : placement.primaries) groups.push_back({primary});
  for (int left = count - static_cast<int>(groups.size()), i = 0; left > 0; --left, ++i) {
    Group& group = groups[i % groups.size()];
    group.push_back(take_best(group));
  }
  for (int pass = 0; pass < kPlacementPassesMax && SwapReplicas(hosts, &groups); ++pass) {
  }
  placement.primary_of.resize(hosts.size());
  for (const Group& group : groups) {
    for (const int member : group) placement.primary_of[member] = group[0];
  }
  return placement;
}

absl::StatusOr<Plan> PlanReshard(const SlotMap& map, const ShardId& to, int count,
                                 const std::vector<ShardId>& from) {
  if (map.FindShard(to) == nullptr) return UnknownShard(to);
  std::vector<Account> sources;
  if (from.empty()) {
    for (const ShardInfo& shard : map.data().shards) {
      if (shard.id != to && !shard.slots.empty()) sources.push_back({shard.id, shard.slots});
    }
  }
  for (const ShardId& id : from) {
    const ShardInfo* const shard = map.FindShard(id);
    if (shard == nullptr) return UnknownShard(id);
    if (id == to) return absl::InvalidArgumentError("a shard cannot be source and target at once");
    const auto same = [&](const Account& source) { return source.shard == id; };
    if (std::any_of(sources.begin(), sources.end(), same)) continue;
    sources.push_back({shard->id, shard->slots});
  }
  int available = 0;
  std::vector<double> owned;
  for (const Account& source : sources) {
    available += source.slots.count();
    owned.push_back(source.slots.count());
  }
  if (count < 1)
    return absl::InvalidArgumentError("the number of slots to move must be at least 1");
  if (count > available) {
    return absl::InvalidArgumentError(
        StrCat("the sources own ", available, " slots, fewer than the ", count, " to move"));
  }
  const std::vector<int> shares = Apportion(count, owned);
  Plan plan;
  for (size_t i = 0; i < sources.size(); ++i) {
    if (shares[i] == 0) continue;
    plan.push_back({sources[i].shard, to, TakeHighest(&sources[i].slots, shares[i])});
  }
  return plan;
}

absl::StatusOr<Plan> PlanRebalance(const SlotMap& map,
                                   const absl::flat_hash_map<ShardId, double>& weights,
                                   double threshold_percent) {
  for (const auto& [shard, weight] : weights) {
    if (map.FindShard(shard) == nullptr) return UnknownShard(shard);
    if (!(weight >= 0) || std::isinf(weight)) {
      return absl::InvalidArgumentError("a weight is a number of at least 0");
    }
  }
  std::vector<Account> accounts;
  std::vector<double> shares;
  for (const ShardInfo& shard : map.data().shards) {
    if (shard.primary.is_zero()) continue;
    const auto weight = weights.find(shard.id);
    accounts.push_back({shard.id, shard.slots});
    shares.push_back(weight == weights.end() ? 1.0 : weight->second);
  }
  if (std::accumulate(shares.begin(), shares.end(), 0.0) <= 0) {
    return absl::InvalidArgumentError("no shard with a primary has a weight above 0");
  }
  int total = 0;
  for (const Account& account : accounts) total += account.slots.count();
  const std::vector<int> wanted = Apportion(total, shares);
  bool off = false;
  for (size_t i = 0; i < accounts.size(); ++i) {
    accounts[i].want = wanted[i];
    const int distance = std::abs(accounts[i].surplus());
    // A slot more or less is rounding, not imbalance; a shard to be emptied is never "nearly" so.
    if (distance > 1 && distance * 100.0 > threshold_percent * wanted[i]) off = true;
    if (wanted[i] == 0 && distance > 0) off = true;
  }
  return off ? Settle(std::move(accounts)) : Plan();
}

absl::StatusOr<Plan> PlanDrain(const SlotMap& map, const ShardId& shard) {
  const ShardInfo* const source = map.FindShard(shard);
  if (source == nullptr) return UnknownShard(shard);
  std::vector<Account> accounts = {{source->id, source->slots}};
  for (const ShardInfo& other : map.data().shards) {
    if (other.id != shard && !other.primary.is_zero()) accounts.push_back({other.id, other.slots});
  }
  if (source->slots.empty()) return Plan();
  if (accounts.size() < 2) {
    return absl::FailedPreconditionError("there is no other shard that could take the slots");
  }
  // Fill up from the one that owns least: nobody is asked to give, so wants never go below what is
  // there.
  for (Account& account : accounts) account.want = account.slots.count();
  accounts[0].want = 0;
  for (int left = source->slots.count(); left > 0; --left) {
    auto least =
        std::min_element(accounts.begin() + 1, accounts.end(),
                         [](const Account& a, const Account& b) { return a.want < b.want; });
    ++least->want;
  }
  return Settle(std::move(accounts));
}

}  // namespace slotmesh::admin
