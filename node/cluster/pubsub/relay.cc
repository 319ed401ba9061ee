#include "node/cluster/pubsub/relay.h"

#include <utility>

namespace slotmesh::node {

void PubSubRelay::Publish(ChannelKind kind, std::string_view channel, std::string_view message) {
  network_.ForEachTarget(kind, channel, [&](const slots::NodeId& node) {
    const auto found = heard_.find(node);
    const bool known = found != heard_.end() && found->second.version != 0;
    if (known && !found->second.interest.Wants(kind, channel)) {
      ++stats_.spared;
      return;
    }
    const MessageFrame frame{kind, known ? found->second.version : 0, channel, message};
    if (network_.Send(node, EncodePubSub(frame))) {
      ++stats_.sent;
    } else {
      ++stats_.lost;
    }
  });
}

void PubSubRelay::OnInterest(ChannelKind kind, std::string_view name, bool present) {
  uint64_t hash = 0;
  if (!own_.Change(kind, name, present, &hash)) return;
  if (kind == ChannelKind::kPattern) {
    patterns_changed_ = true;
  } else if (changed_.size() <= kChangesMax) {
    changed_[hash] = present;
  }
  if (!std::exchange(spread_wanted_, true)) network_.WantSpread();
}

void PubSubRelay::Spread(int64_t now_ms) {
  spread_wanted_ = false;
  const bool everything = own_.everything();
  const bool same = everything && everything_;
  const bool whole =
      everything != everything_ || patterns_changed_ || changed_.size() > kChangesMax;
  if (same || (!whole && changed_.empty())) {
    changed_.clear();
    patterns_changed_ = false;
    return;
  }
  ChangeFrame change{.before = version_, .version = version_ + 1, .added = {}, .removed = {}};
  for (const auto& [hash, present] : changed_) {
    (present ? change.added : change.removed).push_back(hash);
  }
  ++version_;
  everything_ = everything;
  patterns_changed_ = false;
  changed_.clear();
  for (auto& [node, told] : told_) {
    if (told.version == 0) continue;
    if (whole || told.again || told.version != change.before) {
      TellWhole(node, told, now_ms);
    } else if (network_.Send(node, EncodePubSub(change))) {
      told.version = version_;
    } else {
      told.again = true;
    }
  }
}

std::string PubSubRelay::WholeFrame() const {
  // It may be newer than the version says: the change to come will then alter nothing there.
  InterestFrame frame{
      .version = version_, .everything = own_.everything(), .hashes = {}, .patterns = {}};
  if (!frame.everything) {
    for (const auto& [hash, count] : own_.counts()) frame.hashes.push_back(hash);
    frame.patterns.assign(own_.patterns().begin(), own_.patterns().end());
  }
  return EncodePubSub(frame);
}

void PubSubRelay::TellWhole(const slots::NodeId& to, Told& told, int64_t now_ms) {
  told.whole_at_ms = now_ms;
  told.again = !network_.Send(to, WholeFrame());
  told.version = version_;
}

void PubSubRelay::OnFrame(const slots::NodeId& from, slots::BootId boot, std::string_view bytes,
                          int64_t now_ms) {
  const std::optional<PubSubFrame> frame = DecodePubSub(bytes);
  if (!frame || !network_.IsMember(from)) {
    ++stats_.bad_frames;
    return;
  }
  std::visit([&](const auto& one) { On(from, boot, one, now_ms); }, *frame);
}

void PubSubRelay::On(const slots::NodeId& from, slots::BootId boot, const MessageFrame& frame,
                     int64_t now_ms) {
  ++stats_.received;
  pubsub_.Deliver(frame.kind, frame.channel, frame.message);
  Told& told = told_[from];
  if (told.boot != boot) told = {.boot = boot};
  const bool first = told.version == 0;
  if (!first && frame.known_version == told.version) return;
  // One that was under way when it was told is no reason to tell it once more.
  if (first || now_ms - told.whole_at_ms >= kTellAgainMillis) TellWhole(from, told, now_ms);
}

void PubSubRelay::On(const slots::NodeId& from, slots::BootId boot, const InterestFrame& frame,
                     int64_t) {
  Heard& heard = heard_[from];
  heard.boot = boot;
  heard.version = frame.version;
  heard.interest.everything = frame.everything;
  heard.interest.hashes = {frame.hashes.begin(), frame.hashes.end()};
  heard.interest.patterns = {frame.patterns.begin(), frame.patterns.end()};
}

void PubSubRelay::On(const slots::NodeId& from, slots::BootId boot, const ChangeFrame& frame,
                     int64_t) {
  Heard& heard = heard_[from];
  if (heard.boot != boot || heard.version != frame.before ||
      heard.interest.hashes.size() + frame.added.size() > kHashesMax) {
    heard = Heard();  // From now on everything, until it is told anew.
    return;
  }
  heard.version = frame.version;
  for (const uint64_t hash : frame.added) heard.interest.hashes.insert(hash);
  for (const uint64_t hash : frame.removed) heard.interest.hashes.erase(hash);
}

void PubSubRelay::OnLost(const slots::NodeId& peer) {
  heard_.erase(peer);
  const auto found = told_.find(peer);
  if (found != told_.end() && found->second.version != 0) found->second.again = true;
}

void PubSubRelay::Tick(int64_t now_ms) {
  std::erase_if(heard_, [&](const auto& entry) { return !network_.IsMember(entry.first); });
  std::erase_if(told_, [&](const auto& entry) { return !network_.IsMember(entry.first); });
  for (auto& [node, told] : told_) {
    if (told.again && now_ms - told.whole_at_ms >= kTellAgainMillis) TellWhole(node, told, now_ms);
  }
}

}  // namespace slotmesh::node
