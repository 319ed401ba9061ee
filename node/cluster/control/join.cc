#include "node/cluster/control/join.h"

#include <algorithm>
#include <utility>

#include "slots/strings.h"

namespace slotmesh::node {

absl::Status Join::Meet(const std::string& address, absl::Time now) {
  const absl::Time give_up = now + kGiveUpAfter;
  for (Target& target : targets_) {
    if (target.address != address) continue;
    target.give_up = give_up;
    return absl::OkStatus();
  }
  if (targets_.size() >= kTargetsMax) {
    return absl::ResourceExhaustedError("Too many MEETs are under way: try again later");
  }
  targets_.push_back({address, give_up});
  return absl::OkStatus();
}

void Join::Resume(const PendingJoin& joining, absl::Time now) {
  joining_ = joining;
  targets_.push_front({joining.address, now + kGiveUpAfter});
}

absl::Time Join::NextDeadline() const {
  if (stage_ != Stage::kIdle || targets_.empty()) return absl::InfiniteFuture();
  return next_try_;
}

void Join::Step(const Own& own, absl::Time now, std::vector<JoinAction>* out) {
  if (stage_ != Stage::kIdle || targets_.empty() || now < next_try_) return;
  const bool sealed = own.view->seal.has_value();
  if (now > targets_.front().give_up && !sealed) {
    out->push_back(NoteAction{StrCat("Gave up joining with ", targets_.front().address)});
    return DropTarget();
  }
  if (sealed && joining_.into == own.view->seal->into &&
      joining_.address == targets_.front().address) {
    return AskToBeTaken(own, out);
  }
  stage_ = Stage::kHello;
  out->push_back(AskAction{targets_.front().address, std::string(kAskHello), ""});
}

void Join::OnAnswer(const Own& own, absl::Time now, const absl::StatusOr<std::string>& answer,
                    std::vector<JoinAction>* out) {
  const Stage stage = std::exchange(stage_, Stage::kIdle);
  if (!answer.ok() || stage == Stage::kAskedToMeet) return TryLater(now);
  if (stage == Stage::kHello) {
    const absl::StatusOr<Hello> hello = DecodeHello(*answer);
    if (hello.ok()) return OnHello(own, now, *hello, out);
  } else if (stage == Stage::kAsking) {
    const absl::StatusOr<JoinAnswer> joined = DecodeJoinAnswer(*answer);
    if (joined.ok()) return OnJoinAnswer(now, *joined, out);
  }
  TryLater(now);
}

void Join::OnHello(const Own& own, absl::Time now, const Hello& hello,
                   std::vector<JoinAction>* out) {
  if (hello.node == self_ || hello.log == own.log) return DropTarget();
  const std::string& address = targets_.front().address;
  if (ledger::IsOlderLog(own.view->created, own.log, hello.created, hello.log)) {
    stage_ = Stage::kAskedToMeet;
    out->push_back(AskAction{address, std::string(kAskMeet), Encode(MeetRequest{own_address_})});
    return;
  }
  joining_ = {hello.log, address};
  stage_ = Stage::kSealing;
  out->push_back(RememberAction{joining_});
  out->push_back(ProposeAction{ledger::LogSealed{hello.log, hello.created, own.has_keys}});
}

void Join::OnDecided(const Own& own, absl::Time now, const ledger::ApplyResult& result,
                     std::vector<JoinAction>* out) {
  const Stage stage = std::exchange(stage_, Stage::kIdle);
  if (stage == Stage::kUnsealing) {
    if (result.ok()) out->push_back(RememberAction{});
    if (!result.ok() || again_after_unsealing_) return TryLater(now);
    return DropTarget();
  }
  if (result.ok()) return AskToBeTaken(own, out);
  if (result.refusal == ledger::Refusal::kUnknownOutcome) return TryLater(now);
  // Sealed into another log already: that join goes first. Anything else is final.
  if (result.refusal == ledger::Refusal::kSealed) return TryLater(now);
  out->push_back(RememberAction{});
  out->push_back(NoteAction{
      StrCat("Cannot join the cluster at ", targets_.front().address, ": ", result.message)});
  DropTarget();
}

void Join::AskToBeTaken(const Own& own, std::vector<JoinAction>* out) {
  stage_ = Stage::kAsking;
  out->push_back(AskAction{joining_.address, std::string(kAskJoin),
                           ledger::EncodeEntry({{}, ledger::JoinEntry(*own.view)})});
}

void Join::OnJoinAnswer(absl::Time now, const JoinAnswer& answer, std::vector<JoinAction>* out) {
  switch (answer.refusal) {
    case ledger::Refusal::kNone:
      // Whichever log it is that has taken this sealed one in (the one that was asked may itself
      // have become part of another meanwhile): from now on its word holds.
      out->push_back(FollowAction{{.sealed = {}, .log = answer.log, .peers = answer.peers}});
      targets_.clear();
      return;
    case ledger::Refusal::kUnknownOutcome:
      return TryLater(now);
    default:
      // Refused for good, or the other log is itself joining a third: ours is free again.
      out->push_back(NoteAction{
          StrCat("The cluster at ", joining_.address, " refuses this node: ", answer.message)});
      stage_ = Stage::kUnsealing;
      again_after_unsealing_ = answer.refusal == ledger::Refusal::kSealed;
      out->push_back(ProposeAction{ledger::LogUnsealed{joining_.into}});
  }
}

void Join::TryLater(absl::Time now) {
  next_try_ = now + kRetry;
  if (targets_.size() < 2) return;
  // A target that does not answer does not hold up the others, unless the log is sealed for it.
  std::rotate(targets_.begin(), targets_.begin() + 1, targets_.end());
}

void Join::DropTarget() {
  if (!targets_.empty()) targets_.pop_front();
  next_try_ = absl::InfinitePast();
}

}  // namespace slotmesh::node
