#include "node/cluster/control/control_sim.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr absl::Duration kReconnectInterval = absl::Milliseconds(200);
constexpr uint16_t kBusPort = 17000;

// -1 for an address where nobody lives.
int HostAt(const std::string& address, int hosts) {
  for (int host = 0; host < hosts; ++host) {
    if (ControlSim::AddressOf(host) == address) return host;
  }
  return -1;
}

}  // namespace

std::string ControlSim::AddressOf(int host) { return StrCat("10.0.0.", host + 1, ":", kBusPort); }

ControlSim::ControlSim(const ControlSimOptions& options)
    : options_(options),
      scheduler_(options.seed),
      hosts_(scheduler_,
             {.count = options.nodes, .drift_ppm_max = 500, .offset_max = absl::Hours(1)}),
      links_(scheduler_, options.faults),
      random_(scheduler_.random().Fork(0xc0)),
      checked_(static_cast<size_t>(options.nodes)) {
  network_ = std::make_unique<sim::Network<Message>>(
      hosts_, links_,
      [this](int from, int to, Message message) { Handle(from, to, std::move(message)); });
  for (int host = 0; host < options.nodes; ++host) {
    const auto label = static_cast<uint64_t>(host);
    ledger_disks_.push_back(std::make_unique<sim::SimDisk>(scheduler_.random().Fork(label)));
    file_disks_.push_back(std::make_unique<sim::SimDisk>(scheduler_.random().Fork(100 + label)));
    library_disks_.push_back(std::make_unique<sim::SimDisk>(scheduler_.random().Fork(200 + label)));
    processes_.emplace_back();
  }
  hosts_.OnCrash([this](int host) { Stop(host); });
  hosts_.OnStart([this](int host) { Start(host); });
  for (int host = 0; host < options.nodes; ++host) {
    hosts_.Crash(host);  // They start one after the other.
    scheduler_.After(absl::Milliseconds(random_.Below(300)), [this, host] { hosts_.Start(host); });
  }
}

ControlSim::~ControlSim() = default;

slots::NodeInfo ControlSim::InfoOf(int host) const {
  slots::NodeInfo info;
  info.ip = StrCat("10.0.0.", host + 1);
  info.port = 7000;
  info.bus_port = kBusPort;
  info.arbiter = host >= options_.nodes - options_.arbiters;
  return info;
}

void ControlSim::Start(int host) {
  auto process = std::make_unique<Process>();
  process->boot = ++boots_;
  process->random = scheduler_.random().Fork(1000 + process->boot);
  process->ledger_disk = std::make_unique<ledger::SimLogDisk>(*ledger_disks_[host]);
  process->file_disk = std::make_unique<ledger::SimLogDisk>(*file_disks_[host]);
  process->library_disk = std::make_unique<ledger::SimLogDisk>(*library_disks_[host]);
  process->storage = std::make_unique<ledger::FileStorage>(*process->ledger_disk);
  process->file = MakeNodeFile(*process->file_disk, "nodes.conf");
  ControlOptions options;
  options.boot = process->boot;
  options.node_timeout = options_.node_timeout;
  options.info = InfoOf(host);
  ControlOutput out;
  absl::StatusOr<std::unique_ptr<ControlNode>> node =
      ControlNode::Open(options, {*process->file, *process->storage, *process->library_disk},
                        hosts_.LocalNow(host), process->random, &out);
  if (!node.ok()) return Finding(host, node.status().ToString());
  process->node = *std::move(node);
  process->id = process->node->self();
  process->log = process->node->ledger().log();
  if (out.picture != nullptr) process->engine.picture = out.picture;
  processes_[host] = std::move(process);
  scheduler_.Trace(static_cast<uint64_t>(host), boots_);
  Perform(host, std::move(out));
  ScheduleTick(host);
  hosts_.After(host, kReconnectInterval * random_.Fraction(), [this, host] { Connect(host); });
}

// The process dies and the machine loses its power.
void ControlSim::Stop(int host) {
  Note(host, "stops");
  if (processes_[host] != nullptr) {
    for (const auto& [peer, other] : processes_[host]->linked) {
      if (random_.Percent(70)) Transmit(host, other, ResetMessage{processes_[host]->id});
    }
  }
  processes_[host] = nullptr;
  checked_[host] = nullptr;
  ledger_disks_[host]->Crash();
  file_disks_[host]->Crash();
  library_disks_[host]->Crash();
}

void ControlSim::CrashFor(int host, absl::Duration time) {
  hosts_.Crash(host);
  scheduler_.After(time, [this, host] { hosts_.Start(host); });
}

void ControlSim::CrashAtDiskCall(int host, uint64_t calls) {
  if (processes_[host] == nullptr) return;
  const bool file = random_.Percent(30);
  if (file && calls % 2 == 0) return processes_[host]->library_disk->StopAfter(calls % 8);
  if (file) return processes_[host]->file_disk->StopAfter(calls % 8);  // It is used less.
  processes_[host]->ledger_disk->StopAfter(calls);
}

int ControlSim::HostOf(const slots::NodeId& node) const {
  for (size_t host = 0; host < processes_.size(); ++host) {
    if (processes_[host] != nullptr && processes_[host]->id == node) return static_cast<int>(host);
  }
  return -1;
}

// --- Commands.

void ControlSim::Meet(int host, const std::string& address) {
  if (hosts_.IsRunning(host)) Step(host, MeetNode{address});
}

void ControlSim::Propose(int host, const ledger::Change& change, Done done) {
  if (!hosts_.IsRunning(host)) return;
  Process& process = *processes_[host];
  const uint64_t ticket = ++process.next_proposal;
  const std::string name(ledger::ChangeName(change));
  Note(host, StrCat("proposes ", name, " ", ticket));
  process.proposals.emplace(
      ticket, [this, host, name, ticket, done = std::move(done)](const absl::Status& status) {
        Note(host, StrCat(name, " ", ticket, ": ", ToStd(status.message())));
        if (done) done(status);
      });
  Step(host, ProposeChange{ticket, change});
}

void ControlSim::GiveAway(int host, const ledger::Change& change, const slots::SlotSet& slots) {
  if (!hosts_.IsRunning(host) || processes_[host]->engine.fenced.Intersects(slots)) return;
  processes_[host]->engine.fenced |= slots;
  ProposeGiving(host, change, slots);
}

void ControlSim::ProposeGiving(int host, const ledger::Change& change,
                               const slots::SlotSet& slots) {
  Propose(host, change, [this, host, change, slots](const absl::Status& status) {
    if (absl::IsUnavailable(status)) return ProposeGiving(host, change, slots);
    processes_[host]->engine.fenced -= slots;
    CheckAdmitted(host);
  });
}

void ControlSim::ChangeLibraries(int host, ledger::LibrariesChanged change,
                                 std::vector<LibraryText> texts, Done done) {
  if (!hosts_.IsRunning(host)) return;
  Process& process = *processes_[host];
  const uint64_t ticket = ++process.next_proposal;
  Note(host, StrCat("changes libraries ", ticket));
  process.proposals.emplace(ticket, std::move(done));
  Step(host, node::ChangeLibraries{ticket, std::move(change), std::move(texts)});
}

void ControlSim::Reset(int host, bool hard, Done done) {
  if (!hosts_.IsRunning(host)) return;
  Process& process = *processes_[host];
  const uint64_t ticket = ++process.next_proposal;
  Note(host, StrCat("resets ", hard ? "hard " : "soft ", ticket));
  process.proposals.emplace(ticket, std::move(done));
  Step(host, ResetNode{ticket, hard});
}

void ControlSim::AcceptEmpty(int host) {
  if (hosts_.IsRunning(host)) Step(host, node::DataAccepted{});
}

void ControlSim::RecoverQuorum(int host, Done done) {
  if (!hosts_.IsRunning(host)) return;
  Process& process = *processes_[host];
  const uint64_t ticket = ++process.next_proposal;
  process.proposals.emplace(ticket, std::move(done));
  Step(host, node::RecoverQuorum{ticket});
}

void ControlSim::Label(int host, const slots::NodeLabels& labels) {
  if (!hosts_.IsRunning(host)) return;
  slots::NodeInfo info = InfoOf(host);
  info.labels = labels;
  Step(host, AnnounceSelf{info});
}

void ControlSim::SetHasKeys(int host, bool has_keys) {
  if (!hosts_.IsRunning(host)) return;
  processes_[host]->engine.has_keys = has_keys;
  LocalState local;
  local.has_keys = has_keys;
  Step(host, local);
}

void ControlSim::SetEngineSilent(int host, bool silent) {
  if (hosts_.IsRunning(host)) Step(host, EngineSilent{silent});
}

void ControlSim::SetOffset(int host, uint64_t offset) {
  if (!hosts_.IsRunning(host)) return;
  LocalState local;
  local.has_keys = processes_[host]->engine.has_keys;
  local.replication_offset = offset;
  const slots::ShardInfo* shard =
      processes_[host]->engine.picture->map->ShardOf(processes_[host]->id);
  if (shard != nullptr) local.primary = shard->primary;
  Step(host, local);
}

slots::SlotSet ControlSim::Admitted(int host) {
  if (processes_[host] == nullptr) return {};
  const Engine& engine = processes_[host]->engine;
  const ClusterPicture& picture = *engine.picture;
  const slots::ShardInfo* shard = picture.map->ShardOf(processes_[host]->id);
  const int64_t now = absl::ToUnixNanos(hosts_.LocalNow(host));
  const bool admits = shard != nullptr && shard->primary == processes_[host]->id &&
                      !picture.data_missing && engine.lease.Holds(picture.lease_tenure, now);
  return admits ? shard->slots - engine.fenced : slots::SlotSet();
}

// --- The process and its surroundings.

void ControlSim::Step(int host, const ControlInput& input) {
  ControlOutput out;
  Process& process = *processes_[host];
  const absl::Status status = process.node->Step(hosts_.LocalNow(host), input, &out);
  if (!status.ok()) {
    // Only a disk that was made to fail may do this: the process dies with it.
    if (!absl::IsAborted(status)) return Finding(host, status.ToString());
    scheduler_.After(absl::ZeroDuration(), [this, host, life = hosts_.life(host)] {
      if (hosts_.life(host) == life) CrashFor(host, absl::Milliseconds(random_.Below(3000)));
    });
    process.engine.lease.Set(process.engine.picture->lease_tenure, 0);
    return hosts_.Pause(host);
  }
  Perform(host, std::move(out));
  ScheduleTick(host);
}

void ControlSim::Perform(int host, ControlOutput out) {
  Process& process = *processes_[host];
  for (std::string& note : out.notes) {
    Note(host, note);
  }
  PerformPeers(host, out);
  for (ControlOutput::Send& send : out.sends) {
    const auto linked = process.linked.find(send.to);
    const auto peer = process.peers.find(send.to);
    const int to = linked != process.linked.end() ? linked->second
                   : peer != process.peers.end()  ? HostAt(peer->second.address, size())
                                                  : -1;
    if (to < 0 || to == host) continue;
    bus::Sender sender{process.id, process.boot, process.log};
    Transmit(host, to, FrameMessage{sender, send.to, std::move(send.frame)});
  }
  for (const ControlOutput::Ask& ask : out.asks) PerformAsk(host, ask);
  for (ControlOutput::Answer& answer : out.answers) {
    const auto call = process.calls.find(answer.call);
    if (call == process.calls.end()) continue;
    Transmit(host, call->second.first,
             AnswerMessage{call->second.second, std::move(answer.answer)});
    process.calls.erase(call);
  }
  if (out.picture != nullptr) TakePicture(host, out.picture);
  if (out.lease.has_value()) {
    const bool any = out.lease->until != absl::InfinitePast();
    process.engine.lease.Set(out.lease->tenure, any ? absl::ToUnixNanos(out.lease->until) : 0);
  }
  // An outcome comes to the engine after the picture, as posted tasks do.
  for (const ControlOutput::Decided& decided : out.decided) {
    hosts_.After(host, options_.engine_lag_max, [this, host, decided] {
      const auto found = processes_[host]->proposals.find(decided.ticket);
      if (found == processes_[host]->proposals.end()) return;
      const Done done = std::move(found->second);
      processes_[host]->proposals.erase(found);
      if (done) done(decided.status);
    });
  }
  CheckNode(host);
}

void ControlSim::PerformPeers(int host, ControlOutput& out) {
  Process& process = *processes_[host];
  if (out.self.has_value()) {
    for (const auto& [peer, other] : process.linked) {
      Transmit(host, other, ResetMessage{process.id});
    }
    process.linked.clear();
    process.peers.clear();
    process.id = *out.self;
  }
  if (out.log.has_value()) process.log = *out.log;
  for (ControlOutput::Peer& peer : out.peers) {
    process.peers[peer.node] = {std::move(peer.address), peer.keep};
  }
  for (const slots::NodeId& node : out.removed) {
    process.peers.erase(node);
    const auto linked = process.linked.find(node);
    if (linked == process.linked.end()) continue;
    Transmit(host, linked->second, ResetMessage{process.id});
    Unlink(host, node);
  }
}

void ControlSim::PerformAsk(int host, const ControlOutput::Ask& ask) {
  processes_[host]->asks[ask.ask] = true;
  const auto fail = [this, host, id = ask.ask](absl::Status status) {
    if (processes_[host]->asks.erase(id) > 0) Step(host, Answered{id, std::move(status)});
  };
  const int to = HostAt(ask.address, size());
  if (to < 0 || !hosts_.IsUp(to)) {
    hosts_.After(host, absl::Milliseconds(5),
                 [fail] { fail(absl::UnavailableError("nobody there")); });
    return;
  }
  hosts_.After(host, ControlNode::kAskTimeout,
               [fail] { fail(absl::DeadlineExceededError("no answer")); });
  Transmit(host, to, AskMessage{ask.ask, ask.method, ask.payload});
}

void ControlSim::TakePicture(int host, std::shared_ptr<const ClusterPicture> picture) {
  const absl::Duration lag = options_.engine_lag_max * random_.Fraction();
  const uint64_t number = ++processes_[host]->pictures;
  hosts_.After(host, lag, [this, host, number, picture = std::move(picture)]() mutable {
    Engine& engine = processes_[host]->engine;
    if (number <= engine.number) return;  // A later one has overtaken it.
    engine.number = number;
    engine.picture = std::move(picture);
    CheckAdmitted(host);
  });
}

void ControlSim::ScheduleTick(int host) {
  Process& process = *processes_[host];
  scheduler_.Cancel(process.tick);
  const absl::Time next =
      std::max(process.node->NextDeadline(), hosts_.LocalNow(host) + absl::Milliseconds(1));
  process.tick = hosts_.At(host, next, [this, host] { Step(host, TimePassed{}); });
}

// Tries all streams that are wanted and do not stand, again and again; streams over cut wires
// break.
void ControlSim::Connect(int host) {
  Process& process = *processes_[host];
  std::vector<slots::NodeId> broken;
  for (const auto& [peer, other] : process.linked) {
    if (links_.IsCut(host, other) && random_.Percent(20)) broken.push_back(peer);
  }
  for (const slots::NodeId& peer : broken) Unlink(host, peer);
  for (const auto& [peer, known] : processes_[host]->peers) {
    const int other = HostAt(known.address, size());
    if (!known.keep || other < 0 || process.linked.contains(peer)) continue;
    Transmit(host, other, ConnectMessage{process.id, peer});
  }
  hosts_.After(host, kReconnectInterval * (0.75 + random_.Fraction() / 2),
               [this, host] { Connect(host); });
}

void ControlSim::Unlink(int host, const slots::NodeId& peer) {
  if (processes_[host]->linked.erase(peer) > 0) {
    // Not from inside a step.
    hosts_.After(host, absl::ZeroDuration(), [this, host, peer] {
      Step(host, LinkChanged{peer, false});
    });
  }
}

void ControlSim::Transmit(int from, int to, Message message) {
  if (to >= 0 && to != from) network_->Send(from, to, std::move(message));
}

void ControlSim::Handle(int from, int to, Message message) {
  if (processes_[to] == nullptr) return;
  std::visit([&](auto& what) { On(from, to, std::move(what)); }, message);
}

void ControlSim::On(int, int to, FrameMessage message) {
  if (message.to != processes_[to]->id) return;  // Another node answers at that address.
  Step(to, FrameCame{message.sender, std::move(message.frame)});
}

void ControlSim::On(int from, int to, AskMessage message) {
  Process& process = *processes_[to];
  const uint64_t call = ++process.next_call;
  process.calls[call] = {from, message.ask};
  Step(to, AskedBy{call, std::move(message.method), std::move(message.payload)});
}

void ControlSim::On(int, int to, AnswerMessage message) {
  if (processes_[to]->asks.erase(message.ask) == 0) return;
  Step(to, Answered{message.ask, std::move(message.answer)});
}

void ControlSim::On(int from, int to, ConnectMessage message) {
  Process& process = *processes_[to];
  if (message.to != process.id) return;
  if (!message.accepted) Transmit(to, from, ConnectMessage{process.id, message.from, true});
  if (process.linked.emplace(message.from, from).second) Step(to, LinkChanged{message.from, true});
}

void ControlSim::On(int, int to, ResetMessage message) {
  if (processes_[to]->linked.erase(message.from) > 0) Step(to, LinkChanged{message.from, false});
}

void ControlSim::Heal() {
  links_.HealAll();
  links_.SetFaults({});
  for (int host = 0; host < size(); ++host) {
    hosts_.Resume(host);
    hosts_.Start(host);
  }
}

}  // namespace slotmesh::node
