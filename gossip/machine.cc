#include "gossip/machine.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/random/distributions.h"
#include "slots/check.h"

namespace slotmesh::gossip {
namespace {

// Between two deadlines each change is passed on so many times for each doubling of the cluster.
constexpr int kTransmissionsPerLog = 3;
constexpr size_t kUpdatesUsual = 6;  // More only if many wait.

uint32_t AccuserHash(const slots::NodeId& node) {
  uint32_t hash = 2166136261u;
  for (const char c : node.bytes()) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash == 0 ? 1 : hash;
}

}  // namespace

Machine::Machine(const Options& options, absl::Time now, absl::BitGenRef random)
    : options_(options),
      random_(random),
      now_(now),
      incarnation_(options.first_incarnation),
      accuser_(AccuserHash(options.self)),
      overlay_(options.self, options.random_peers),
      round_start_(now),
      beat_at_(now),
      sync_at_(now + options.sync_interval()),
      judge_from_(now),
      suspicions_(options.confirmations) {
  CHECK(!options.self.is_zero());
  CHECK(options.boot != 0);
  CHECK(options.first_incarnation >= 1 && options.first_incarnation < kIncarnationMax);
  CHECK_GE(options.node_timeout, kNodeTimeoutMin);
  CHECK_GT(options.probe_interval, absl::ZeroDuration());
  CHECK(options.probe_helpers >= 0 && options.random_peers >= 0 && options.confirmations >= 0);
  probe_at_ = now + options.probe_interval * absl::Uniform(random_, 0.0, 1.0);
  rotate_at_ = now + options.rotation_interval * absl::Uniform(random_, 0.5, 1.5);
  next_deadline_ = EarliestDeadline();
}

void Machine::Step(absl::Time now, const Input& input, Output* out) {
  CHECK_GE(now, now_);
  NotePause(now);
  now_ = now;
  sends_left_ = links_.size() + kSendsPerStepMax;
  std::visit([&](const auto& event) { On(event, out); }, input);
  RunDue(out);
  if (suspicions_stale_) ScheduleSuspicions();
  next_deadline_ = EarliestDeadline();
}

// A step long after the last deadline: the process was stopped, or starved. What was not heard
// meanwhile is no sign of anything, and the messages that wait to be read may still show that all
// is well.
void Machine::NotePause(absl::Time now) {
  const absl::Duration late = now - std::max(now_, std::min(next_deadline_, now));
  if (late < options_.pause_limit()) return;
  ++stats_.pauses;
  judge_from_ = now;
  health_.Worsen(
      static_cast<int>(std::min<int64_t>(late / options_.pause_limit(), LocalHealth::kWorst)));
  probes_.clear();
  probed_.clear();
  relays_.clear();
}

void Machine::RunDue(Output* out) {
  if (now_ >= beat_at_) RunBeats(out);
  RunProbes(out);
  RunRelays(out);
  if (now_ >= probe_at_) ProbeNext(out);
  if (now_ >= suspicions_at_) RunSuspicions(out);
  if (now_ >= rotate_at_) {
    rotate_at_ = now_ + options_.rotation_interval * absl::Uniform(random_, 0.5, 1.5);
    overlay_.Rotate(table_, random_);
    overlay_stale_ = true;
  }
  if (overlay_stale_) UpdateOverlay(out);
}

absl::Time Machine::EarliestDeadline() const {
  absl::Time earliest = std::min({beat_at_, probe_at_, rotate_at_, suspicions_at_});
  for (const auto& [number, probe] : probes_) {
    earliest = std::min({earliest, probe.ask_helpers, probe.deadline});
  }
  for (const auto& [number, relay] : relays_) {
    earliest = std::min({earliest, relay.nack_at, relay.expires});
  }
  return earliest;
}

void Machine::On(const LocalChange& change, Output*) { local_ = change; }

void Machine::On(const MapChange& change, Output* out) {
  map_version_ = change.version;
  map_digest_ = change.digest;
  if (change.members != table_.shared_members()) {
    table_.SetMembers(now_, change.members);
    updates_.Keep(table_.members());
    suspicions_.Keep(table_.members());
    self_index_ = table_.members().IndexOf(options_.self);
    direct_.clear();
    voters_.clear();
    for (uint32_t i = 0; i < table_.size(); ++i) {
      if (table_.members()[i].voter) voters_.push_back(i);
    }
    if (self_index_ != Members::kNone) {
      table_.Set(now_, self_index_, SelfRecord());
      for (uint32_t i = 0; i < table_.size(); ++i) {
        if (i != self_index_ && IsDirect(i)) direct_.push_back(i);
      }
    }
    for (auto it = probes_.begin(); it != probes_.end();) {
      it = table_.members().Contains(it->second.target) ? std::next(it) : probes_.erase(it);
    }
    probed_.clear();
    for (const auto& [number, probe] : probes_) probed_.insert(probe.target);
    next_beat_ = std::min(next_beat_, direct_.size());
    suspicions_stale_ = true;
    UpdateOverlay(out);
  }
  PushToAll(out);
}

// Whoever shows at least this version already is left out.
void Machine::PushToAll(Output* out) {
  for (const slots::NodeId& peer : links_) {
    const uint32_t index = table_.members().IndexOf(peer);
    if (index != Members::kNone) {
      Heard* heard = table_.FindHeard(index);
      if (heard != nullptr && heard->beat.map.log == map_version_.log &&
          !slots::IsNewer(map_version_, heard->beat.map)) {
        continue;
      }
      if (heard != nullptr) heard->announced = now_;
    }
    SendTo(peer, MakeMessage(Kind::kBeat, peer), out);
  }
}

void Machine::On(const LinkUp& link, Output* out) {
  if (link.peer == options_.self || link.peer.is_zero()) return;
  if (links_.size() >= kLinksMax && !links_.contains(link.peer)) {
    ++stats_.dropped;
    return;
  }
  links_.insert(link.peer);
  SendTo(link.peer, MakeMessage(Kind::kBeat, link.peer), out);
}

void Machine::On(const LinkDown& link, Output*) { links_.erase(link.peer); }

void Machine::UpdateOverlay(Output* out) {
  overlay_stale_ = false;
  if (overlay_.Update(table_, random_)) out->links = overlay_.wanted();
}

bool Machine::IsDirect(uint32_t index) const {
  return self_index_ != Members::kNone &&
         AreDirect(table_.members()[self_index_], table_.members()[index]);
}

MemberRecord Machine::SelfRecord() const {
  return {.node = options_.self, .boot = options_.boot, .incarnation = incarnation_};
}

// Beats of one round are spread evenly over its interval, so that a voter of thousands sends no
// bursts.
void Machine::RunBeats(Output* out) {
  if (next_beat_ == 0) {
    round_start_ = now_;
    syncs_served_ = 0;
    JudgeSilence(out);
  }
  ServeBeats(out);
  const absl::Duration interval = options_.beat_interval();
  if (next_beat_ >= direct_.size()) {
    next_beat_ = 0;
    // A little jitter keeps the nodes of a cluster from beating in step.
    beat_at_ = std::max(now_, round_start_ + interval * absl::Uniform(random_, 0.95, 1.0));
    return;
  }
  beat_at_ = std::max(now_, round_start_ + interval * next_beat_ / direct_.size() * 0.9);
}

void Machine::ServeBeats(Output* out) {
  const size_t end = std::min(direct_.size(), next_beat_ + kBeatsPerStep);
  for (; next_beat_ < end; ++next_beat_) {
    const slots::NodeId& peer = table_.members()[direct_[next_beat_]].id;
    if (IsLinked(peer)) SendTo(peer, MakeMessage(Kind::kBeat, peer), out);
  }
}

Message Machine::MakeMessage(Kind kind, const slots::NodeId& to) {
  Message message;
  message.kind = kind;
  message.beat = {.node = options_.self,
                  .boot = options_.boot,
                  .incarnation = incarnation_,
                  .number = ++beat_number_,
                  .ledger_term = local_.ledger_term,
                  .map = map_version_,
                  .map_digest = map_digest_,
                  .view_digest = table_.digest(),
                  .replication_offset = local_.replication_offset,
                  .load_permille = local_.load_permille};
  if (IsLinked(to)) AddUpdates(to, &message);
  return message;
}

void Machine::AddUpdates(const slots::NodeId& to, Message* message) {
  // A peer must know what is said about it, to refute it or to raise its incarnation above its
  // former process's.
  const uint32_t index = table_.members().IndexOf(to);
  if (index != Members::kNone) {
    const MemberTable::Entry& entry = table_.entry(index);
    const bool differs =
        entry.heard != nullptr &&
        (entry.heard->beat.boot != entry.boot || entry.heard->beat.incarnation < entry.incarnation);
    if (entry.state != State::kAlive || (differs && entry.incarnation > 0)) {
      message->updates.push_back(table_.Record(index));
    }
  }
  if (updates_.empty()) return;
  const size_t room = kPiggybackMax - message->updates.size();
  const size_t count = std::min(room, std::max(kUpdatesUsual, updates_.size() / 4));
  // Each direct peer should get it from here, since a voter may be the only one that both sides of
  // a pair talk to.
  const int transmissions =
      kTransmissionsPerLog * std::bit_width(table_.size()) + static_cast<int>(direct_.size());
  for (const slots::NodeId& node : updates_.Pick(count, transmissions, to)) {
    message->updates.push_back(table_.Record(table_.members().IndexOf(node)));
  }
}

void Machine::SendTo(const slots::NodeId& to, Message message, Output* out) {
  if (!IsLinked(to)) return;
  if (sends_left_ == 0) {
    ++stats_.dropped;
    return;
  }
  --sends_left_;
  ++stats_.messages_sent;
  stats_.bytes_sent += EncodedSize(message);
  out->sends.push_back({to, std::move(message)});
}

void Machine::CheckInvariants() const {
  table_.CheckInvariants();
  updates_.CheckInvariants();
  CHECK_EQ(self_index_, table_.members().IndexOf(options_.self));
  if (self_index_ != Members::kNone) CHECK(table_.Record(self_index_) == SelfRecord());
  size_t suspects = 0;
  for (uint32_t i = 0; i < table_.size(); ++i) {
    const bool suspect = table_.entry(i).state == State::kSuspect;
    CHECK_EQ(suspect, suspicions_.all().contains(table_.members()[i].id));
    suspects += suspect;
  }
  CHECK_EQ(suspects, suspicions_.all().size());
  CHECK_EQ(probes_.size(), probed_.size());
  CHECK_LE(probes_.size(), kProbesMax);
  CHECK_LE(relays_.size(), kRelaysMax);
  CHECK_LE(links_.size(), kLinksMax);
  CHECK(!links_.contains(options_.self));
}

size_t View::size() const { return machine_->table_.size(); }

MemberView View::operator[](uint32_t index) const {
  const MemberTable::Entry& entry = machine_->table_.entry(index);
  const Member& member = machine_->table_.members()[index];
  return {.member = &member,
          .state = entry.state,
          .boot = entry.boot,
          .incarnation = entry.incarnation,
          .since = entry.since,
          .linked = machine_->IsLinked(member.id),
          .heard = entry.heard.get()};
}

std::optional<MemberView> View::Find(const slots::NodeId& node) const {
  const uint32_t index = machine_->table_.members().IndexOf(node);
  if (index == Members::kNone) return std::nullopt;
  return (*this)[index];
}

const Members& View::members() const { return machine_->table_.members(); }

absl::Time View::LastHeard(const slots::NodeId& node) const {
  const MemberTable::Entry* entry = machine_->table_.Find(node);
  const bool heard =
      entry != nullptr && entry->heard != nullptr && entry->heard->beat.boot == entry->boot;
  return heard ? entry->heard->last : absl::InfinitePast();
}

bool View::isolated() const { return machine_->isolated_; }
Incarnation View::incarnation() const { return machine_->incarnation_; }
uint64_t View::digest() const { return machine_->table_.digest(); }
int View::local_health() const { return machine_->health_.score(); }

}  // namespace slotmesh::gossip
