#include "node/cluster/control/control_node.h"

#include <algorithm>
#include <utility>

#include "gossip/bus/codec.h"
#include "slots/ledger/ledger_driver.h"
#include "slots/ledger/map_codec.h"
#include "slots/strings.h"

namespace slotmesh::node {

ControlNode::ControlNode(const ControlOptions& options, NodeFile& file, ledger::Storage& storage,
                         absl::Time now, absl::BitGenRef random)
    : options_(options), file_(file), storage_(storage), random_(random), now_(now) {}

absl::StatusOr<std::unique_ptr<ControlNode>> ControlNode::Open(
    const ControlOptions& options, NodeFile& file, ledger::Storage& storage, absl::Time now,
    absl::BitGenRef random, ControlOutput* out) {
  std::unique_ptr<ControlNode> node(new ControlNode(options, file, storage, now, random));
  const absl::Status status = node->Begin(now, out);
  if (!status.ok()) return status;
  return node;
}

absl::Status ControlNode::Begin(absl::Time now, ControlOutput* out) {
  absl::StatusOr<std::optional<NodeRecord>> record = file_.Load();
  if (!record.ok()) return record.status();
  if (record->has_value()) {
    record_ = **std::move(record);
  } else {
    record_.id = slots::NodeId::Random(random_);
    const absl::Status saved = file_.Save(record_);
    if (!saved.ok()) return saved;
    out->notes.push_back(StrCat("No cluster configuration found, I'm ", record_.id.ToHex()));
  }
  options_.info.id = record_.id;
  gossip::Options gossip;
  gossip.self = record_.id;
  gossip.boot = options_.boot;
  gossip.first_incarnation = std::max<int64_t>(1, absl::ToUnixMillis(now));
  gossip.node_timeout = options_.node_timeout;
  gossip_ = std::make_unique<gossip::Machine>(gossip, now, random_);
  join_ = std::make_unique<Join>(record_.id, StrCat(options_.info.ip, ":", options_.info.bus_port));
  peers_ = record_.peers;
  for (const KnownPeer& peer : peers_) out->peers.push_back({peer.node, peer.address, true});
  absl::Status status = OpenLog(now, out);
  if (!status.ok()) return status;
  if (record_.joining.has_value()) join_->Resume(*record_.joining, now);
  status = TakeMap(out);
  if (!status.ok()) return status;
  return Step(now, TimePassed{}, out);
}

absl::Status ControlNode::OpenLog(absl::Time now, ControlOutput* out) {
  ledger::LedgerOptions options;
  options.self = record_.id;
  options.boot = options_.boot;
  options.node_timeout = options_.node_timeout;
  options.info = options_.info;
  options.created = absl::FromUnixMicros(absl::ToUnixMicros(now));
  const bool follows = !record_.follows.is_zero();
  options.mode = follows ? ledger::Mode::kFollow : ledger::Mode::kCreate;
  for (const KnownPeer& peer : record_.peers) options.seeds.push_back(peer.node);
  const slots::LogId log = follows ? record_.follows : slots::LogId::Random(random_);
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::vector<std::string> notes;
    absl::StatusOr<std::unique_ptr<ledger::Ledger>> opened =
        ledger::OpenLedger(options, log, storage_, now, random_, &notes);
    out->notes.insert(out->notes.end(), notes.begin(), notes.end());
    if (!opened.ok()) return opened.status();
    ledger_ = *std::move(opened);
    if (!follows || ledger_->log() == record_.follows) break;
    // A crash came between noting the log to follow and giving up the own one.
    const absl::Status discarded = storage_.Discard();
    if (!discarded.ok()) return discarded;
  }
  out->log = ledger_->log();
  return absl::OkStatus();
}

absl::Status ControlNode::Step(absl::Time now, const ControlInput& input, ControlOutput* out) {
  now_ = std::max(now_, now);
  absl::Status status = std::visit([&](const auto& what) { return On(what, out); }, input);
  if (!status.ok()) return status;
  status = StepLedger(ledger::TickInput{}, out);
  if (!status.ok()) return status;
  StepGossip(gossip::Tick{}, out);
  if (newer_map_.has_value()) {
    status = StepLedger(*std::exchange(newer_map_, std::nullopt), out);
    if (!status.ok()) return status;
  }
  std::vector<JoinAction> actions;
  join_->Step(OwnLog(), now_, &actions);
  status = RunJoin(std::move(actions), out);
  if (!status.ok()) return status;
  TellOthers(out);
  status = MindVoters(out);
  if (!status.ok()) return status;
  status = MindSelf(out);
  if (!status.ok()) return status;
  MindLease(out);
  MindMajority(out);
  Publish(/*now=*/false, out);
  return ledger_->status();
}

absl::Time ControlNode::NextDeadline() const {
  absl::Time next = std::min(
      {ledger_->NextDeadline(), gossip_->NextDeadline(), join_->NextDeadline(), voters_at_});
  if (has_majority_) next = std::min(next, majority_seen_ + options_.node_timeout);
  if (picture_dirty_) next = std::min(next, picture_at_ + kPictureInterval);
  return next;
}

absl::Status ControlNode::On(const FrameCame& input, ControlOutput* out) {
  const bus::Frame& frame = input.frame;
  switch (frame.kind) {
    case bus::FrameKind::kGossip: {
      absl::StatusOr<gossip::Message> message = bus::DecodeGossip(frame.payload);
      if (!message.ok()) break;
      picture_dirty_ = true;
      StepGossip(gossip::Received{input.sender.node, *std::move(message)}, out);
      // A member that has not been heard of yet may be whom the voters' leader waits for.
      if (ledger_->leadership().leader == record_.id && map().FindNode(input.sender.node) &&
          !std::binary_search(told_alive_.begin(), told_alive_.end(), input.sender.node)) {
        voters_at_ = now_;
      }
      return absl::OkStatus();
    }
    case bus::FrameKind::kLedger:
      if (frame.log != ledger_->log()) break;
      return StepLedger(ledger::PeerInput{input.sender.node, frame.payload}, out);
    case bus::FrameKind::kLease:  // Leases are the ledger's own messages.
    case bus::FrameKind::kMapRequest:
    case bus::FrameKind::kMapReply:
    case bus::FrameKind::kMigration:
    case bus::FrameKind::kProposal:
    case bus::FrameKind::kProposalReply:
    case bus::FrameKind::kPubSub:
      break;
  }
  ++bad_frames_;
  return absl::OkStatus();
}

absl::Status ControlNode::On(const LinkChanged& input, ControlOutput* out) {
  picture_dirty_ = true;
  if (input.up) {
    linked_since_.emplace(input.peer, now_);
    StepGossip(gossip::LinkUp{input.peer}, out);
  } else {
    linked_since_.erase(input.peer);
    StepGossip(gossip::LinkDown{input.peer}, out);
  }
  return absl::OkStatus();
}

absl::Status ControlNode::On(const AskedBy& input, ControlOutput* out) {
  const auto answer = [&](absl::StatusOr<std::string> text) {
    out->answers.push_back({input.call, std::move(text)});
    return absl::OkStatus();
  };
  if (input.method == kAskHello) {
    ++meets_received_;
    return answer(Encode(Hello{record_.id, ledger_->log(), ledger_->view().created}));
  }
  if (input.method == kAskMeet) {
    const absl::StatusOr<MeetRequest> request = DecodeMeetRequest(input.payload);
    if (!request.ok()) return answer(request.status());
    ++meets_received_;
    const absl::Status accepted = join_->Meet(request->address, now_);
    return accepted.ok() ? answer(std::string()) : answer(accepted);
  }
  if (input.method == kAskJoin) {
    const absl::StatusOr<ledger::Entry> entry = ledger::DecodeEntry(input.payload);
    if (!entry.ok()) return answer(entry.status());
    if (!std::holds_alternative<ledger::LogJoined>(entry->change)) {
      return answer(absl::InvalidArgumentError("join: not a log that joins"));
    }
    return Propose(entry->change, ForJoiner{input.call}, out);
  }
  if (input.method == kAskFollow) {
    const absl::StatusOr<FollowRequest> request = DecodeFollowRequest(input.payload);
    if (!request.ok()) return answer(request.status());
    // Asked once the other log has taken this one in. The seal itself may not have been heard of
    // here yet.
    if (request->sealed != ledger_->log()) {
      return answer(absl::FailedPreconditionError("this node is of another log"));
    }
    out->answers.push_back({input.call, std::string()});
    return Follow(*request, /*tell_others=*/false, out);
  }
  return answer(absl::UnimplementedError(StrCat("unknown question: ", input.method)));
}

absl::Status ControlNode::On(const Answered& input, ControlOutput* out) {
  if (input.ask != join_ask_ || join_ask_ == 0) return absl::OkStatus();
  join_ask_ = 0;
  std::vector<JoinAction> actions;
  join_->OnAnswer(OwnLog(), now_, input.answer, &actions);
  return RunJoin(std::move(actions), out);
}

absl::Status ControlNode::On(const ProposeChange& input, ControlOutput* out) {
  return Propose(input.change, ForCaller{input.ticket}, out);
}

absl::Status ControlNode::On(const MeetNode& input, ControlOutput* out) {
  ++meets_sent_;
  const absl::Status accepted = join_->Meet(input.address, now_);
  if (!accepted.ok()) out->notes.push_back(std::string(ToStd(accepted.message())));
  return absl::OkStatus();
}

absl::Status ControlNode::On(const LocalState& input, ControlOutput* out) {
  local_ = input;
  StepGossip(gossip::LocalChange{ledger_->leadership().term, input.replication_offset,
                                 input.load_permille},
             out);
  return absl::OkStatus();
}

absl::Status ControlNode::On(const AcceptEmpty&, ControlOutput*) {
  accept_empty_ = true;
  self_proposal_after_ = absl::InfinitePast();
  return absl::OkStatus();
}

}  // namespace slotmesh::node
