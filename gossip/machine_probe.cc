// Machine: probing, suspicion and death.
#include <algorithm>
#include <utility>

#include "absl/random/distributions.h"
#include "gossip/machine.h"
#include "slots/check.h"

namespace slotmesh::gossip {
namespace {

constexpr int kVoterHelpers = 2;      // Voters have streams to all; but they have enough to do.
constexpr int kSuspicionLongest = 3;  // Times T, without confirmations.
constexpr double kNackShare = 0.8;    // Of the probe timeout: in time for whom it was asked.

}  // namespace

// The last sign that the member lives, or that it would be wrong to miss one.
absl::Time Machine::LastEvidence(uint32_t index) const {
  const MemberTable::Entry& entry = table_.entry(index);
  const absl::Time evidence = std::max(entry.vouched, judge_from_);
  return entry.heard == nullptr ? evidence : std::max(evidence, entry.heard->last);
}

bool Machine::HeardLately(uint32_t index) const {
  const MemberTable::Entry& entry = table_.entry(index);
  return entry.heard != nullptr && entry.heard->beat.boot == entry.boot &&
         now_ - entry.heard->last < options_.silence_limit();
}

bool Machine::HearsMostVoters() const {
  const auto heard = std::count_if(voters_.begin(), voters_.end(), [this](uint32_t index) {
    return index == self_index_ || HeardLately(index);
  });
  return static_cast<size_t>(heard) * 2 > voters_.size();
}

void Machine::JudgeSilence(Output* out) {
  size_t expected = 0;
  size_t heard = 0;
  for (const uint32_t index : direct_) {
    if (table_.entry(index).state == State::kDead) continue;
    ++expected;
    heard += HeardLately(index);
  }
  isolated_ = heard * 2 < expected && !HearsMostVoters();
  const absl::Duration limit = options_.silence_limit();
  for (const uint32_t index : direct_) {
    if (table_.entry(index).state != State::kAlive) continue;
    if (now_ - LastEvidence(index) >= limit) StartProbe(index, true, out);
  }
}

// Beats watch the direct peers; the probe is for the others, and shows of all that they also hear
// what is sent.
void Machine::ProbeNext(Output* out) {
  probe_at_ = now_ + options_.probe_interval * absl::Uniform(random_, 0.9, 1.1);
  if (self_index_ == Members::kNone) return;
  const auto candidates = [&] { return std::vector<slots::NodeId>(links_.begin(), links_.end()); };
  const auto accept = [&](const slots::NodeId& node) {
    const uint32_t index = table_.members().IndexOf(node);
    return index != Members::kNone && IsLinked(node) && !probed_.contains(node) &&
           table_.entry(index).state != State::kDead;
  };
  const std::optional<slots::NodeId> target = probe_round_.Next(random_, candidates, accept);
  if (target) StartProbe(table_.members().IndexOf(*target), false, out);
}

void Machine::StartProbe(uint32_t index, bool helpers_at_once, Output* out) {
  const slots::NodeId& target = table_.members()[index].id;
  if (probed_.contains(target)) return;
  if (probes_.size() >= kProbesMax) {
    ++stats_.dropped;
    return;
  }
  ++stats_.probes;
  const uint64_t number = ++probe_number_;
  const absl::Duration timeout = health_.Stretch(options_.probe_timeout());
  Probe& probe = probes_[number];
  probe.target = target;
  probe.deadline = now_ + (helpers_at_once ? timeout : timeout + options_.probe_timeout());
  probed_.insert(target);
  if (IsLinked(target)) {
    Message message = MakeMessage(Kind::kProbe, target);
    message.probe = number;
    SendTo(target, std::move(message), out);
  }
  if (helpers_at_once) {
    AskHelpers(number, probe, out);
  } else {
    probe.ask_helpers = now_ + timeout;
  }
}

std::vector<slots::NodeId> Machine::PickHelpers(const slots::NodeId& target) {
  std::vector<slots::NodeId> voters;
  std::vector<slots::NodeId> others;
  for (const slots::NodeId& peer : links_) {
    const uint32_t index = table_.members().IndexOf(peer);
    if (index == Members::kNone || peer == target) continue;
    if (table_.entry(index).state != State::kAlive) continue;
    (table_.members()[index].voter ? voters : others).push_back(peer);
  }
  const auto draw = [&](std::vector<slots::NodeId>& from, size_t upto,
                        std::vector<slots::NodeId>* to) {
    while (!from.empty() && to->size() < upto) {
      std::swap(from[absl::Uniform<size_t>(random_, 0, from.size())], from.back());
      to->push_back(from.back());
      from.pop_back();
    }
  };
  std::vector<slots::NodeId> helpers;
  const size_t count = static_cast<size_t>(options_.probe_helpers);
  draw(voters, std::min<size_t>(count, kVoterHelpers), &helpers);
  draw(others, count, &helpers);
  draw(voters, count, &helpers);
  return helpers;
}

void Machine::AskHelpers(uint64_t number, Probe& probe, Output* out) {
  probe.ask_helpers = absl::InfiniteFuture();
  for (const slots::NodeId& helper : PickHelpers(probe.target)) {
    Message message = MakeMessage(Kind::kProbeRequest, helper);
    message.probe = number;
    message.target = probe.target;
    SendTo(helper, std::move(message), out);
    ++probe.helpers;
  }
}

void Machine::RunProbes(Output* out) {
  std::vector<Probe> failed;
  for (auto it = probes_.begin(); it != probes_.end();) {
    Probe& probe = it->second;
    if (now_ >= probe.deadline) {
      failed.push_back(probe);
      probed_.erase(probe.target);
      it = probes_.erase(it);
      continue;
    }
    if (now_ >= probe.ask_helpers) AskHelpers(it->first, probe, out);
    ++it;
  }
  for (const Probe& probe : failed) FailProbe(probe, out);
}

void Machine::FailProbe(const Probe& probe, Output* out) {
  ++stats_.probes_failed;
  // A helper that does not even say "no" points at this node's own links.
  health_.Worsen(probe.helpers > 0 ? probe.helpers - probe.nacks : 1);
  const uint32_t index = table_.members().IndexOf(probe.target);
  if (index == Members::kNone || table_.entry(index).state == State::kDead) return;
  // Of one that nothing was ever heard of, only those who should hear it can tell.
  if (table_.entry(index).incarnation == 0 && !IsDirect(index)) return;
  if (!isolated_ && !HeardLately(index)) Suspect(index, out);
}

void Machine::HandleAck(const Message& message, Output* out) {
  const auto relay = relays_.find(message.probe);
  if (relay != relays_.end() && relay->second.target == message.beat.node) {
    Message ack = MakeMessage(Kind::kAck, relay->second.origin);
    ack.probe = relay->second.origin_probe;
    ack.target = relay->second.target;
    SendTo(relay->second.origin, std::move(ack), out);
    relays_.erase(relay);
    return;
  }
  const auto probe = probes_.find(message.probe);
  if (probe == probes_.end()) return;
  const slots::NodeId target = message.target.is_zero() ? message.beat.node : message.target;
  if (probe->second.target != target) return;
  table_.Vouch(now_, table_.members().IndexOf(target));
  health_.Improve();
  probed_.erase(target);
  probes_.erase(probe);
}

void Machine::HandleNack(const Message& message) {
  const auto probe = probes_.find(message.probe);
  if (probe == probes_.end() || probe->second.target != message.target) return;
  if (probe->second.nacks < probe->second.helpers) ++probe->second.nacks;
}

void Machine::HandleProbeRequest(const Message& message, Output* out) {
  const slots::NodeId& origin = message.beat.node;
  const bool is_full = relays_.size() >= kRelaysMax;
  if (is_full) ++stats_.dropped;
  const bool is_self = message.target == options_.self;
  if (is_full || is_self || !IsLinked(message.target)) {
    Message answer = MakeMessage(is_self ? Kind::kAck : Kind::kNack, origin);
    answer.probe = message.probe;
    answer.target = message.target;
    SendTo(origin, std::move(answer), out);
    return;
  }
  const uint64_t number = ++probe_number_;
  const absl::Duration timeout = options_.probe_timeout();
  relays_[number] = {.origin = origin,
                     .origin_probe = message.probe,
                     .target = message.target,
                     .nack_at = now_ + timeout * kNackShare,
                     .expires = now_ + timeout * 2};
  Message probe = MakeMessage(Kind::kProbe, message.target);
  probe.probe = number;
  SendTo(message.target, std::move(probe), out);
}

void Machine::RunRelays(Output* out) {
  for (auto it = relays_.begin(); it != relays_.end();) {
    Relay& relay = it->second;
    if (now_ >= relay.nack_at) {
      relay.nack_at = absl::InfiniteFuture();
      Message nack = MakeMessage(Kind::kNack, relay.origin);
      nack.probe = relay.origin_probe;
      nack.target = relay.target;
      SendTo(relay.origin, std::move(nack), out);
    }
    it = now_ >= relay.expires ? relays_.erase(it) : std::next(it);
  }
}

void Machine::Suspect(uint32_t index, Output* out) {
  ++stats_.suspicions;
  MemberRecord record = table_.Record(index);
  record.state = State::kSuspect;
  record.accuser = accuser_;
  Merge(options_.self, record, out);
}

// A direct peer is dead T after the last sign of life, if it has had its time to refute. Of others
// only the accusers' number tells.
absl::Time Machine::DeathTime(const slots::NodeId& node, const Suspicion& suspicion) const {
  const uint32_t index = table_.members().IndexOf(node);
  const absl::Duration timeout = health_.Stretch(options_.node_timeout);
  if (IsDirect(index)) {
    return std::max(LastEvidence(index) + timeout, suspicion.started + options_.refutation_min());
  }
  return std::max(suspicion.started, judge_from_) +
         suspicions_.TimeToRefute(suspicion, timeout, timeout * kSuspicionLongest);
}

void Machine::ScheduleSuspicions() {
  suspicions_at_ = absl::InfiniteFuture();
  for (const auto& [node, suspicion] : suspicions_.all()) {
    suspicions_at_ = std::min(suspicions_at_, DeathTime(node, suspicion));
  }
  suspicions_stale_ = false;
  // What is due now waits for the next round of beats at most, and an isolated node for better
  // days.
  if (suspicions_at_ <= now_) suspicions_at_ = now_ + options_.beat_interval();
}

void Machine::RunSuspicions(Output* out) {
  std::vector<slots::NodeId> due;
  if (!isolated_) {
    for (const auto& [node, suspicion] : suspicions_.all()) {
      if (now_ >= DeathTime(node, suspicion)) due.push_back(node);
    }
  }
  for (const slots::NodeId& node : due) {
    const uint32_t index = table_.members().IndexOf(node);
    if (IsDirect(index) && HeardLately(index)) continue;
    ++stats_.deaths;
    MemberRecord record = table_.Record(index);
    record.state = State::kDead;
    record.accuser = 0;
    Accept(index, record, out);
  }
  ScheduleSuspicions();
}

}  // namespace slotmesh::gossip
