#include "node/cluster/control/synced_sim.h"

#include <algorithm>
#include <map>
#include <utility>

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr slots::Slot kLastSlot = 999;

}  // namespace

SyncedSim::SyncedSim(const SyncedSimOptions& options)
    : options_(options),
      control_(options.control),
      random_(control_.scheduler().random().Fork(0x5c)),
      engines_(static_cast<size_t>(options.control.nodes)),
      files_(static_cast<size_t>(options.control.nodes)) {
  network_ = std::make_unique<sim::Network<Message>>(
      control_.hosts(), control_.links(),
      [this](int from, int to, const Message& message) { OnMessage(from, to, message); });
  control_.hosts().OnCrash([this](int host) { End(host); });
  control_.hosts().OnStart([this](int host) { Begin(host); });
}

std::string SyncedSim::NewHistory() {
  const std::string digits = StrCat(++last_history_);
  return std::string(History::kIdDigits - digits.size(), '0') + digits;
}

// --- Processes. ---

void SyncedSim::Begin(int host) {
  if (control_.node(host) == nullptr) return;
  Engine& engine = engines_[host];
  engine = Engine();
  engine.data = files_[host];
  if (engine.data.history.id.empty()) engine.data.history.id = NewHistory();
  control_.AcceptEmpty(host);
  Pull(host);
  Cron(host);
}

void SyncedSim::End(int host) { engines_[host] = Engine(); }

InSync::Decided SyncedSim::DecidedBy(int host) const {
  const ClusterPicture& picture = *engines_[host].picture;
  InSync::Decided decided;
  decided.self = {control_.IdOf(host), control_.BootOf(host)};
  const slots::ShardInfo* shard = picture.map->ShardOf(decided.self.node);
  if (shard == nullptr || shard->primary != decided.self.node ||
      shard->primary_boot != decided.self.boot) {
    return decided;
  }
  const ledger::InSyncSet& set = *picture.decided->FindInSync(shard->id);
  decided.primary = true;
  decided.shard = shard->id;
  decided.epoch = shard->epoch;
  decided.version = shard->in_sync_version;
  decided.synced = set.synced || options_.without == Without::kSet;
  decided.members = set.members;
  for (const slots::NodeId& id : shard->replicas) {
    decided.replicas.push_back({id, picture.decided->BootOf(id)});
  }
  return decided;
}

// What the engine does when it takes up a picture.
void SyncedSim::Look(int host) {
  Engine& engine = engines_[host];
  const std::shared_ptr<const ClusterPicture> picture = control_.shared_picture(host);
  if (engine.picture == picture) return;
  engine.picture = picture;
  const InSync::Decided before = engine.in_sync.decided();
  const InSync::Decided now = DecidedBy(host);
  engine.in_sync.Take(now, NowMs(host));
  const bool same = now.primary && before.primary && now.epoch == before.epoch;
  if (before.primary && !same && options_.without != Without::kLease) DropHeld(host);
  if (now.primary && !engine.primary) {
    engine.data.history.GoOnAs(NewHistory(), engine.data.log.size());
    engine.heard_ms.clear();
  }
  if (!now.primary && engine.primary) engine.copied = false;
  engine.primary = now.primary;
  Release(host);
}

// --- The stream: replicas ask for what they lack, which says what they have. ---

void SyncedSim::Pull(int host) {
  Look(host);
  Engine& engine = engines_[host];
  const slots::NodeId& self = control_.IdOf(host);
  const slots::ShardInfo* shard = engine.picture->map->ShardOf(self);
  const int primary =
      shard == nullptr || shard->primary == self ? -1 : control_.HostOf(shard->primary);
  if (primary >= 0 && NowMs(host) >= engine.copying_until_ms) {
    Message pull;
    pull.number = ++engine.asked;
    pull.from = {self, control_.BootOf(host)};
    pull.history = engine.data.history.id;
    pull.offset = engine.data.log.size();
    network_->Send(host, primary, pull);
  }
  control_.hosts().After(host, kPullInterval * (0.5 + random_.Fraction()),
                         [this, host] { Pull(host); });
}

void SyncedSim::OnMessage(int from, int to, const Message& message) {
  if (control_.node(to) == nullptr) return;
  Look(to);
  if (message.push) {
    OnPush(from, to, message);
  } else {
    OnPull(from, to, message);
  }
}

void SyncedSim::OnPull(int from, int host, const Message& pull) {
  Engine& engine = engines_[host];
  if (!engine.primary) return;
  const History& history = engine.data.history;
  const uint64_t end = engine.data.log.size();
  const bool goes_on = history.Continues(pull.history, pull.offset) && pull.offset <= end;
  Message push;
  push.push = true;
  push.number = pull.number;
  push.history = history.id;
  if (goes_on) {
    engine.heard_ms[pull.from] = NowMs(host);
    if (pull.history == history.id) {
      engine.in_sync.OnProgress(pull.from, pull.offset, NowMs(host));
      Release(host);
    }
    push.offset = pull.offset;
  } else {
    if (options_.without != Without::kRemoval && !engine.in_sync.MayForget(pull.from)) return;
    push.full = true;
  }
  const uint64_t last = push.full ? end : std::min<uint64_t>(end, push.offset + kPushMax);
  for (uint64_t i = push.offset; i < last; ++i) push.writes.push_back(engine.data.log[i]);
  network_->Send(host, from, push);
}

void SyncedSim::OnPush(int from, int host, const Message& push) {
  Engine& engine = engines_[host];
  const slots::ShardInfo* shard = engine.picture->map->ShardOf(control_.IdOf(host));
  const bool mine = shard != nullptr && control_.HostOf(shard->primary) == from;
  if (!mine || engine.primary || push.number != engine.asked) return;
  ++engine.asked;  // A copy of the answer comes too late.
  if (push.full) {
    engine.data.log.clear();
    engine.copied = false;
    // It takes a while until the copy is there.
    if (random_.Percent(50)) {
      engine.data.history = History();
      engine.data.history.id = NewHistory();
      engine.copying_until_ms = NowMs(host) + static_cast<int64_t>(random_.Below(kCopyMillisMax));
      return;
    }
  }
  if (push.offset != engine.data.log.size()) return;
  engine.data.log.insert(engine.data.log.end(), push.writes.begin(), push.writes.end());
  if (push.full) {
    engine.data.history = History();
    engine.data.history.id = push.history;
  } else if (engine.data.history.id != push.history) {
    engine.data.history.GoOnAs(push.history, push.offset);
  }
  engine.copied = true;
}

// --- The primary. ---

void SyncedSim::Propose(int host, const ledger::Change& change) {
  control_.Propose(host, change, [this, host](const absl::Status& status) {
    Look(host);
    engines_[host].in_sync.OnDecided(status.ok(), NowMs(host));
    Release(host);
  });
}

void SyncedSim::Cron(int host) {
  Look(host);
  Engine& engine = engines_[host];
  const int64_t now_ms = NowMs(host);
  for (auto heard = engine.heard_ms.begin(); heard != engine.heard_ms.end();) {
    const bool silent = now_ms - heard->second > kLinkMillis;
    if (silent) engine.in_sync.OnGone(heard->first, now_ms);
    heard = silent ? engine.heard_ms.erase(heard) : std::next(heard);
  }
  const bool lease = !control_.Admitted(host).empty();
  if (!lease && options_.without != Without::kLease) DropHeld(host);
  const InSync::Settings settings{
      .node_timeout_ms = absl::ToInt64Milliseconds(options_.control.node_timeout),
      .synced = options_.without != Without::kSet};
  const std::optional<ledger::Change> change =
      engine.in_sync.Step(settings, engine.data.log.size(), now_ms);
  if (change.has_value()) Propose(host, *change);
  if (random_.Percent(5)) files_[host] = engine.data;
  const bool has = engine.primary || engine.copied;
  control_.SetOffset(host, has ? engine.data.log.size() + 1 : 0);
  if (control_.hosts().IsRunning(host)) {
    control_.hosts().After(host, kCronInterval, [this, host] { Cron(host); });
  }
}

bool SyncedSim::MayServe(int host) {
  const Engine& engine = engines_[host];
  if (!engine.primary) return false;
  return options_.without == Without::kLease || !control_.Admitted(host).empty();
}

void SyncedSim::DropHeld(int host) { engines_[host].held.clear(); }

void SyncedSim::Release(int host) {
  Engine& engine = engines_[host];
  while (!engine.held.empty()) {
    const Held& first = engine.held.front();
    const bool safe =
        options_.without == Without::kAcknowledgements || engine.in_sync.IsSafe(first.offset);
    if (!safe) return;
    Request request = first.request;
    engine.held.erase(engine.held.begin());
    if (!MayServe(host)) return DropHeld(host);
    if (request.write && engine.in_sync.copies() < options_.min_in_sync) return DropHeld(host);
    request.answered = scheduler().now();
    ++(request.write ? acknowledged_ : reads_);
    answered_.push_back(request);
  }
}

// --- Clients. ---

void SyncedSim::BeginLoad(int requests_per_second) {
  period_ = absl::Seconds(1) / requests_per_second;
  Load();
}

void SyncedSim::Load() {
  if (period_ == absl::ZeroDuration()) return;
  const int host = static_cast<int>(random_.Below(engines_.size()));
  if (control_.node(host) != nullptr && control_.hosts().IsRunning(host)) Ask(host);
  scheduler().After(period_ * (2 * random_.Fraction()), [this] { Load(); });
}

void SyncedSim::Ask(int host) {
  Look(host);
  Engine& engine = engines_[host];
  if (!MayServe(host)) return;
  Request request;
  request.write = random_.Percent(50);
  request.key = random_.Below(kKeys);
  request.asked = scheduler().now();
  if (request.write) {
    if (engine.in_sync.copies() < options_.min_in_sync) return;  // NOREPLICAS
    request.id = ++last_write_;
    engine.data.log.push_back({request.id, request.key});
  } else {
    for (const Write& write : engine.data.log) {
      if (write.key == request.key) request.id = write.id;
    }
  }
  engine.held.push_back({engine.data.log.size(), request});
  Release(host);
}

// --- The course of a run. ---

bool SyncedSim::Form() {
  const auto until = [this](const std::function<bool()>& done) {
    return scheduler().RunUntil(done, absl::Seconds(60), absl::Milliseconds(50));
  };
  scheduler().RunFor(absl::Seconds(1));
  const auto shard_of = [this](int host) {
    return control_.node(host)->map().ShardOf(control_.node(host)->self());
  };
  control_.Propose(
      0,
      ledger::SlotsAssigned{shard_of(0)->id, shard_of(0)->epoch, slots::SlotSet::Of(0, kLastSlot)},
      nullptr);
  scheduler().RunFor(absl::Milliseconds(200));
  for (int host = 1; host < control_.size(); ++host) control_.Meet(host, 0);
  if (!until([this] { return control_.AllAgree(); })) return false;
  scheduler().RunFor(absl::Seconds(5));  // The voters are found.
  for (int host = 1; host <= options_.replicas; ++host) {
    const ledger::NodeBoot process{control_.IdOf(host), control_.BootOf(host)};
    const slots::ShardInfo shard = *shard_of(0);
    control_.Propose(host, ledger::ReplicaAssigned{process, shard.id, shard.epoch}, nullptr);
    if (!until([&] { return shard_of(host) != nullptr && shard_of(host)->id == shard.id; })) {
      return false;
    }
  }
  return until([this] {
    return Serving() == 0 && engines_[0].in_sync.copies() == options_.replicas + 1 &&
           engines_[0].in_sync.decided().synced;
  });
}

bool SyncedSim::MayCrash(int host) {
  const ledger::View* newest = nullptr;
  for (int other = 0; other < control_.size(); ++other) {
    if (control_.node(other) == nullptr) continue;
    const ledger::View& view = control_.node(other)->ledger().view();
    if (newest == nullptr || newest->map.version.sequence < view.map.version.sequence) {
      newest = &view;
    }
  }
  if (newest == nullptr) return false;
  for (const ledger::InSyncSet& set : newest->in_sync) {
    if (newest->FindShard(set.shard)->slots.empty()) continue;
    return std::any_of(set.members.begin(), set.members.end(), [&](const ledger::NodeBoot& one) {
      const int other = control_.HostOf(one.node);
      return other >= 0 && other != host && control_.BootOf(other) == one.boot;
    });
  }
  return false;
}

void SyncedSim::LosePlace(int host) {
  if (control_.node(host) == nullptr || engines_[host].primary) return;
  engines_[host].data.history = History();
  engines_[host].data.history.id = NewHistory();
}

int SyncedSim::Serving() {
  for (int host = 0; host < control_.size(); ++host) {
    if (control_.node(host) == nullptr || !control_.hosts().IsRunning(host)) continue;
    const Engine& engine = engines_[host];
    if (engine.primary && !control_.Admitted(host).empty() &&
        engine.in_sync.copies() >= options_.min_in_sync) {
      return host;
    }
  }
  return -1;
}

// The last primary's log is the order in which the writes took effect. A write that was told of is
// in it; what comes after another answer, in time, does not come before it in the log.
void SyncedSim::CheckHistory(int primary) {
  std::map<uint64_t, size_t> place;  // Of a write, from 1; a read of nothing is at 0.
  const std::vector<Write>& log = engines_[primary].data.log;
  for (size_t i = 0; i < log.size(); ++i) place[log[i].id] = i + 1;
  place[0] = 0;
  for (const Request& one : answered_) {
    if (place.contains(one.id)) continue;
    return scheduler().Fail(StrCat(one.write ? "acknowledged write " : "a read has seen write ",
                                   one.id, ", which is lost"));
  }
  for (uint64_t key = 0; key < kKeys; ++key) {
    std::vector<const Request*> by_asked;
    for (const Request& one : answered_) {
      if (one.key == key) by_asked.push_back(&one);
    }
    std::vector<const Request*> by_answered = by_asked;
    std::sort(by_asked.begin(), by_asked.end(),
              [](const Request* a, const Request* b) { return a->asked < b->asked; });
    std::sort(by_answered.begin(), by_answered.end(),
              [](const Request* a, const Request* b) { return a->answered < b->answered; });
    size_t over = 0;
    size_t seen = 0;  // The latest place that anybody had been told of.
    for (const Request* one : by_asked) {
      for (; over < by_answered.size() && by_answered[over]->answered < one->asked; ++over) {
        seen = std::max(seen, place[by_answered[over]->id]);
      }
      const size_t at = place[one->id];
      if (one->write ? at > seen : at >= seen) continue;
      return scheduler().Fail(StrCat(one->write ? "write " : "a read that has seen write ", one->id,
                                     " stands at ", at, ", though ", seen,
                                     " had been told of before it was asked"));
    }
  }
}

std::string SyncedSim::Describe() {
  std::string text;
  for (int host = 0; host < control_.size(); ++host) {
    const Engine& engine = engines_[host];
    text += StrCat("engine ", host, ": ", engine.data.log.size(), " writes, ",
                   engine.primary ? "primary" : "replica", ", copies ", engine.in_sync.copies(),
                   ", held ", engine.held.size(), "\n");
  }
  return text + control_.Describe();
}

}  // namespace slotmesh::node
