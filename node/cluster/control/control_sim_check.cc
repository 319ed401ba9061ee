// What the simulated cluster checks, and what it says of itself.
#include <algorithm>

#include "node/cluster/control/control_sim.h"
#include "slots/ledger/map_codec.h"
#include "slots/ledger/wire.h"
#include "slots/strings.h"

namespace slotmesh::node {

void ControlSim::Finding(int host, const std::string& what) {
  scheduler_.Fail(StrCat("node ", host, ": ", what));
}

void ControlSim::Note(int host, const std::string& what) {
  const int64_t ms = absl::ToInt64Milliseconds(scheduler_.elapsed());
  notes_.push_back(StrCat(ms, " ms, node ", host, ": ", what));
}

void ControlSim::CheckNode(int host) {
  CheckDecided(host);
  CheckAdmitted(host);
}

// What one log has decided by one sequence is one thing, whoever says it (so that a slot has one
// owner in it); and a log that was taken in stays as it was sealed (SAFETY 2, 23).
void ControlSim::CheckDecided(int host) {
  Process& process = *processes_[host];
  const ledger::View& view = process.node->ledger().view();
  const slots::LogId& log = view.map.version.log;
  const uint64_t sequence = view.map.version.sequence;
  const std::shared_ptr<const ledger::View>& before = checked_[host];
  if (log.is_zero()) return;
  if (before != nullptr && before->map.version == view.map.version) return;
  if (before != nullptr && before->map.version.log == log &&
      before->map.version.sequence > sequence) {
    Finding(host, StrCat("went back from ", before->map.version.sequence, " to ", sequence));
  }
  if (options_.verbose) {
    std::string owners;
    for (const slots::ShardInfo& shard : view.map.shards) {
      owners += StrCat(" ", shard.id.ToHex().substr(0, 4), "/", HostOf(shard.primary), ":",
                       shard.slots.count());
    }
    Note(host, StrCat("view ", log.ToHex().substr(0, 6), " ", sequence, " members ",
                      view.members.size(), " sealed ", view.seal.has_value() ? 1 : 0, owners));
  }
  process.node->CheckInvariants();
  checked_[host] = std::make_shared<ledger::View>(view);
  const uint64_t hash = ledger::Checksum(ledger::EncodeView(view));
  scheduler_.Trace(static_cast<uint64_t>(host), sequence, hash);
  const auto [known, fresh] = decided_.emplace(std::make_pair(log, sequence), hash);
  if (!fresh && known->second != hash) {
    Finding(host, StrCat("has decided something else as ", sequence, " of log ", log.ToHex()));
  }
  uint64_t& sealed = sealed_[log];
  if (view.seal.has_value()) sealed = std::max(sealed, view.seal->at);
  for (const slots::LogId& gone : view.joined) joined_.emplace(gone, sealed_[gone]);
  const auto joined = joined_.find(log);
  if (joined != joined_.end() && !view.seal.has_value() && sequence > joined->second) {
    Finding(host, StrCat("log ", log.ToHex(), " goes on although it was taken in"));
  }
}

// At every instant a slot's writes are admitted by one node at most (SAFETY 5 to 8).
void ControlSim::CheckAdmitted(int host) {
  const slots::SlotSet mine = Admitted(host);
  if (mine.empty()) return;
  ++leases_seen_;
  for (int other = 0; other < size(); ++other) {
    if (other == host || processes_[other] == nullptr) continue;
    const bool one_log = picture(host).map->version().log == picture(other).map->version().log;
    if (options_.claims_conflict && !one_log) continue;
    const slots::SlotSet both = Admitted(other) & mine;
    if (both.empty()) continue;
    Finding(host, StrCat("and node ", other, " both admit writes of slot ", *both.First()));
  }
}

bool ControlSim::AnySealed() {
  for (int host = 0; host < size(); ++host) {
    if (node(host) != nullptr && node(host)->ledger().view().seal.has_value()) return true;
  }
  return false;
}

std::set<slots::LogId> ControlSim::Logs() {
  std::set<slots::LogId> logs;
  for (int host = 0; host < size(); ++host) {
    if (node(host) != nullptr) logs.insert(node(host)->ledger().log());
  }
  return logs;
}

bool ControlSim::AllAgree() {
  if (AnySealed()) return false;
  const slots::SlotMap* first = nullptr;
  for (int host = 0; host < size(); ++host) {
    if (node(host) == nullptr) return false;
    const slots::SlotMap& map = node(host)->map();
    if (map.FindNode(node(host)->self()) == nullptr) return false;
    if (first == nullptr) first = &map;
    if (map.version() != first->version() || map.digest() != first->digest()) return false;
    if (picture(host).map->version() != map.version()) return false;
  }
  return true;
}

bool ControlSim::WasNoted(std::string_view text) const {
  return std::any_of(notes_.begin(), notes_.end(), [text](const std::string& note) {
    return note.find(text) != std::string::npos;
  });
}

std::string ControlSim::Describe() {
  std::string text = StrCat("at ", absl::FormatDuration(scheduler_.elapsed()), "\n");
  for (int host = 0; host < size(); ++host) {
    if (node(host) == nullptr) {
      text += StrCat("node ", host, " is down\n");
      continue;
    }
    const ControlNode& it = *node(host);
    const ledger::View& view = it.ledger().view();
    const ledger::Leadership leadership = it.ledger().leadership();
    const slots::ShardInfo* shard = it.map().ShardOf(it.self());
    text += StrCat("node ", host, " ", it.self().ToHex().substr(0, 6), " log ",
                   it.ledger().log().ToHex().substr(0, 6), " sequence ", view.map.version.sequence,
                   " members ", view.members.size(), " voters ", view.voters.size(), " leader ",
                   HostOf(leadership.leader), " term ", leadership.term, " voter ",
                   it.ledger().is_voter() ? 1 : 0, " sealed ", view.seal.has_value() ? 1 : 0,
                   " slots ", shard == nullptr ? -1 : static_cast<int>(shard->slots.count()),
                   " majority ", picture(host).has_majority ? 1 : 0, " links ",
                   processes_[host]->linked.size(), "\n");
  }
  for (const std::string& note : notes_) text += StrCat("  ", note, "\n");
  return text;
}

}  // namespace slotmesh::node
