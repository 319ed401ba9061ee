#include "slots/ledger/cluster_sim.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "slots/check.h"
#include "slots/ledger/ledger_driver.h"

namespace slotmesh::ledger {
namespace {

const LogId kLog = testing::Log(1);

sim::LinkFaults FaultsOf(const SimOptions& options) {
  sim::LinkFaults faults;
  faults.loss_percent = options.loss_percent;
  faults.duplicate_percent = options.duplicate_percent;
  faults.slow_percent = options.slow_percent;
  return faults;
}

}  // namespace

SimCluster::SimCluster(const SimOptions& options)
    : options_(options),
      scheduler_(options.seed),
      hosts_(scheduler_,
             {.count = options.nodes, .drift_ppm_max = 500, .offset_max = absl::Hours(1)}),
      links_(scheduler_, FaultsOf(options)),
      network_(hosts_, links_, [this](int from, int to, std::string bytes) {
        Step(to, PeerInput{IdOf(from), std::move(bytes)});
      }) {
  for (int host = 0; host < options.nodes; ++host) {
    disks_.push_back(
        std::make_unique<sim::SimDisk>(scheduler_.random().Fork(static_cast<uint64_t>(host))));
    nodes_.emplace_back();
  }
  hosts_.OnCrash([this](int host) { Stop(host); });
  hosts_.OnStart([this](int host) { Start(host); });
  for (int host = 0; host < options.nodes; ++host) Start(host);
}

void SimCluster::Start(int host) {
  auto node = std::make_unique<Node>();
  node->disk = std::make_unique<SimLogDisk>(*disks_[host]);
  node->storage = std::make_unique<FileStorage>(*node->disk);
  node->boot = ++boots_;
  node->random = scheduler_.random().Fork(1000 + node->boot);
  LedgerOptions options;
  options.self = IdOf(host);
  options.boot = node->boot;
  options.node_timeout = options_.node_timeout;
  options.mode = host == 0 && wiped_.count(0) == 0 ? Mode::kCreate : Mode::kFollow;
  options.created = absl::FromUnixSeconds(1000);
  options.info = testing::Info(static_cast<uint64_t>(host) + 1);
  for (int other = 0; other < options_.nodes; ++other) options.seeds.push_back(IdOf(other));
  options.snapshot_after = options_.snapshot_after;
  std::vector<std::string> notes;
  auto ledger =
      OpenLedger(options, kLog, *node->storage, hosts_.LocalNow(host), node->random, &notes);
  if (!ledger.ok()) return Finding(host, ledger.status().ToString());
  node->ledger = *std::move(ledger);
  applied_.erase(node->ledger->server());
  nodes_[host] = std::move(node);
  ScheduleTick(host);
  SayWhoIsAlive(host);
}

// The process dies, maybe in the middle of a write, and the machine loses its power.
void SimCluster::Stop(int host) {
  Node& node = *nodes_[host];
  node.disk->StopAfter(scheduler_.random().Below(12));
  for (const Persist& persist : node.unwritten) {
    if (!node.storage->Write(persist).ok()) break;
  }
  disks_[host]->Crash();
  nodes_[host] = nullptr;
}

void SimCluster::CrashFor(int host, absl::Duration time) {
  hosts_.Crash(host);
  scheduler_.After(time, [this, host] { hosts_.Start(host); });
}

bool SimCluster::LoseDiskFor(int host, absl::Duration time) {
  // The others must be able to go on without this disk, and no other may be lost before it is
  // replaced.
  if (!wiped_.empty() || !VotersComplete() || ledger(host) == nullptr) return false;
  if (ledger(host)->is_voter() && reference_.view().voters.size() < 3) return false;
  wiped_.insert(host);
  hosts_.Crash(host);
  disks_[host]->Wipe();
  scheduler_.After(time, [this, host] { hosts_.Start(host); });
  return true;
}

void SimCluster::Step(int host, const LedgerInput& input) {
  LedgerOutput out;
  nodes_[host]->ledger->Step(hosts_.LocalNow(host), input, &out);
  Perform(host, std::move(out));
}

bool SimCluster::Propose(int host, const Change& change) {
  if (!hosts_.IsRunning(host)) return false;
  LedgerOutput out;
  const auto ticket = ledger(host)->Propose(hosts_.LocalNow(host), change, &out);
  if (ticket.ok()) nodes_[host]->open[*ticket] = true;
  Perform(host, std::move(out));
  return ticket.ok();
}

void SimCluster::Perform(int host, LedgerOutput out) {
  CheckNode(host, out);
  for (Persist& persist : out.persists) nodes_[host]->unwritten.push_back(std::move(persist));
  for (LedgerSend& send : out.sends) {
    const auto to = static_cast<int>(static_cast<unsigned char>(send.to.bytes()[19])) - 1;
    const size_t bytes = send.bytes.size();
    network_.Send(host, to, std::move(send.bytes), bytes);
  }
  if (!nodes_[host]->unwritten.empty() && !nodes_[host]->writing &&
      scheduler_.random().Percent(options_.crash_writing_percent)) {
    const auto away = absl::Milliseconds(1 + static_cast<int64_t>(scheduler_.random().Below(300)));
    scheduler_.After(absl::ZeroDuration(), [this, host, life = hosts_.life(host), away] {
      if (hosts_.IsUp(host) && hosts_.life(host) == life && !healed_) CrashFor(host, away);
    });
  }
  Write(host);
  ScheduleTick(host);
}

void SimCluster::Write(int host) {
  Node& node = *nodes_[host];
  if (node.writing || node.unwritten.empty()) return;
  node.writing = true;
  const size_t count = node.unwritten.size();
  hosts_.After(host, disks_[host]->DrawSyncDelay(), [this, host, count] {
    Node& node = *nodes_[host];
    node.writing = false;
    for (size_t i = 0; i < count; ++i) {
      const absl::Status status = node.storage->Write(node.unwritten[i]);
      if (!status.ok()) return Finding(host, status.ToString());
    }
    const uint64_t id = node.unwritten[count - 1].id;
    node.unwritten.erase(node.unwritten.begin(),
                         node.unwritten.begin() + static_cast<ptrdiff_t>(count));
    Step(host, StoredInput{id});
  });
}

void SimCluster::ScheduleTick(int host) {
  Node& node = *nodes_[host];
  scheduler_.Cancel(node.tick);
  // A driver's clock is coarse.
  const absl::Time next =
      std::max(node.ledger->NextDeadline(), hosts_.LocalNow(host) + absl::Milliseconds(1));
  node.tick = hosts_.At(host, next, [this, host] { Step(host, TickInput{}); });
}

// What gossip would say, now and then wrong.
void SimCluster::SayWhoIsAlive(int host) {
  VoterHealth health;
  for (int other = 0; other < options_.nodes; ++other) {
    bool alive =
        hosts_.IsRunning(other) && !links_.IsCut(host, other) && !links_.IsCut(other, host);
    if (scheduler_.random().Percent(options_.health_error_percent)) alive = !alive;
    if (alive) health.alive.push_back(IdOf(other));
  }
  Step(host, health);
  hosts_.After(host, options_.node_timeout / 3, [this, host] { SayWhoIsAlive(host); });
}

void SimCluster::Finding(int host, const std::string& what) {
  scheduler_.Fail(absl::StrCat("node ", host, ": ", what));
}

void SimCluster::CheckApplied(int host, const LogEntry& entry) {
  Index& applied = applied_[ledger(host)->server()];
  if (applied != 0 && entry.index != applied + 1 && entry.index <= log_.size()) {
    // A snapshot may have come between.
    if (entry.index <= applied) Finding(host, absl::StrCat("applied ", entry.index, " again"));
  }
  applied = entry.index;
  if (entry.index > log_.size() + 1) {
    return Finding(host, absl::StrCat("applied ", entry.index, ", nobody the one before"));
  }
  if (entry.index <= log_.size()) {
    if (log_[entry.index - 1] == entry) return;
    return Finding(host, absl::StrCat("applied another entry ", entry.index));
  }
  log_.push_back(entry);
  if (entry.kind == LogKind::kConfiguration) {
    VotersChanged change;
    const absl::StatusOr<Configuration> configuration = DecodeConfiguration(entry.data);
    for (const Server& voter : configuration->voters) {
      change.voters.push_back(voter.node);
    }
    reference_.Apply({{}, change});
  } else if (entry.kind == LogKind::kEntry) {
    const absl::StatusOr<Entry> decoded = DecodeEntry(entry.data);
    const ApplyResult result = reference_.Apply(*decoded);
    if (!result.repeated) {
      if (!outcomes_.emplace(decoded->proposal, result).second) {
        Finding(host, "a proposal was applied twice");
      }
      changes_ += result.changed;
      takeovers_ += result.changed && std::holds_alternative<PrimaryChanged>(decoded->change);
    }
  }
  digests_[reference_.map()->version().sequence] = reference_.map()->digest();
}

// At every instant at most one process admits writes of a shard.
void SimCluster::CheckLeases(int host) {
  const auto held = [this](int h) -> std::optional<ShardId> {
    if (ledger(h) == nullptr || !ledger(h)->AdmitsWrites(hosts_.LocalNow(h))) return std::nullopt;
    const slots::ShardInfo* shard = ledger(h)->map()->ShardOf(IdOf(h));
    return shard == nullptr ? std::nullopt : std::make_optional(shard->id);
  };
  const std::optional<ShardId> shard = held(host);
  if (!shard.has_value()) return;
  ++leases_seen_;
  for (int other = 0; other < options_.nodes; ++other) {
    if (other != host && held(other) == shard) {
      Finding(host, absl::StrCat("and ", other, " both hold the lease of one shard"));
    }
  }
}

void SimCluster::CheckNode(int host, const LedgerOutput& out) {
  Ledger& ledger = *nodes_[host]->ledger;
  if (!ledger.status().ok()) return Finding(host, ledger.status().ToString());
  for (const LogEntry& entry : out.applied) CheckApplied(host, entry);
  CheckLeases(host);
  const Leadership leadership = ledger.leadership();
  if (leadership.leader == IdOf(host)) {
    const auto [first, fresh] = leaders_.emplace(leadership.term, ledger.server());
    if (!fresh && first->second != ledger.server()) {
      Finding(host, absl::StrCat("a second leader in term ", leadership.term));
    }
  }
  if (out.map != nullptr) {
    ledger.CheckInvariants();
    const uint64_t sequence = out.map->version().sequence;
    scheduler_.Trace(static_cast<uint64_t>(host), sequence, out.map->digest());
    const auto known = digests_.find(sequence);
    if (known == digests_.end() || known->second != out.map->digest()) {
      Finding(host, absl::StrCat("has another map ", sequence));
    }
  }
  for (const ProposalAnswer& answer : out.answers) {
    if (nodes_[host]->open.erase(answer.ticket) == 0) Finding(host, "an answer to nothing");
    if (answer.result.refusal == Refusal::kUnknownOutcome) continue;
    ++answers_;
    const auto outcome = outcomes_.find({IdOf(host), nodes_[host]->boot, answer.ticket});
    if (outcome == outcomes_.end() || outcome->second.refusal != answer.result.refusal ||
        outcome->second.sequence != answer.result.sequence) {
      Finding(host, absl::StrCat("answer ", answer.ticket, " is not what the log says"));
    }
    if (answer.result.sequence > ledger.view().map.version.sequence) {
      Finding(host, "an answer came before its map");
    }
  }
}

int SimCluster::Leader() {
  int leader = -1;
  Term term = 0;
  for (int host = 0; host < options_.nodes; ++host) {
    if (ledger(host) == nullptr || !ledger(host)->leadership().settled) continue;
    if (ledger(host)->leadership().term > term) {
      term = ledger(host)->leadership().term;
      leader = host;
    }
  }
  return leader;
}

void SimCluster::Heal() {
  healed_ = true;
  links_.HealAll();
  links_.SetFaults({});
  for (int host = 0; host < options_.nodes; ++host) {
    hosts_.Resume(host);
    hosts_.Start(host);
  }
}

bool SimCluster::Agreed() {
  if (Leader() < 0) return false;
  for (int host = 0; host < options_.nodes; ++host) {
    if (ledger(host) == nullptr || ledger(host)->map()->digest() != reference_.map()->digest()) {
      return false;
    }
  }
  return true;
}

bool SimCluster::VotersComplete() {
  const int leader = Leader();
  if (leader < 0) return false;
  const Configuration& configuration = ledger(leader)->configuration();
  const size_t members = reference_.view().members.size();
  const size_t wanted = members >= 5 ? 5 : members >= 3 ? 3 : 1;
  if (configuration.voters.size() != wanted || !configuration.learners.empty()) return false;
  for (const Server& voter : configuration.voters) {
    const int host = static_cast<int>(static_cast<unsigned char>(voter.node.bytes()[19])) - 1;
    if (ledger(host) == nullptr || ledger(host)->server() != voter.id) return false;
  }
  wiped_.clear();
  return true;
}

std::string SimCluster::Describe() {
  std::string text =
      absl::StrCat("pending ", scheduler_.events_pending(), " run ", scheduler_.events_run(),
                   " at ", absl::FormatDuration(scheduler_.elapsed()), " log ", log_.size(),
                   " sequence ", reference_.map()->version().sequence, " leader ", Leader(), "\n");
  for (int host = 0; host < options_.nodes; ++host) {
    if (ledger(host) == nullptr) {
      absl::StrAppend(&text, "node ", host, " is down\n");
      continue;
    }
    Ledger& l = *ledger(host);
    absl::StrAppend(&text, "now ", absl::FormatTime(hosts_.LocalNow(host)), " next ",
                    absl::FormatTime(l.NextDeadline()), "\n");
    absl::StrAppend(&text, "node ", host, " term ", l.leadership().term, " voter ", l.is_voter(),
                    " of ", l.configuration().voters.size(), "+", l.configuration().learners.size(),
                    " applied ", l.applied_index(), " sequence ", l.view().map.version.sequence,
                    " open ", nodes_[host]->open.size(), " bad ", l.stats().bad_messages, "\n");
    absl::StrAppend(&text, "  server ", l.server() % 1000, " voters");
    for (const Server& v : l.configuration().voters) {
      absl::StrAppend(&text, " ", v.id % 1000, "@", int(v.node.bytes()[19]) - 1, ":",
                      l.MatchOf(v.id));
    }
    absl::StrAppend(&text, " learners");
    for (const Server& v : l.configuration().learners) {
      absl::StrAppend(&text, " ", v.id % 1000, "@", int(v.node.bytes()[19]) - 1, ":",
                      l.MatchOf(v.id));
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace slotmesh::ledger
