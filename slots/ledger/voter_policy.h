// Which member should get or lose a vote next. A pure function of what the leader knows; the answer
// is one step (SAFETY 10: one server at a time, at most kVotersMax, one more for a moment while one
// is replaced).
//
// Wanted are as many voters as is odd, at most kVotersMax and at most the number of members: an
// even number survives no more failures than the odd one below it. Dead voters count as members, so
// that a cluster of three does not shrink to one voter because one node is down; they are replaced
// where another member can take over. From one odd number to the next, votes are given when two
// learners have caught up, so that an even number lasts for one round only. New voters are picked
// on hosts, then in zones, that have no voter yet; arbiters, which are there for that, before
// others.
#ifndef SLOTMESH_SLOTS_LEDGER_VOTER_POLICY_H_
#define SLOTMESH_SLOTS_LEDGER_VOTER_POLICY_H_

#include <map>
#include <set>
#include <variant>

#include "slots/ledger/raft_types.h"
#include "slots/slot_map.h"

namespace slotmesh::ledger {

inline constexpr size_t kVotersMax = 5;

struct VoterFacts {
  const Configuration* configuration = nullptr;
  const slots::SlotMapData* map = nullptr;
  std::set<NodeId> alive;
  std::set<NodeId> leaving;            // Members that must lose their vote, so that they can go.
  std::map<NodeId, ServerId> servers;  // Which server a node runs, where it said so.
  std::set<ServerId> caught_up;        // Learners that have (nearly) the whole log.
};

struct KeepVoters {};
struct InviteNode {
  NodeId node;
};
struct ChangeVoters {
  Configuration next;
};
using VoterStep = std::variant<KeepVoters, InviteNode, ChangeVoters>;

// How many voters a cluster of that many members has in the end.
size_t WantedVoters(size_t members);

VoterStep NextVoterStep(const VoterFacts& facts);

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_VOTER_POLICY_H_
