// Machine: what peers say, and what follows from it.
#include <algorithm>
#include <utility>

#include "absl/random/distributions.h"
#include "gossip/machine.h"
#include "slots/check.h"

namespace slotmesh::gossip {

void Machine::On(const Received& received, Output* out) {
  const Message& message = received.message;
  ++stats_.messages_received;
  stats_.bytes_received += EncodedSize(message);
  if (message.beat.node != received.from || received.from == options_.self ||
      !Validate(message).ok()) {
    ++stats_.bad_messages;
    return;
  }
  LookAtMap(message.beat, out);
  const uint32_t index = table_.members().IndexOf(received.from);
  if (index == Members::kNone) {
    HandleStranger(message, out);
    return;
  }
  if (!HearFrom(index, message.beat, out)) {
    ++stats_.stale_messages;
    AnswerStale(index, out);
    return;
  }
  for (const MemberRecord& record : message.updates) Merge(received.from, record, out);
  CorrectErrors(message, out);
  Dispatch(index, message, out);
  LookAtView(index, message.beat, out);
}

// If that was no late message but a new process with a clock set back, it needs to hear of its
// predecessor.
void Machine::AnswerStale(uint32_t index, Output* out) {
  const MemberRecord record = table_.Record(index);
  Message message = MakeMessage(Kind::kBeat, record.node);
  std::erase_if(message.updates, [&](const auto& update) { return update.node == record.node; });
  if (message.updates.size() >= kPiggybackMax) message.updates.pop_back();
  message.updates.push_back(record);
  SendTo(record.node, std::move(message), out);
}

// A node that was removed, or that joined in a version of the map that is not here yet. It may need
// to be told of the newer map; no state is kept for it.
void Machine::HandleStranger(const Message& message, Output* out) {
  ++stats_.stranger_messages;
  if (!slots::IsNewer(map_version_, message.beat.map)) return;
  if (now_ - stranger_answered_ < options_.beat_interval()) return;
  stranger_answered_ = now_;
  SendTo(message.beat.node, MakeMessage(Kind::kBeat, message.beat.node), out);
}

bool Machine::HearFrom(uint32_t index, const Beat& beat, Output* out) {
  const MemberRecord head{.node = beat.node, .boot = beat.boot, .incarnation = beat.incarnation};
  const MemberTable::Entry& entry = table_.entry(index);
  if (entry.incarnation > 0 && entry.boot != beat.boot && !Supersedes(head, table_.Record(index))) {
    return false;
  }
  const bool is_first = entry.heard == nullptr;
  Heard& heard = table_.heard(index);
  heard.last = now_;
  const bool other_process = is_first || heard.beat.boot != beat.boot;
  if (other_process || beat.number >= heard.beat.number) heard.beat = beat;
  if (Supersedes(head, table_.Record(index))) Accept(index, head, out);
  return true;
}

// Versions of two logs do not compare, so nodes of another cluster are not followed (SAFETY 2).
void Machine::LookAtMap(const Beat& beat, Output* out) {
  if (slots::IsNewer(beat.map, map_version_)) {
    const bool is_news = hinted_map_.log != beat.map.log || slots::IsNewer(beat.map, hinted_map_);
    if (!is_news && now_ - hinted_at_ < options_.map_retry()) return;
    if (is_news) hinted_map_ = beat.map;
    hinted_at_ = now_;
    out->newer_map = NewerMap{beat.node, beat.map};
    return;
  }
  const uint32_t index = table_.members().IndexOf(beat.node);
  if (index == Members::kNone || !slots::IsNewer(map_version_, beat.map)) return;
  Heard* heard = table_.FindHeard(index);
  if (heard == nullptr || now_ - heard->announced < options_.map_retry()) return;
  heard->announced = now_;
  SendTo(beat.node, MakeMessage(Kind::kBeat, beat.node), out);
}

void Machine::Dispatch(uint32_t index, const Message& message, Output* out) {
  const slots::NodeId& peer = message.beat.node;
  switch (message.kind) {
    case Kind::kBeat:
      break;
    case Kind::kProbe: {
      Message ack = MakeMessage(Kind::kAck, peer);
      ack.probe = message.probe;
      SendTo(peer, std::move(ack), out);
      break;
    }
    case Kind::kAck:
      HandleAck(message, out);
      break;
    case Kind::kProbeRequest:
      HandleProbeRequest(message, out);
      break;
    case Kind::kNack:
      HandleNack(message);
      break;
    case Kind::kSyncRequest:
      HandleSyncRequest(message, out);
      break;
    case Kind::kSyncRecords:
      if (message.wanted_buckets != 0) SendRecords(peer, message.wanted_buckets, 0, out);
      break;
  }
}

// A record that says something else about this node than the truth is answered with a higher
// incarnation.
void Machine::Refute(const MemberRecord& record, Output* out) {
  const bool is_ours = record.boot == options_.boot && record.state == State::kAlive;
  if (record.state != State::kAlive && record.incarnation < incarnation_) {
    // Whoever believes that has not heard of the present incarnation.
    if (!updates_.Contains(options_.self)) updates_.Add(options_.self);
  }
  if (record.incarnation < incarnation_ || (is_ours && record.incarnation == incarnation_)) return;
  incarnation_ = std::min(record.incarnation + 1, kIncarnationMax);
  ++stats_.refutations;
  if (record.state != State::kAlive && record.boot == options_.boot) health_.Worsen(1);
  table_.Set(now_, self_index_, SelfRecord());
  updates_.Add(options_.self);
  for (const slots::NodeId& peer : links_) SendTo(peer, MakeMessage(Kind::kBeat, peer), out);
}

void Machine::Merge(const slots::NodeId& from, const MemberRecord& record, Output* out) {
  const uint32_t index = table_.members().IndexOf(record.node);
  if (index == Members::kNone) return;  // Of a member that only the other's map has.
  if (index == self_index_) {
    Refute(record, out);
    return;
  }
  const MemberTable::Entry& entry = table_.entry(index);
  MemberRecord accepted = record;
  if (record.state == State::kDead && IsDirect(index) && HeardLately(index) &&
      entry.heard->beat.boot == record.boot) {
    accepted.state = State::kSuspect;
    accepted.accuser = accuser_;
  }
  if (Supersedes(accepted, table_.Record(index))) {
    if (accepted.state != State::kAlive && from != options_.self) {
      out->reports.push_back({from, record.node});
    }
    Accept(index, accepted, out);
  } else if (accepted.state == State::kSuspect && entry.state == State::kSuspect &&
             accepted.incarnation == entry.incarnation && accepted.boot == entry.boot &&
             suspicions_.Add(now_, record.node, accepted.accuser)) {
    if (from != options_.self) out->reports.push_back({from, record.node});
    table_.Set(now_, index, accepted);
    updates_.Add(record.node);
    suspicions_stale_ = true;
  }
}

// What the sender says of suspects and dead that is known here to be over.
void Machine::CorrectErrors(const Message& message, Output* out) {
  Message answer;
  bool answering = false;
  for (const MemberRecord& record : message.updates) {
    const uint32_t index = table_.members().IndexOf(record.node);
    if (index == Members::kNone || record.state == State::kAlive) continue;
    const MemberRecord known = table_.Record(index);
    if (known.state != State::kAlive || !Supersedes(known, record)) continue;
    if (!answering) answer = MakeMessage(Kind::kBeat, message.beat.node);
    answering = true;
    if (answer.updates.size() >= kPiggybackMax) break;
    answer.updates.push_back(known);
  }
  if (answering) SendTo(message.beat.node, std::move(answer), out);
}

// REQUIRES: `record` supersedes the member's. Makes it known and passes it on.
void Machine::Accept(uint32_t index, const MemberRecord& record, Output* out) {
  const MemberTable::Entry& entry = table_.entry(index);
  const StateChange change{.node = record.node,
                           .before = entry.state,
                           .after = record.state,
                           .boot_before = entry.boot,
                           .boot = record.boot,
                           .incarnation = record.incarnation};
  // That a member which nothing was known of is alive is what everybody assumes.
  if (entry.incarnation > 0 || record.state != State::kAlive) updates_.Add(record.node);
  table_.Set(now_, index, record);
  suspicions_.Remove(record.node);  // A suspicion of an earlier incarnation is over.
  if (record.state == State::kSuspect) {
    suspicions_.Add(now_, record.node, record.accuser);
    // It should hear of it at once.
    SendTo(record.node, MakeMessage(Kind::kBeat, record.node), out);
  }
  suspicions_stale_ = true;
  if (change.before == change.after && change.boot_before == change.boot) return;
  out->changes.push_back(change);
  overlay_stale_ |= change.before == State::kDead || change.after == State::kDead;
}

void Machine::LookAtView(uint32_t index, const Beat& beat, Output* out) {
  Heard& heard = table_.heard(index);
  if (beat.map != map_version_ || beat.map_digest != map_digest_ ||
      beat.view_digest == table_.digest()) {
    heard.differs_since = absl::InfiniteFuture();
    return;
  }
  heard.differs_since = std::min(heard.differs_since, now_);
  if (now_ - heard.differs_since < options_.sync_patience() || now_ < sync_at_) return;
  if (!IsLinked(beat.node)) return;
  heard.differs_since = absl::InfiniteFuture();
  sync_at_ = now_ + options_.sync_interval() * absl::Uniform(random_, 0.75, 1.25);
  ++stats_.syncs;
  Message request = MakeMessage(Kind::kSyncRequest, beat.node);
  request.buckets.assign(table_.buckets().begin(), table_.buckets().end());
  SendTo(beat.node, std::move(request), out);
}

void Machine::HandleSyncRequest(const Message& message, Output* out) {
  if (syncs_served_ >= kSyncsServedPerBeatMax) {
    ++stats_.dropped;
    return;
  }
  ++syncs_served_;
  uint32_t differing = 0;
  for (int i = 0; i < kBucketCount; ++i) {
    if (message.buckets[i] != table_.buckets()[i]) differing |= uint32_t{1} << i;
  }
  if (differing != 0) SendRecords(message.beat.node, differing, differing, out);
}

void Machine::SendRecords(const slots::NodeId& to, uint32_t buckets, uint32_t wanted, Output* out) {
  const auto start = [&] {
    Message message = MakeMessage(Kind::kSyncRecords, to);
    message.updates.clear();
    return message;
  };
  Message message = start();
  for (uint32_t i = 0; i < table_.size(); ++i) {
    if ((buckets >> MemberTable::BucketOf(table_.members()[i].id) & 1) == 0) continue;
    if (message.updates.size() >= kSyncRecordsMax) {
      SendTo(to, std::exchange(message, start()), out);
    }
    if (table_.entry(i).incarnation > 0) message.updates.push_back(table_.Record(i));
  }
  message.wanted_buckets = wanted;
  SendTo(to, std::move(message), out);
}

}  // namespace slotmesh::gossip
