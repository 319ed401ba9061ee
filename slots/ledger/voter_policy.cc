#include "slots/ledger/voter_policy.h"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>

namespace slotmesh::ledger {
namespace {

bool IsMember(const VoterFacts& facts, const NodeId& node) {
  return std::any_of(facts.map->nodes.begin(), facts.map->nodes.end(),
                     [&node](const slots::NodeInfo& info) { return info.id == node; });
}

// Alive, and (as far as it is known) still on the disk that it had.
bool Answers(const VoterFacts& facts, const Server& server) {
  const auto told = facts.servers.find(server.node);
  if (told != facts.servers.end() && told->second != server.id) return false;
  return facts.alive.count(server.node) > 0;
}

// And a member to stay.
bool IsGood(const VoterFacts& facts, const Server& server) {
  return Answers(facts, server) && facts.leaving.count(server.node) == 0 &&
         IsMember(facts, server.node);
}

// The change, unless it could not be committed: by those of the next voters who are there.
VoterStep Change(const VoterFacts& facts, Configuration next) {
  const auto there = std::count_if(next.voters.begin(), next.voters.end(),
                                   [&facts](const Server& voter) { return Answers(facts, voter); });
  if (static_cast<size_t>(there) < next.majority()) return KeepVoters{};
  return ChangeVoters{std::move(next)};
}

Configuration Without(const Configuration& configuration, ServerId id) {
  Configuration next = configuration;
  const auto is_it = [id](const Server& server) { return server.id == id; };
  std::erase_if(next.voters, is_it);
  std::erase_if(next.learners, is_it);
  return next;
}

void Insert(std::vector<Server>& list, const Server& server) {
  list.insert(std::upper_bound(list.begin(), list.end(), server), server);
}

// The member that is best as one more voter, null if there is none.
const slots::NodeInfo* BestCandidate(const VoterFacts& facts) {
  std::set<NodeId> taken;
  std::set<std::string> hosts;
  std::set<std::string> zones;
  for (const auto* servers : {&facts.configuration->voters, &facts.configuration->learners}) {
    for (const Server& server : *servers) {
      if (!IsGood(facts, server)) continue;
      taken.insert(server.node);
      for (const slots::NodeInfo& info : facts.map->nodes) {
        if (info.id != server.node) continue;
        hosts.insert(info.ip);
        zones.insert(info.zone);
      }
    }
  }
  const slots::NodeInfo* best = nullptr;
  const auto rank = [&](const slots::NodeInfo& info) {
    return std::make_tuple(!info.arbiter, hosts.count(info.ip), zones.count(info.zone), info.id);
  };
  for (const slots::NodeInfo& info : facts.map->nodes) {
    if (facts.alive.count(info.id) == 0 || facts.leaving.count(info.id) > 0) continue;
    if (taken.count(info.id) > 0) continue;
    if (best == nullptr || rank(info) < rank(*best)) best = &info;
  }
  return best;
}

// The voter to go, null if all are to stay.
const Server* Superfluous(const VoterFacts& facts, size_t wanted, size_t good) {
  const std::vector<Server>& voters = facts.configuration->voters;
  if (voters.size() == 1) return nullptr;
  for (const Server& voter : voters) {
    if (IsGood(facts, voter)) continue;
    const bool leaves = facts.leaving.count(voter.node) > 0 || !IsMember(facts, voter.node);
    if (leaves || good >= wanted) return &voter;
  }
  return voters.size() > wanted && good > wanted ? &voters.back() : nullptr;
}

}  // namespace

size_t WantedVoters(size_t members) {
  const size_t most = std::min(members, kVotersMax);
  return most == 0 ? 0 : (most - 1) / 2 * 2 + 1;
}

VoterStep NextVoterStep(const VoterFacts& facts) {
  const Configuration& now = *facts.configuration;
  const auto leaves = std::count_if(
      facts.map->nodes.begin(), facts.map->nodes.end(),
      [&facts](const slots::NodeInfo& info) { return facts.leaving.count(info.id) > 0; });
  const size_t wanted = WantedVoters(facts.map->nodes.size() - static_cast<size_t>(leaves));
  const auto good = static_cast<size_t>(
      std::count_if(now.voters.begin(), now.voters.end(),
                    [&facts](const Server& voter) { return IsGood(facts, voter); }));
  const size_t missing = wanted > good ? wanted - good : 0;
  const bool odd_and_whole = good == now.voters.size() && good % 2 == 1;
  const size_t together = std::min<size_t>(missing, odd_and_whole ? 2 : 1);
  for (const Server& learner : now.learners) {
    if (!IsGood(facts, learner)) return Change(facts, Without(now, learner.id));
  }
  if (now.learners.size() > together) return Change(facts, Without(now, now.learners.back().id));
  // First in, then out: replacing one of five means six for a moment.
  if (now.learners.size() < together && now.voters.size() <= kVotersMax) {
    if (const slots::NodeInfo* node = BestCandidate(facts)) {
      const auto server = facts.servers.find(node->id);
      if (server == facts.servers.end()) return InviteNode{node->id};
      Configuration next = now;
      Insert(next.learners, {server->second, node->id});
      return Change(facts, std::move(next));
    }
  }
  if (!now.learners.empty()) {
    const bool ready =
        now.learners.size() == together &&
        std::all_of(now.learners.begin(), now.learners.end(), [&facts](const Server& learner) {
          return facts.caught_up.count(learner.id) > 0;
        });
    if (!ready) return KeepVoters{};
    Configuration next = Without(now, now.learners.front().id);
    Insert(next.voters, now.learners.front());
    return Change(facts, std::move(next));
  }
  if (const Server* voter = Superfluous(facts, wanted, good)) {
    return Change(facts, Without(now, voter->id));
  }
  return KeepVoters{};
}

}  // namespace slotmesh::ledger
