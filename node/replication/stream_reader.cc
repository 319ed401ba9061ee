#include "node/replication/stream_reader.h"

#include <array>
#include <utility>

#include "node/persist/aof_commands.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

bool IsGetAck(Args words) {
  return words.size() >= 2 && EqualsIgnoreCase(words[0], "replconf") &&
         EqualsIgnoreCase(words[1], "getack");
}

}  // namespace

void StreamReader::Reset() {
  pending_.clear();
  parsed_ = 0;
  in_transaction_ = false;
  transaction_.clear();
}

void StreamReader::Run(Args words) {
  dispatcher_.Execute(client_, words, RequestOrigin::kReplication);
  if (client_.output.empty()) return;
  std::array<std::string_view, OutputBuffer::kPartsMax> parts;
  if (client_.output.Peek(absl::MakeSpan(parts)) > 0 && parts[0].starts_with('-')) {
    handlers_.on_error(words[0], parts[0].substr(1, parts[0].find('\r') - 1));
  }
  client_.output.Clear();
}

void StreamReader::RunTransaction() {
  in_transaction_ = false;
  const JournalScope scope(engine_.journal);
  engine_.in_exec = true;
  for (const OwnedArgs& words : std::exchange(transaction_, {})) Run(words.view());
  engine_.in_exec = false;
}

void StreamReader::HandOn(size_t position) {
  if (position == handed_on_) return;
  handlers_.on_applied(std::string_view(pending_).substr(handed_on_, position - handed_on_));
  handed_on_ = position;
}

void StreamReader::Take(const std::vector<std::string_view>& words) {
  if (in_transaction_) {
    if (EqualsIgnoreCase(words[0], "exec")) return RunTransaction();
    transaction_.emplace_back(words);
  } else if (EqualsIgnoreCase(words[0], "multi")) {
    in_transaction_ = true;
  } else {
    Run(words);
  }
}

absl::Status StreamReader::Read(std::string_view bytes) {
  pending_ += bytes;
  if (engine_.pause.active(engine_.now_ms) != Pause::Kind::kNone) {
    // It goes on with the first bytes after the pause, or Read({}).
    if (pending_.size() <= engine_.config.client_query_buffer_limit) return absl::OkStatus();
    return absl::ResourceExhaustedError("too much has come while clients are paused");
  }
  AofCommands commands(pending_, parsed_);
  std::vector<std::string_view> words;
  size_t applied = 0;
  handed_on_ = 0;
  // Keys whose time has come are the primary's to remove.
  const ExpiryMode mode = engine_.keyspace.expiry_mode();
  engine_.keyspace.set_expiry_mode(ExpiryMode::kIgnore);
  AofCommands::Step step = AofCommands::Step::kEnd;
  while ((step = commands.Next(&words)) == AofCommands::Step::kCommand) {
    if (!in_transaction_ && IsGetAck(words)) {
      HandOn(applied);
      handlers_.on_get_ack();
    } else {
      Take(words);
    }
    parsed_ = commands.position();
    if (!in_transaction_) applied = parsed_;
  }
  engine_.keyspace.set_expiry_mode(mode);
  HandOn(applied);
  pending_.erase(0, applied);
  parsed_ -= applied;
  if (step != AofCommands::Step::kMalformed) return absl::OkStatus();
  Reset();
  return absl::DataLossError("what the primary sends is no stream of commands");
}

}  // namespace slotmesh::node
