#include "node/cluster/control/control_node.h"

#include <algorithm>
#include <utility>

#include "gossip/bus/codec.h"
#include "slots/ledger/ledger_driver.h"
#include "slots/ledger/map_codec.h"
#include "slots/strings.h"

namespace slotmesh::node {

ControlNode::ControlNode(const ControlOptions& options, const Files& files, absl::Time now,
                         absl::BitGenRef random)
    : options_(options),
      file_(files.file),
      storage_(files.storage),
      library_disk_(files.libraries),
      random_(random),
      now_(now),
      began_(now) {}

absl::StatusOr<std::unique_ptr<ControlNode>> ControlNode::Open(const ControlOptions& options,
                                                               const Files& files, absl::Time now,
                                                               absl::BitGenRef random,
                                                               ControlOutput* out) {
  std::unique_ptr<ControlNode> node(new ControlNode(options, files, now, random));
  const absl::Status status = node->Begin(now, out);
  if (!status.ok()) return status;
  return node;
}

absl::Status ControlNode::Begin(absl::Time now, ControlOutput* out) {
  absl::StatusOr<std::optional<NodeRecord>> record = file_.Load();
  if (!record.ok()) return record.status();
  const absl::StatusOr<ledger::StoredLog> stored = storage_.Load();
  if (!stored.ok()) return stored.status();
  const bool empty = stored->server == 0;
  if (record->has_value()) {
    record_ = **std::move(record);
  } else if (!empty) {
    return absl::DataLossError(
        StrCat("the ledger's folder holds log ", stored->log.ToHex(),
               ", but the file that says which node this is is missing. Restore it from a copy, or "
               "take the node out of its cluster, empty its directory and let it join anew."));
  } else {
    record_.id = slots::NodeId::Random(random_);
    record_.log = slots::LogId::Random(random_);
    record_.founder = true;
    const absl::Status saved = file_.Save(record_);
    if (!saved.ok()) return saved;
    out->notes.push_back(StrCat("No cluster configuration found, I'm ", record_.id.ToHex()));
  }
  if (record_.founder && record_.begun && (empty || stored->log != record_.log)) {
    // The log goes on elsewhere, or nowhere: it cannot be begun a second time (SAFETY 10).
    if (record_.peers.empty()) {
      return absl::DataLossError(StrCat(
          "the ledger's folder does not hold log ", record_.log.ToHex(),
          ", which this node began. Restore it from a copy, or empty the node's directory."));
    }
    record_.founder = false;
  }
  options_.info.id = record_.id;
  absl::StatusOr<std::unique_ptr<LibraryStore>> libraries =
      LibraryStore::Open(library_disk_, &out->notes);
  if (!libraries.ok()) return libraries.status();
  libraries_ = *std::move(libraries);
  courier_ = std::make_unique<LibraryCourier>(*libraries_, random_);
  OpenGossip(now);
  join_ = std::make_unique<Join>(record_.id, own_address());
  peers_ = record_.peers;
  for (const KnownPeer& peer : peers_) out->peers.push_back({peer.node, peer.address, true});
  absl::Status status = OpenLog(now, out);
  if (!status.ok()) return status;
  status = TakeMap(out);
  if (!status.ok()) return status;
  return Step(now, TimePassed{}, out);
}

void ControlNode::OpenGossip(absl::Time now) {
  gossip::Options gossip;
  gossip.self = record_.id;
  gossip.boot = options_.boot;
  gossip.first_incarnation = std::max<int64_t>(1, absl::ToUnixMillis(now));
  gossip.node_timeout = options_.node_timeout;
  gossip_ = std::make_unique<gossip::Machine>(gossip, now, random_);
}

absl::Status ControlNode::OpenLog(absl::Time now, ControlOutput* out) {
  ledger::LedgerOptions options;
  options.self = record_.id;
  options.boot = options_.boot;
  options.node_timeout = options_.node_timeout;
  options.info = options_.info;
  options.created = absl::FromUnixMicros(
      absl::ToUnixMicros(std::max(now, created_after_ + absl::Microseconds(1))));
  if (ledger_ != nullptr) options.tickets_used = ledger_->last_ticket();
  options.mode = record_.founder ? ledger::Mode::kCreate : ledger::Mode::kFollow;
  for (const KnownPeer& peer : record_.peers) options.seeds.push_back(peer.node);
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::vector<std::string> notes;
    absl::StatusOr<std::unique_ptr<ledger::Ledger>> opened =
        ledger::OpenLedger(options, record_.log, storage_, now, random_, &notes);
    out->notes.insert(out->notes.end(), notes.begin(), notes.end());
    if (!opened.ok()) return opened.status();
    ledger_ = *std::move(opened);
    if (ledger_->log() == record_.log) break;
    // A crash came between noting the log to be of and giving up the one before.
    const absl::Status discarded = storage_.Discard();
    if (!discarded.ok()) return discarded;
  }
  out->log = ledger_->log();
  return absl::OkStatus();
}

absl::Status ControlNode::Step(absl::Time now, const ControlInput& input, ControlOutput* out) {
  now_ = std::max(now_, now);
  const size_t sends = out->sends.size();
  const size_t answers = out->answers.size();
  const bool from_others =
      std::holds_alternative<FrameCame>(input) || std::holds_alternative<AskedBy>(input);
  const absl::Status status =
      StepAll(engine_silent_ && from_others ? ControlInput(TimePassed{}) : input, out);
  if (engine_silent_) {
    out->sends.erase(out->sends.begin() + static_cast<ptrdiff_t>(sends), out->sends.end());
    out->answers.erase(out->answers.begin() + static_cast<ptrdiff_t>(answers), out->answers.end());
  }
  return status;
}

absl::Status ControlNode::StepAll(const ControlInput& input, ControlOutput* out) {
  absl::Status status = std::visit([&](const auto& what) { return On(what, out); }, input);
  if (!status.ok()) return status;
  status = StepLedger(ledger::TickInput{}, out);
  if (!status.ok()) return status;
  status = MindGeneration(out);
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
  status = MindVoters(out);
  if (!status.ok()) return status;
  status = MindSelf(out);
  if (!status.ok()) return status;
  status = MindFailover(out);
  if (!status.ok()) return status;
  status = MindLibraries(out);
  if (!status.ok()) return status;
  MindMembership(out);
  MindLease(out);
  MindMajority(out);
  if (gossip_->view().isolated()) picture_dirty_ = true;
  Publish(/*now=*/false, out);
  return ledger_->status();
}

absl::Time ControlNode::NextDeadline() const {
  absl::Time next =
      std::min({ledger_->NextDeadline(), gossip_->NextDeadline(), join_->NextDeadline(),
                courier_->NextDeadline(), voters_at_, membership_at_, failover_at_});
  if (has_majority_) next = std::min(next, majority_seen_ + options_.node_timeout);
  if (picture_dirty_) next = std::min(next, picture_at_ + kPictureInterval);
  return next;
}

absl::Status ControlNode::On(const FrameCame& input, ControlOutput* out) {
  const bus::Frame& frame = input.frame;
  switch (frame.kind) {
    case bus::FrameKind::kGossip: {
      // Whoever is of another log is not there for this one: neither side may count on the other.
      if (frame.log != ledger_->log()) return absl::OkStatus();
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
    const absl::StatusOr<HelloRequest> request = DecodeHelloRequest(input.payload);
    if (!request.ok()) return answer(request.status());
    // Who is of the same log only wants to know that this node is here.
    if (ledger_->map()->version().log.is_zero() && request->log != ledger_->log()) {
      return answer(absl::UnavailableError("this node knows nothing of its cluster yet"));
    }
    if (request->log != ledger_->log()) ++meets_received_;
    return answer(Encode(AnswerHello(*request)));
  }
  if (input.method == kAskMeet) {
    const absl::StatusOr<MeetRequest> request = DecodeMeetRequest(input.payload);
    if (!request.ok()) return answer(request.status());
    if (!request->wanted.is_zero() && request->wanted != record_.id) {
      return answer(absl::FailedPreconditionError("another node is meant"));
    }
    if (!request->only_follow) ++meets_received_;
    const absl::Status accepted = join_->Meet(request->address, request->only_follow, now_);
    return accepted.ok() ? answer(std::string()) : answer(accepted);
  }
  if (input.method == kAskJoin) {
    const absl::StatusOr<JoinRequest> request = DecodeJoinRequest(input.payload);
    if (!request.ok()) return answer(request.status());
    return AnswerJoin(input.call, *request, out);
  }
  if (input.method == kAskKeepLibraries || input.method == kAskLibrary) {
    return AnswerCourier(input, out);
  }
  return answer(absl::UnimplementedError(StrCat("unknown question: ", input.method)));
}

absl::Status ControlNode::On(const Answered& input, ControlOutput* out) {
  if (courier_->OnAnswer(now_, input.ask, input.answer)) return absl::OkStatus();
  if (input.ask != join_ask_ || join_ask_ == 0) return absl::OkStatus();
  join_ask_ = 0;
  std::vector<JoinAction> actions;
  join_->OnAnswer(OwnLog(), now_, input.answer, &actions);
  return RunJoin(std::move(actions), out);
}

absl::Status ControlNode::On(const ProposeChange& input, ControlOutput* out) {
  NoteOffer(input);
  return Propose(input.change, ForCaller{input.ticket}, out);
}

absl::Status ControlNode::On(const MeetNode& input, ControlOutput* out) {
  ++meets_sent_;
  const absl::Status accepted = join_->Meet(input.address, /*only_follow=*/false, now_);
  if (!accepted.ok()) out->notes.push_back(std::string(ToStd(accepted.message())));
  return absl::OkStatus();
}

absl::Status ControlNode::On(const ResetNode& input, ControlOutput* out) {
  const ledger::View& view = ledger_->view();
  const slots::BootId boot = view.BootOf(record_.id);
  // A cluster that cannot decide keeps nobody from becoming another node: for it this one is dead.
  if (input.hard && !has_majority_ && !view.members.empty()) {
    const absl::Status anew = BeginAnew(/*hard=*/true, out);
    if (anew.ok()) out->decided.push_back({input.ticket, absl::OkStatus()});
    return anew;
  }
  if (view.members.size() > 1 && boot != 0) {
    return Propose(ledger::MemberLeft{{record_.id, boot}, /*forget=*/false},
                   ForReset{input.ticket, input.hard}, out);
  }
  // A log that has only just been begun, after it was forgotten maybe, has nobody else.
  if (view.members.empty() && record_.founder && !record_.begun) {
    const absl::Status anew = input.hard ? BeginAnew(/*hard=*/true, out) : absl::OkStatus();
    if (anew.ok()) out->decided.push_back({input.ticket, absl::OkStatus()});
    return anew;
  }
  const bool sealed = view.seal.has_value() && !input.hard;
  if (view.members.empty() || sealed || !ledger_->leadership().settled) {
    out->decided.push_back(
        {input.ticket,
         absl::AbortedError("ERR This node's cluster is just forming or joining another one: try "
                            "again")});
    return absl::OkStatus();
  }
  const absl::Status anew = BeginAnew(input.hard, out);
  if (anew.ok()) out->decided.push_back({input.ticket, absl::OkStatus()});
  return anew;
}

absl::Status ControlNode::On(const AnnounceSelf& input, ControlOutput*) {
  options_.info = input.info;
  options_.info.id = record_.id;
  join_->AddressChanged(own_address());
  self_proposal_after_ = absl::InfinitePast();
  return absl::OkStatus();
}

absl::Status ControlNode::On(const LocalState& input, ControlOutput* out) {
  local_ = input;
  TellOfSelf(out);
  return absl::OkStatus();
}

absl::Status ControlNode::On(const EngineSilent& input, ControlOutput* out) {
  engine_silent_ = input.silent;
  out->notes.push_back(input.silent ? "The engine has been at one thing for long: this node is "
                                      "silent until it goes on, so that another can take over"
                                    : "The engine goes on, and this node speaks again");
  return absl::OkStatus();
}

absl::Status ControlNode::On(const LeaseGivenUp& input, ControlOutput* out) {
  if (!input.given_up) {
    ledger_->ReclaimLease();
    return absl::OkStatus();
  }
  ledger::LedgerOutput done;
  ledger_->ReleaseLease(now_, &done);
  return Perform(&done, out);
}

absl::Status ControlNode::On(const DataAccepted&, ControlOutput*) {
  data_accepted_ = true;
  self_proposal_after_ = absl::InfinitePast();
  return absl::OkStatus();
}

}  // namespace slotmesh::node
