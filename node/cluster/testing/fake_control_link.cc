#include "node/cluster/testing/fake_control_link.h"

#include <algorithm>

#include "slots/check.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kForever = INT64_MAX;

// Equal numbers give equal ids.
template <typename Id>
Id IdOf(uint64_t number) {
  std::string bytes(20, '\0');
  bytes[0] = 1;
  for (int i = 0; i < 8; ++i) bytes[19 - i] = static_cast<char>(number >> (8 * i));
  return Id::FromBytes(bytes);
}

absl::Status StatusOf(const ledger::ApplyResult& result) {
  if (result.refusal == ledger::Refusal::kSealed) return absl::AbortedError(result.message);
  return result.ok() ? absl::OkStatus() : absl::FailedPreconditionError(result.message);
}

}  // namespace

// --- FakeControlLink ---

void FakeControlLink::Propose(ledger::Change change, Done done) {
  if (control_.hold_proposals_ && control_.answer_unavailable_) {
    answers_.push_back([done] { done(absl::UnavailableError("no majority")); });
    done = [](const absl::Status&) {};
  }
  control_.proposals_.push_back({this, std::move(change), std::move(done)});
}

void FakeControlLink::ChangeLibraries(ledger::LibrariesChanged change,
                                      std::vector<LibraryText> texts, Done done) {
  LibraryTexts known = *control_.libraries_;
  for (LibraryText& text : texts) known.emplace(LibraryDigestOf(*text), text);
  control_.libraries_ = std::make_shared<const LibraryTexts>(std::move(known));
  Propose(std::move(change), std::move(done));
}

absl::Status FakeControlLink::Meet(const std::string&, uint16_t, uint16_t) {
  return absl::UnimplementedError("a fake cluster does not grow by MEET");
}

void FakeControlLink::Reset(bool hard, Done done) {
  resets_.push_back(hard);
  Propose(ledger::MemberLeft{{self_, boot_}, /*forget=*/false}, std::move(done));
}

void FakeControlLink::RecoverQuorum(Done done) {
  done(absl::FailedPreconditionError("a fake cluster's voters are always there"));
}

bus::SendResult FakeControlLink::SendBulk(const slots::NodeId& to, std::string payload) {
  FakeControl::Channel& channel = control_.channels_[{self_, to}];
  if (channel.cut || !control_.links_.contains(to)) return bus::SendResult::kNotConnected;
  if (payload.size() > bus::kFrameBytesMax) return bus::SendResult::kTooBig;
  if (channel.frames.size() >= FakeControl::kBulkFramesMax) {
    channel.was_full = true;
    return bus::SendResult::kFull;
  }
  channel.frames.push_back(std::move(payload));
  return bus::SendResult::kQueued;
}

void FakeControlLink::Post(std::function<void()> task) { tasks_.push_back(std::move(task)); }

void FakeControlLink::TakePicture() {
  seen_ = control_.changes_;
  picture_ = control_.MakePicture(self_);
  if (on_picture_) on_picture_();
}

// --- FakeControl ---

namespace {

slots::NodeInfo InfoOf(uint64_t number) {
  slots::NodeInfo info;
  info.id = FakeControl::NodeIdOf(number);
  info.ip = "127.0.0.1";
  info.port = static_cast<uint16_t>(7000 + number);
  return info;
}

}  // namespace

FakeControl::FakeControl(uint64_t seed) : random_(seed) {
  CHECK(Apply(ledger::LogCreated{.log = IdOf<slots::LogId>(1),
                                 .created = absl::FromUnixSeconds(1700000000)})
            .ok());
}

slots::NodeId FakeControl::NodeIdOf(uint64_t number) { return IdOf<slots::NodeId>(number); }
slots::ShardId FakeControl::ShardIdOf(uint64_t number) { return IdOf<slots::ShardId>(number); }

FakeControlLink& FakeControl::AddLink(const slots::NodeId& id, slots::BootId boot) {
  auto& link = links_[id] = std::make_unique<FakeControlLink>(*this, id, boot);
  link->lease_.Set(/*tenure=*/0, kForever);
  link->own_info_ = *state_.map()->FindNode(id);
  return *link;
}

FakeControlLink& FakeControl::AddNode(uint64_t number, slots::BootId boot) {
  const slots::NodeId id = NodeIdOf(number);
  CHECK(Apply(ledger::MemberJoined{InfoOf(number), boot}).ok());
  CHECK(Apply(ledger::ShardCreated{ShardIdOf(number), {id, boot}}).ok());
  return AddLink(id, boot);
}

FakeControlLink& FakeControl::AddReplica(uint64_t number, uint64_t shard, slots::BootId boot) {
  const slots::NodeId id = NodeIdOf(number);
  CHECK(Apply(ledger::MemberJoined{InfoOf(number), boot}).ok());
  const slots::ShardInfo before = *state_.view().FindShard(ShardIdOf(shard));
  CHECK(Apply(ledger::ReplicaAssigned{{id, boot}, before.id, before.epoch}).ok());
  const slots::ShardInfo after = *state_.view().FindShard(before.id);
  CHECK(Apply(ledger::InSyncChanged{.shard = after.id,
                                    .expected_epoch = after.epoch,
                                    .expected_in_sync_version = after.in_sync_version,
                                    .in_sync = {{after.primary, after.primary_boot}, {id, boot}}})
            .ok());
  return AddLink(id, boot);
}

FakeControlLink& FakeControl::Restart(uint64_t number, slots::BootId boot) {
  const slots::NodeId id = NodeIdOf(number);
  const slots::NodeInfo info = *state_.map()->FindNode(id);
  CHECK(Apply(ledger::MemberUpdated{info, boot, state_.view().BootOf(id)}).ok());
  const slots::ShardInfo shard = *state_.view().FindShard(ShardIdOf(number));
  CHECK(Apply(ledger::PrimaryBooted{.shard = shard.id,
                                    .expected_epoch = shard.epoch,
                                    .expected_in_sync_version = shard.in_sync_version,
                                    .primary = {id, boot},
                                    .in_sync = {{id, boot}}})
            .ok());
  return AddLink(id, boot);
}

void FakeControl::Promote(uint64_t number, uint64_t shard) {
  const slots::ShardInfo* info = state_.view().FindShard(ShardIdOf(shard));
  const ledger::NodeBoot next{NodeIdOf(number), state_.view().BootOf(NodeIdOf(number))};
  CHECK(Apply(ledger::PrimaryChanged{.shard = info->id,
                                     .expected_epoch = info->epoch,
                                     .expected_in_sync_version = info->in_sync_version,
                                     .primary = next,
                                     .in_sync = {next}})
            .ok());
}

absl::Status FakeControl::Apply(const ledger::Change& change) {
  const ledger::ApplyResult result = state_.Apply({.proposal = {}, .change = change});
  state_.CheckInvariants();
  if (result.changed) Changed();
  return StatusOf(result);
}

std::shared_ptr<const ClusterPicture> FakeControl::MakePicture(const slots::NodeId& self) const {
  auto picture = std::make_shared<ClusterPicture>();
  picture->map = state_.map();
  picture->decided = std::make_shared<ledger::View>(state_.view());
  picture->libraries = libraries_;
  for (const slots::NodeInfo& node : state_.map()->data().nodes) {
    if (node.id == self) continue;
    PeerHealth& peer = picture->peers.emplace_back();
    peer.node = node.id;
    if (const auto health = health_.find(node.id); health != health_.end()) {
      peer.state = health->second;
    }
  }
  picture->data_missing =
      std::find(data_missing_.begin(), data_missing_.end(), self) != data_missing_.end();
  return picture;
}

bool FakeControl::RunOne() {
  std::vector<std::function<void()>> next;
  for (auto& [id, link] : links_) {
    FakeControlLink* node = link.get();
    if (node->seen_ != changes_ && !node->frozen_picture_) {
      next.push_back([node] { node->TakePicture(); });
    }
    const auto run_first = [](std::deque<std::function<void()>>& tasks) {
      const std::function<void()> task = std::move(tasks.front());
      tasks.pop_front();
      task();
    };
    if (!node->tasks_.empty()) next.push_back([=] { run_first(node->tasks_); });
    if (!node->answers_.empty() && !node->frozen_picture_) {
      next.push_back([=] { run_first(node->answers_); });
    }
  }
  for (auto& [pair, channel] : channels_) {
    if (channel.frames.empty()) continue;
    next.push_back([this, &pair = pair, &channel = channel] { DeliverFrame(pair, channel); });
  }
  if (!proposals_.empty() && !hold_proposals_) {
    next.push_back([this] {
      Proposal proposal = std::move(proposals_.front());
      proposals_.pop_front();
      Decide(std::move(proposal));
    });
  }
  if (next.empty()) return false;
  next[Below(next.size())]();
  return true;
}

bool FakeControl::RunUntil(const std::function<bool()>& done, int max) {
  for (int i = 0; i < max; ++i) {
    if (done()) return true;
    if (!RunOne()) return done();
  }
  return done();
}

void FakeControl::DeliverFrame(const Pair& pair, Channel& channel) {
  const std::string frame = std::move(channel.frames.front());
  channel.frames.pop_front();
  ++frames_delivered_;
  const auto from = links_.find(pair.first);
  const auto to = links_.find(pair.second);
  if (to != links_.end() && to->second->bulk_.on_frame && from != links_.end()) {
    to->second->bulk_.on_frame(pair.first, from->second->boot_, frame);
  }
  if (channel.was_full && channel.frames.size() <= kBulkFramesMax / 2) {
    channel.was_full = false;
    if (from != links_.end()) {
      from->second->Post([link = from->second.get(), peer = pair.second] {
        if (link->bulk_.on_writable) link->bulk_.on_writable(peer);
      });
    }
  }
}

void FakeControl::Decide(Proposal proposal) {
  const absl::Status status = Apply(proposal.change);
  if (proposal.from == nullptr) return;
  const bool lost = lose_answers_ > 0 && Below(lose_answers_) == 0;
  const absl::Status answer = lost ? absl::UnavailableError("no answer in time") : status;
  proposal.from->answers_.push_back(
      [link = proposal.from, done = std::move(proposal.done), answer] {
        // What was decided shows in the picture by the time of the answer.
        if (!absl::IsUnavailable(answer)) link->TakePicture();
        done(answer);
      });
}

void FakeControl::Lose(Channel& channel, const Pair& pair) {
  channel.frames.clear();
  channel.was_full = false;
  for (const auto& [node, other] : {pair, Pair{pair.second, pair.first}}) {
    const auto link = links_.find(node);
    if (link == links_.end()) continue;
    link->second->Post([to = link->second.get(), peer = other] {
      if (to->bulk_.on_lost) to->bulk_.on_lost(peer);
    });
  }
}

void FakeControl::BreakLink(const slots::NodeId& a, const slots::NodeId& b) {
  for (const Pair& pair : {Pair{a, b}, Pair{b, a}}) Lose(channels_[pair], pair);
}

void FakeControl::Cut(const slots::NodeId& a, const slots::NodeId& b, bool cut) {
  for (const Pair& pair : {Pair{a, b}, Pair{b, a}}) channels_[pair].cut = cut;
  if (cut) BreakLink(a, b);
}

void FakeControl::Kill(const slots::NodeId& node) {
  const auto link = links_.find(node);
  CHECK(link != links_.end());
  link->second->tasks_.clear();
  link->second->answers_.clear();
  link->second->bulk_ = {};
  link->second->on_picture_ = nullptr;
  // Its proposals may be on their way; whoever asked is gone.
  for (Proposal& proposal : proposals_) {
    if (proposal.from == link->second.get()) proposal.from = nullptr;
  }
  gone_.push_back(std::move(link->second));
  links_.erase(link);
  for (auto& [pair, channel] : channels_) {
    if (pair.first == node || pair.second == node) Lose(channel, pair);
  }
}

void FakeControl::SetHealth(const slots::NodeId& node, gossip::State health) {
  health_[node] = health;
  Changed();
}

void FakeControl::HoldProposals(bool hold, bool answer_unavailable) {
  hold_proposals_ = hold;
  answer_unavailable_ = answer_unavailable;
}

void FakeControl::FreezePicture(const slots::NodeId& node, bool freeze) {
  links_.at(node)->frozen_picture_ = freeze;
}

}  // namespace slotmesh::node
