// The control node's function libraries: what they bring about with other nodes and the ledger.
#include <utility>

#include "node/cluster/control/control_node.h"

namespace slotmesh::node {

LibraryCourier::Own ControlNode::CourierOwn() const {
  return {record_.id, ledger_->log(), &ledger_->view(), has_majority_};
}

absl::Status ControlNode::On(const ChangeLibraries& input, ControlOutput*) {
  courier_->Offer(now_, input.ticket, input.change, input.texts);
  return absl::OkStatus();
}

absl::Status ControlNode::AnswerCourier(const AskedBy& input, ControlOutput* out) {
  absl::Status disk;
  absl::StatusOr<std::string> answer =
      input.method == kAskLibrary ? courier_->AnswerGet(input.payload)
                                  : courier_->AnswerKeep(CourierOwn(), now_, input.payload, &disk);
  out->answers.push_back({input.call, std::move(answer)});
  return disk;
}

absl::Status ControlNode::MindLibraries(ControlOutput* out) {
  const std::shared_ptr<const LibraryTexts> before = libraries_->texts();
  LibraryCourier::Output done;
  const absl::Status status = courier_->Step(CourierOwn(), now_, &next_ask_, &done);
  if (!status.ok()) return status;
  for (LibraryCourier::Ask& ask : done.asks) {
    out->asks.push_back(
        {ask.ask, std::move(ask.address), std::move(ask.method), std::move(ask.payload)});
  }
  if (libraries_->texts() != before) {
    picture_dirty_ = true;
    picture_at_ = absl::InfinitePast();
  }
  for (auto& [ticket, failure] : done.failed) out->decided.push_back({ticket, std::move(failure)});
  if (!done.ready.empty()) Publish(/*now=*/true, out);  // With the texts, before their entry.
  for (auto& [ticket, change] : done.ready) {
    const absl::Status proposed = Propose(std::move(change), ForCaller{ticket}, out);
    if (!proposed.ok()) return proposed;
  }
  return absl::OkStatus();
}

}  // namespace slotmesh::node
