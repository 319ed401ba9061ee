#include "node/cluster/control/join.h"

#include <algorithm>

#include "slots/strings.h"

namespace slotmesh::node {
bool IsBare(const Join::Own& own) {
  if (own.view->members.size() != 1 || own.has_keys || own.view->seal.has_value()) return false;
  return std::all_of(own.view->map.shards.begin(), own.view->map.shards.end(),
                     [](const slots::ShardInfo& shard) { return shard.slots.empty(); });
}

Join::Target* Join::FindTarget(const std::string& address) {
  const auto found =
      std::find_if(targets_.begin(), targets_.end(),
                   [&address](const Target& target) { return target.address == address; });
  return found == targets_.end() ? nullptr : &*found;
}

absl::Status Join::Meet(const std::string& address, bool only_follow, absl::Time now) {
  const absl::Time give_up = now + (only_follow ? kFollowWithin : kGiveUpAfter);
  if (Target* target = FindTarget(address)) {
    target->give_up = std::max(target->give_up, give_up);
    target->only_follow = target->only_follow && only_follow;
    return absl::OkStatus();
  }
  if (targets_.size() >= kTargetsMax) {
    return absl::ResourceExhaustedError("Too many MEETs are under way: try again later");
  }
  targets_.push_back({address, only_follow, give_up});
  return absl::OkStatus();
}

void Join::LogChanged(slots::NodeId self) {
  self_ = self;
  stage_ = Stage::kIdle;
  sealed_at_ = 0;
  ask_at_ = absl::InfiniteFuture();
  for (Target& target : targets_) target.next_try = absl::InfinitePast();
}

absl::Time Join::NextDeadline() const {
  if (deciding()) return decide_by_;
  if (stage_ != Stage::kIdle) return absl::InfiniteFuture();
  absl::Time next = ask_at_;
  for (const Target& target : targets_) next = std::min(next, target.next_try);
  return next;
}

// Whoever sealed the log asks at once; the others when that one had its time.
void Join::NoticeSeal(const Own& own, absl::Time now) {
  const uint64_t at = own.view->seal.has_value() ? own.view->seal->at : 0;
  if (at == sealed_at_) return;
  sealed_at_ = at;
  next_address_ = 0;
  ask_at_ =
      at == 0 || own.view->seal->addresses.empty() ? absl::InfiniteFuture() : now + kTakeOverAfter;
}

void Join::Step(const Own& own, absl::Time now, std::vector<JoinAction>* out) {
  NoticeSeal(own, now);
  if (deciding() && now >= decide_by_) {
    stage_ = Stage::kIdle;
    TryLater(now);
  }
  if (stage_ != Stage::kIdle) return;
  if (now >= ask_at_) {
    const std::vector<std::string>& addresses = own.view->seal->addresses;
    return AskToBeTaken(own, addresses[next_address_++ % addresses.size()], out);
  }
  std::erase_if(targets_, [&](const Target& target) {
    const bool over = now >= target.give_up;
    if (over && !target.only_follow) {
      out->push_back(NoteAction{StrCat("Gave up joining with ", target.address)});
    }
    return over;
  });
  for (const Target& target : targets_) {
    if (now < target.next_try) continue;
    current_ = target.address;
    only_follow_ = target.only_follow;
    stage_ = Stage::kHello;
    return SayHello(own, current_, out);
  }
}

void Join::SayHello(const Own& own, const std::string& address, std::vector<JoinAction>* out) {
  HelloRequest request{self_, own.log, {}};
  if (own.view->seal.has_value()) request.sealed_into = own.view->seal->into;
  out->push_back(AskAction{address, std::string(kAskHello), Encode(request)});
}

void Join::OnAnswer(const Own& own, absl::Time now, const absl::StatusOr<std::string>& answer,
                    std::vector<JoinAction>* out) {
  const Stage stage = std::exchange(stage_, Stage::kIdle);
  NoticeSeal(own, now);
  if (stage == Stage::kAsking) {
    ask_at_ = sealed_at_ == 0 ? absl::InfiniteFuture() : now + kRetry;
    const absl::StatusOr<JoinAnswer> joined =
        answer.ok() ? DecodeJoinAnswer(*answer) : answer.status();
    TryLater(now);
    if (joined.ok()) OnJoinAnswer(now, *joined, out);
    return;
  }
  const bool hello_due = stage == Stage::kHello || stage == Stage::kCheckingKeys;
  const absl::StatusOr<Hello> hello =
      answer.ok() && hello_due ? DecodeHello(*answer) : absl::UnknownError("");
  if (!hello.ok()) return TryLater(now);
  if (stage == Stage::kHello) return OnHello(own, now, *hello, out);
  OnMember(own, now, *hello, out);
}

void Join::OnHello(const Own& own, absl::Time now, const Hello& hello,
                   std::vector<JoinAction>* out) {
  if (hello.node == self_) return DropTarget();
  const bool was_member = own.view->BootOf(self_) != 0;
  if (hello.log == own.log) {
    const bool later = hello.sequence > own.view->map.version.sequence;
    if (!hello.member && was_member && later) {
      out->push_back(LeaveAction{});
    } else {
      out->push_back(FoundAction{{hello.node, current_}});
    }
    return DropTarget();
  }
  if (hello.ended) {
    out->push_back(LeaveAction{});
    return;
  }
  if (hello.joined) {
    // A member of a log that was taken in is a member of the other, unless it has been taken out.
    if (!hello.member) {
      out->push_back(LeaveAction{});
      return DropTarget();
    }
    out->push_back(FollowAction{hello.log, hello.sequence, hello.peers});
    return;
  }
  if (own.view->seal.has_value()) {
    if (hello.takes_seal) return AskToBeTaken(own, current_, out);
    return TryLater(now);
  }
  if (only_follow_) return TryLater(now);
  Approach(own, now, hello, out);
}

void Join::Approach(const Own& own, absl::Time now, const Hello& hello,
                    std::vector<JoinAction>* out) {
  // It does not know yet that its log has ended. When it asks who is here, it hears.
  const bool ended = own.ended != nullptr &&
                     std::find(own.ended->begin(), own.ended->end(), hello.log) != own.ended->end();
  if (ended) return AskToMeet(hello, out);
  if (!hello.decides || own.begins) return TryLater(now);
  const bool bare = IsBare(own);
  const bool older = ledger::IsOlderLog(own.view->created, own.log, hello.created, hello.log);
  if (bare && !hello.bare && older) {
    if (own.busy || !own.settled) return TryLater(now);
    out->push_back(RenewAction{hello.created});
    return;
  }
  if (older || (hello.bare && !bare)) return AskToMeet(hello, out);
  other_ = hello;
  unchecked_.clear();
  for (const slots::NodeInfo& node : own.view->map.nodes) {
    if (node.id != self_) unchecked_.push_back(BusAddress(node));
  }
  CheckNextMember(own, now, out);
}

void Join::AskToMeet(const Hello& hello, std::vector<JoinAction>* out) {
  stage_ = Stage::kAskedToMeet;
  const MeetRequest request{.address = own_address_, .wanted = hello.node};
  out->push_back(AskAction{current_, std::string(kAskMeet), Encode(request)});
}

void Join::CheckNextMember(const Own& own, absl::Time now, std::vector<JoinAction>* out) {
  if (unchecked_.empty()) return Seal(own, now, out);
  stage_ = Stage::kCheckingKeys;
  SayHello(own, unchecked_.back(), out);
  unchecked_.pop_back();
}

void Join::OnMember(const Own& own, absl::Time now, const Hello& hello,
                    std::vector<JoinAction>* out) {
  if (hello.log != own.log || own.view->seal.has_value()) return TryLater(now);
  if (!hello.has_keys) return CheckNextMember(own, now, out);
  out->push_back(NoteAction{StrCat("Cannot join the cluster at ", current_,
                                   ": this cluster is the younger one, has several members and "
                                   "owns keys (node ",
                                   hello.node.ToHex(), ")")});
  DropTarget();
}

void Join::Seal(const Own& own, absl::Time now, std::vector<JoinAction>* out) {
  stage_ = Stage::kSealing;
  decide_by_ = now + kDecideWithin;
  ledger::LogSealed seal{other_.log, other_.created, own.has_keys, {current_}};
  for (const KnownPeer& peer : other_.peers) {
    if (seal.addresses.size() >= ledger::kSealAddressesMax) break;
    if (peer.address != current_) seal.addresses.push_back(peer.address);
  }
  out->push_back(ProposeAction{std::move(seal)});
}

void Join::OnDecided(const Own& own, absl::Time now, const ledger::ApplyResult& result,
                     std::vector<JoinAction>* out) {
  if (!deciding()) return;
  const Stage stage = std::exchange(stage_, Stage::kIdle);
  NoticeSeal(own, now);
  if (stage == Stage::kUnsealing) return;  // If it did not come to be, the seal is seen again.
  if (result.ok()) {
    const bool ours = own.view->seal.has_value() && own.view->seal->into == other_.log;
    return ours ? AskToBeTaken(own, current_, out) : TryLater(now);
  }
  // Sealed into another log already: that join goes first. Anything else is final.
  if (result.refusal == ledger::Refusal::kUnknownOutcome ||
      result.refusal == ledger::Refusal::kTooMany || result.refusal == ledger::Refusal::kSealed) {
    return TryLater(now);
  }
  out->push_back(NoteAction{StrCat("Cannot join the cluster at ", current_, ": ", result.message)});
  DropTarget();
}

void Join::AskToBeTaken(const Own& own, std::string address, std::vector<JoinAction>* out) {
  stage_ = Stage::kAsking;
  current_ = std::move(address);
  asked_ = *own.view->seal;
  const JoinRequest request{own.view->seal->into,
                            ledger::EncodeEntry({{}, ledger::JoinEntry(*own.view)})};
  out->push_back(AskAction{current_, std::string(kAskJoin), Encode(request)});
}

void Join::OnJoinAnswer(absl::Time now, const JoinAnswer& answer, std::vector<JoinAction>* out) {
  if (answer.refusal == ledger::Refusal::kNone) {
    out->push_back(FollowAction{answer.log, answer.sequence, answer.peers});
    return;
  }
  if (answer.ended) {
    out->push_back(LeaveAction{});
    return;
  }
  if (!answer.for_good) return;
  out->push_back(NoteAction{
      StrCat("The cluster at ", current_, " refuses to take this one in: ", answer.message)});
  DropTarget();
  stage_ = Stage::kUnsealing;
  decide_by_ = now + kDecideWithin;
  out->push_back(ProposeAction{ledger::LogUnsealed{asked_.into, asked_.at}});
}

void Join::TryLater(absl::Time now) {
  if (Target* target = FindTarget(current_)) target->next_try = now + kRetry;
}

void Join::DropTarget(const std::string& address) {
  std::erase_if(targets_, [&address](const Target& target) { return target.address == address; });
}

}  // namespace slotmesh::node
