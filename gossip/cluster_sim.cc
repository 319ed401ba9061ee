#include "gossip/cluster_sim.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "slots/check.h"

namespace slotmesh::gossip {
namespace {

constexpr absl::Duration kReconnectInterval = absl::Milliseconds(400);
constexpr size_t kMapBytes = 200;  // A pulled change, not a whole map.

std::vector<int> Range(int count) {
  std::vector<int> all(count);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace

ClusterSim::ClusterSim(const ClusterSimOptions& options)
    : options_(options),
      scheduler_(options.seed),
      hosts_(scheduler_, {.count = options.nodes,
                          .drift_ppm_max = options.drift_ppm_max,
                          .offset_max = absl::Hours(1)}),
      links_(scheduler_, options.faults),
      random_(scheduler_.random().Fork(0xc105)),
      nodes_(options.nodes),
      maps_(1) {
  network_ = std::make_unique<sim::Network<Envelope>>(
      hosts_, links_,
      [this](int from, int to, Envelope envelope) { Handle(from, to, std::move(envelope)); });
  log_ = slots::LogId::Random(random_);
  for (int i = 0; i < options.nodes; ++i) {
    ids_.push_back(slots::NodeId::Random(random_));
    index_[ids_[i]] = i;
    shards_.push_back(i % options.shard_size == 0 ? slots::ShardId::Random(random_)
                                                  : shards_.back());
  }
  maps_.push_back({MakeMembers(Range(options.nodes))});
  hosts_.OnCrash([this](int node) { Died(node); });
  hosts_.OnStart([this](int node) { Boot(node); });
  for (int i = 0; i < options.nodes; ++i) Boot(i);
}

std::shared_ptr<const Members> ClusterSim::MakeMembers(const std::vector<int>& nodes) const {
  std::vector<Member> members;
  for (const int i : nodes) {
    members.push_back({.id = ids_[i], .shard = shards_[i], .voter = IsVoter(i)});
  }
  return Members::Make(std::move(members));
}

slots::MapVersion ClusterSim::VersionOf(uint64_t map) const {
  return {.log = log_, .generation = 1, .sequence = map};
}

int ClusterSim::IndexOf(const slots::NodeId& id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? -1 : found->second;
}

void ClusterSim::Boot(int i) {
  Node& node = nodes_[i];
  const Incarnation clock = static_cast<Incarnation>(absl::ToUnixMillis(scheduler_.now()));
  const bool back = node.boot != 0 && random_.Percent(options_.clock_back_percent);
  node.boot = random_() | 1;
  node.first_incarnation = back ? clock / 2 : clock;
  node.random = std::make_unique<sim::Random>(random_());
  Options options;
  options.self = ids_[i];
  options.boot = node.boot;
  options.first_incarnation = node.first_incarnation;
  options.node_timeout = options_.node_timeout;
  node.machine = std::make_unique<Machine>(options, hosts_.LocalNow(i), *node.random);
  node.tick_at = absl::InfiniteFuture();
  GiveMap(i, 1);
  hosts_.After(i, kReconnectInterval * random_.Fraction(), [this, i] { Connect(i); });
}

void ClusterSim::Died(int i) {
  Node& node = nodes_[i];
  for (const int peer : node.linked) {
    if (random_.Percent(options_.reset_percent)) Transmit(i, peer, Envelope::Kind::kReset);
  }
  node.machine.reset();
  node.linked.clear();
  node.wanted.clear();
  node.map = 0;
}

// Tries all streams that are wanted and do not stand, again and again.
void ClusterSim::Connect(int i) {
  for (const int peer : nodes_[i].wanted) {
    if (!nodes_[i].linked.contains(peer)) Transmit(i, peer, Envelope::Kind::kConnect);
  }
  hosts_.After(i, kReconnectInterval * (0.75 + random_.Fraction() / 2), [this, i] { Connect(i); });
}

void ClusterSim::Transmit(int from, int to, Envelope::Kind kind, uint64_t map) {
  network_->Send(from, to, {.kind = kind, .map = map},
                 kind == Envelope::Kind::kMap ? kMapBytes : 0);
}

void ClusterSim::Handle(int from, int to, Envelope envelope) {
  Node& node = nodes_[to];
  switch (envelope.kind) {
    case Envelope::Kind::kGossip:
      HandleGossip(from, to, envelope);
      break;
    case Envelope::Kind::kConnect:
      Transmit(to, from, Envelope::Kind::kAccept);
      [[fallthrough]];
    case Envelope::Kind::kAccept:
      if (node.linked.insert(from).second) Step(to, LinkUp{ids_[from]});
      break;
    case Envelope::Kind::kReset:
      if (node.linked.erase(from) > 0) Step(to, LinkDown{ids_[from]});
      break;
    case Envelope::Kind::kPull:
      if (node.map > envelope.map) Transmit(to, from, Envelope::Kind::kMap, node.map);
      break;
    case Envelope::Kind::kMap:
      if (envelope.map > node.map) GiveMap(to, envelope.map);
      break;
  }
}

// What comes on a stream that does not stand here is from before a restart, or the other side's
// mistake.
void ClusterSim::HandleGossip(int from, int to, const Envelope& envelope) {
  if (!nodes_[to].linked.contains(from)) {
    Transmit(to, from, Envelope::Kind::kReset);
    return;
  }
  Step(to, Received{ids_[from], *envelope.message});
}

void ClusterSim::GiveMap(int i, uint64_t map) {
  nodes_[i].map = map;
  if (on_map_) on_map_(i, map);
  Step(i, MapChange{VersionOf(map), sim::Random::Mix(map), maps_[map].members});
}

void ClusterSim::ChangeMap(int node) {
  maps_.push_back(maps_.back());
  GiveMap(node, maps_.size() - 1);
}

void ClusterSim::ChangeMap(int node, const std::vector<int>& members) {
  maps_.push_back({MakeMembers(members)});
  GiveMap(node, maps_.size() - 1);
}

void ClusterSim::SetLocal(int node, const LocalChange& change) { Step(node, change); }

void ClusterSim::Step(int i, const Input& input) {
  Node& node = nodes_[i];
  out_.sends.clear();
  out_.changes.clear();
  out_.newer_map.reset();
  out_.links.reset();
  node.machine->Step(hosts_.LocalNow(i), input, &out_);
  if (options_.check_every > 0 && ++node.steps % options_.check_every == 0) {
    node.machine->CheckInvariants();
    CheckBeliefs(i);
  }
  Perform(i, out_);
  ScheduleTick(i);
}

void ClusterSim::Perform(int i, Output& out) {
  Node& node = nodes_[i];
  if (out.links) {
    node.wanted.clear();
    for (const slots::NodeId& id : *out.links) node.wanted.insert(index_.at(id));
  }
  for (const StateChange& change : out.changes) {
    scheduler_.Trace(i, index_.at(change.node), static_cast<uint64_t>(change.after));
    if (on_change_) on_change_(i, change);
  }
  if (out.newer_map) {
    Transmit(i, index_.at(out.newer_map->peer), Envelope::Kind::kPull, node.map);
  }
  for (Send& send : out.sends) {
    const size_t bytes = EncodedSize(send.message);
    network_->Send(i, index_.at(send.to),
                   {.message = std::make_shared<const Message>(std::move(send.message))}, bytes);
  }
}

// At most one tick is under way that is not later than the deadline; one that comes too early is a
// tick for nothing.
void ClusterSim::ScheduleTick(int i) {
  Node& node = nodes_[i];
  const absl::Time deadline = node.machine->NextDeadline();
  if (node.tick_at <= deadline) return;
  node.tick_at = deadline;
  hosts_.At(i, deadline, [this, i, deadline] {
    Node& ticked = nodes_[i];
    if (ticked.tick_at == deadline) ticked.tick_at = absl::InfiniteFuture();
    if (ticked.machine->NextDeadline() <= hosts_.LocalNow(i)) {
      Step(i, Tick{});
    } else {
      ScheduleTick(i);
    }
  });
}

// No node may hold an incarnation or, at the present incarnations, a process that has not been.
void ClusterSim::CheckBeliefs(int observer) {
  const View view = nodes_[observer].machine->view();
  for (uint32_t i = 0; i < view.size(); ++i) {
    const MemberView member = view[i];
    const int subject = index_.at(member.member->id);
    const Node& node = nodes_[subject];
    if (subject == observer && member.state != State::kAlive) {
      scheduler_.Fail(absl::StrCat("node ", observer, " does not think that it is alive"));
    }
    if (node.machine == nullptr) continue;
    const Incarnation own = node.machine->view().incarnation();
    if (member.boot == node.boot && member.incarnation > own) {
      scheduler_.Fail(absl::StrCat("node ", observer, " believes an incarnation of node ", subject,
                                   " that it has not reached"));
    }
  }
}

bool ClusterSim::AllSee(int subject, State state) const {
  for (int i = 0; i < size(); ++i) {
    if (i == subject || !hosts_.IsRunning(i)) continue;
    const std::optional<MemberView> member = view(i).Find(ids_[subject]);
    if (!member || member->state != state) return false;
  }
  return true;
}

uint64_t ClusterSim::NewestMap() const {
  uint64_t newest = 0;
  for (int i = 0; i < size(); ++i) {
    if (hosts_.IsRunning(i)) newest = std::max(newest, nodes_[i].map);
  }
  return newest;
}

bool ClusterSim::AllHaveNewestMap() const {
  const uint64_t newest = NewestMap();
  for (int i = 0; i < size(); ++i) {
    if (hosts_.IsRunning(i) && nodes_[i].map != newest) return false;
  }
  return true;
}

bool ClusterSim::Converged() const {
  if (!AllHaveNewestMap()) return false;
  uint64_t digest = 0;
  for (int i = 0; i < size(); ++i) {
    if (!hosts_.IsRunning(i)) continue;
    const View mine = view(i);
    if (digest == 0) digest = mine.digest();
    if (mine.digest() != digest || mine.isolated()) return false;
    for (uint32_t m = 0; m < mine.size(); ++m) {
      const MemberView member = mine[m];
      const bool runs = hosts_.IsRunning(index_.at(member.member->id));
      if (member.state != (runs ? State::kAlive : State::kDead)) return false;
    }
  }
  return true;
}

std::string ClusterSim::Describe() const {
  std::string text = absl::StrCat("seed=", scheduler_.seed(), " at ",
                                  absl::FormatDuration(scheduler_.elapsed()), "\n");
  for (int i = 0; i < size() && i < 20; ++i) {
    absl::StrAppend(&text, "  node ", i);
    if (!hosts_.IsRunning(i)) {
      absl::StrAppend(&text, hosts_.IsUp(i) ? " is paused\n" : " is down\n");
      continue;
    }
    const View mine = view(i);
    absl::StrAppend(&text, " map=", nodes_[i].map, " health=", mine.local_health(),
                    mine.isolated() ? " isolated" : "", " sees");
    for (uint32_t m = 0; m < mine.size() && m < 20; ++m) {
      absl::StrAppend(&text, " ", index_.at(mine[m].member->id), ":",
                      std::string(StateName(mine[m].state)), mine[m].linked ? "" : "(no link)");
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace slotmesh::gossip
