#include "gossip/bus/grpc_answers.h"

#include <utility>

#include "gossip/bus/grpc_call.h"

namespace slotmesh::bus {

class Answers::Ticket {
 public:
  Ticket(std::shared_ptr<Answers> answers, uint64_t id) : answers_(std::move(answers)), id_(id) {}
  ~Ticket() { answers_->Answer(id_, absl::UnavailableError("the question was dropped")); }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  void Answer(absl::StatusOr<std::string> answer) { answers_->Answer(id_, std::move(answer)); }

 private:
  const std::shared_ptr<Answers> answers_;
  const uint64_t id_;
};

bus::CallReply Answers::Add(grpc::ServerUnaryReactor* reactor, wire::CallReply* reply) {
  absl::MutexLock lock(&mu_);
  if (closed_ || waiting_.size() >= kCallsMax) return nullptr;
  const uint64_t id = next_id_++;
  waiting_.emplace(id, Waiting{reactor, reply});
  return [ticket = std::make_shared<Ticket>(shared_from_this(), id)](
             absl::StatusOr<std::string> answer) { ticket->Answer(std::move(answer)); };
}

void Answers::Answer(uint64_t id, absl::StatusOr<std::string> answer) {
  Waiting waiting;
  {
    absl::MutexLock lock(&mu_);
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    waiting = found->second;
    waiting_.erase(found);
  }
  if (answer.ok()) waiting.reply->set_payload(*std::move(answer));
  waiting.reactor->Finish(ToGrpc(answer.status()));
}

void Answers::Close() {
  absl::flat_hash_map<uint64_t, Waiting> waiting;
  {
    absl::MutexLock lock(&mu_);
    closed_ = true;
    waiting.swap(waiting_);
  }
  for (auto& [id, entry] : waiting) {
    entry.reactor->Finish({grpc::StatusCode::UNAVAILABLE, "the node is shutting down"});
  }
}

}  // namespace slotmesh::bus
