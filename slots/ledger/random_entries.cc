#include "slots/ledger/random_entries.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace slotmesh::ledger::testing {
namespace {

absl::Time Micros(uint64_t n) { return absl::FromUnixMicros(static_cast<int64_t>(n)); }

}  // namespace

slots::NodeInfo Info(uint64_t n) {
  slots::NodeInfo info;
  info.id = Node(n);
  info.ip = absl::StrCat("10.0.", n / 256, ".", n % 256);
  info.port = 7000;
  info.bus_port = 17000;
  return info;
}

LibraryDeclaration Library(uint64_t n, uint64_t text, std::string function) {
  return {absl::StrCat("lib", n), IdOf<LibraryDigest>(text), 100, {std::move(function)}};
}

uint64_t RandomEntries::Next() {
  uint64_t z = state_ += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

template <typename Id>
Id RandomEntries::AnyId() {
  return Percent(20) ? Id() : IdOf<Id>(Next());
}

std::string RandomEntries::AnyText() {
  std::string text(Percent(5) ? 1024 : Below(12), 'x');
  for (char& c : text) c = static_cast<char>(Next());
  return text;
}

slots::SlotSet RandomEntries::AnySlots() {
  if (Percent(10)) return slots::SlotSet::All();
  slots::SlotSet set;
  for (uint64_t i = Below(6); i > 0; --i) {
    const auto a = static_cast<slots::Slot>(Below(slots::kSlotCount));
    const auto b = static_cast<slots::Slot>(Below(slots::kSlotCount));
    set.AddRange(std::min(a, b), std::min<slots::Slot>(std::min(a, b) + 100, std::max(a, b)));
  }
  return set;
}

slots::NodeInfo RandomEntries::AnyInfo() {
  slots::NodeInfo info;
  info.id = AnyId<NodeId>();
  info.shard = AnyId<ShardId>();
  info.ip = AnyText();
  info.hostname = AnyText();
  info.port = static_cast<uint16_t>(Next());
  info.tls_port = static_cast<uint16_t>(Next());
  info.bus_port = static_cast<uint16_t>(Next());
  info.http_port = static_cast<uint16_t>(Next());
  info.zone = AnyText();
  info.voter = Percent(50);
  info.arbiter = Percent(50);
  return info;
}

std::vector<NodeBoot> RandomEntries::AnyProcesses() {
  std::vector<NodeBoot> list(Below(4));
  for (NodeBoot& process : list) process = AnyProcess();
  return list;
}

void RandomEntries::Fill(LogCreated& x) { x = {AnyId<LogId>(), Micros(Next()), Next()}; }
void RandomEntries::Fill(MemberJoined& x) { x = {AnyInfo(), Next()}; }
void RandomEntries::Fill(MemberUpdated& x) { x = {AnyInfo(), Next(), Next()}; }
void RandomEntries::Fill(MemberLabelled& x) {
  x = {AnyProcess(), {AnyText(), AnyText(), AnyText(), Percent(50)}};
}
void RandomEntries::Fill(MemberLeft& x) { x = {AnyProcess(), Percent(50)}; }
void RandomEntries::Fill(ShardCreated& x) { x = {AnyId<ShardId>(), AnyProcess()}; }
void RandomEntries::Fill(ReplicaAssigned& x) { x = {AnyProcess(), AnyId<ShardId>(), Next()}; }
void RandomEntries::Fill(SlotsAssigned& x) { x = {AnyId<ShardId>(), Next(), AnySlots()}; }
void RandomEntries::Fill(SlotsUnassigned& x) { x = {AnyId<ShardId>(), Next(), AnySlots()}; }
void RandomEntries::Fill(SlotsReassigned& x) {
  x = {AnySlots(), AnyId<ShardId>(), Next(), AnyId<ShardId>(), Next()};
}
void RandomEntries::Fill(MovePlanned& x) {
  x = {AnyId<PlanId>(), AnySlots(), AnySide(), AnySide()};
}
void RandomEntries::Fill(MoveCommitted& x) { x = {AnyId<PlanId>(), AnySide(), AnySide()}; }
void RandomEntries::Fill(MoveAborted& x) { x = {AnyId<PlanId>(), AnyText()}; }
void RandomEntries::Fill(PrimaryBooted& x) {
  x = {AnyId<ShardId>(), Next(), Next(), AnyProcess(), AnyProcesses()};
}
void RandomEntries::Fill(PrimaryChanged& x) {
  x = {AnyId<ShardId>(), Next(), Next(), AnyProcess(), AnyProcesses(), Percent(50)};
}
void RandomEntries::Fill(InSyncChanged& x) {
  x = {AnyId<ShardId>(), Next(), Next(), AnyProcesses()};
}
void RandomEntries::Fill(WriteSafetyChanged& x) {
  x = {AnyId<ShardId>(), Next(), Next(), Percent(50)};
}
void RandomEntries::Fill(VotersChanged& x) { x.voters.assign(Below(6), AnyId<NodeId>()); }
void RandomEntries::Fill(LogSealed& x) {
  x = {AnyId<LogId>(), Micros(Next()), Percent(50), {AnyText(), AnyText()}};
}
void RandomEntries::Fill(LogUnsealed& x) { x = {AnyId<LogId>(), Next()}; }
void RandomEntries::Fill(LogJoined& x) {
  x.log = AnyId<LogId>();
  x.created = Micros(Next());
  for (uint64_t i = Below(4); i > 0; --i) x.members.push_back({AnyInfo(), Next()});
  for (uint64_t i = Below(4); i > 0; --i) {
    x.shards.push_back({AnyId<ShardId>(),
                        Next(),
                        AnyProcess(),
                        {AnyId<NodeId>()},
                        AnyProcesses(),
                        Next(),
                        AnySlots()});
  }
  x.sealed_at = Next();
  x.joined.assign(Below(3), AnyId<LogId>());
  x.cancelled.assign(Below(3), {AnyId<LogId>(), Next()});
  for (uint64_t i = Below(3); i > 0; --i) x.libraries.push_back(AnyLibrary());
}
void RandomEntries::Fill(ConfigEpochSet& x) { x = {AnyId<ShardId>(), Next()}; }
void RandomEntries::Fill(EpochBumped& x) { x = {AnyId<ShardId>(), Next()}; }
void RandomEntries::Fill(GenerationRaised& x) { x = {Next(), Next()}; }
void RandomEntries::Fill(JoinCancelled& x) { x = {{AnyId<LogId>(), Next()}}; }
void RandomEntries::Fill(SlotOpened& x) {
  x = {static_cast<slots::Slot>(Next()), AnyId<ShardId>(), Next(), AnyId<NodeId>(),
       AnyId<NodeId>()};
}

LibraryDeclaration RandomEntries::AnyLibrary() {
  LibraryDeclaration library{AnyText(), AnyId<LibraryDigest>(), Next() >> Below(64)};
  for (uint64_t i = Below(4); i > 0; --i) library.functions.push_back(AnyText());
  return library;
}

void RandomEntries::Fill(LibrariesChanged& x) {
  x.flush = Percent(20);
  for (uint64_t i = Below(3); i > 0; --i) x.removed.push_back(AnyText());
  for (uint64_t i = Below(3); i > 0; --i) x.declared.push_back(AnyLibrary());
  x.replace = Percent(50);
}

template <size_t I>
Change RandomEntries::AnyChange(size_t index) {
  if constexpr (I + 1 < std::variant_size_v<Change>) {
    if (index != I) return AnyChange<I + 1>(index);
  }
  std::variant_alternative_t<I, Change> change;
  Fill(change);
  return change;
}

Entry RandomEntries::Any() {
  Entry entry{.change = AnyChange(Below(std::variant_size_v<Change>))};
  if (Percent(90)) entry.proposal = {AnyId<NodeId>(), Next(), Next() >> Below(64)};
  return entry;
}

std::vector<NodeBoot> RandomEntries::SomeInSync(const View& view, const slots::ShardInfo& shard,
                                                NodeBoot primary) {
  std::vector<NodeBoot> set = {primary};
  for (const NodeBoot& member : view.FindInSync(shard.id)->members) {
    if (member.node != primary.node && Percent(70)) set.push_back(member);
  }
  return set;
}

Change RandomEntries::MemberChange(const View& view, uint64_t nodes) {
  const NodeId node = Node(1 + Below(nodes));
  const NodeBoot process{node, view.BootOf(node)};
  if (process.boot == 0) return MemberJoined{Info(node.bytes()[19]), 1 + Below(1000)};
  switch (Below(7)) {
    case 0:
      return MemberLeft{process, Percent(50)};
    case 6:
      return MemberLabelled{process,
                            {.human_name = Percent(50) ? "a" : "", .no_failover = Percent(50)}};
    case 1:
    case 2:
      return MemberUpdated{Info(node.bytes()[19]), 1 + Below(1000), process.boot};
    case 3:
      return ShardCreated{Shard(1 + Below(nodes)), process};
    case 4: {
      if (view.map.shards.empty()) return MemberLeft{process};
      const slots::ShardInfo& shard = view.map.shards[Below(view.map.shards.size())];
      return ReplicaAssigned{process, shard.id, shard.epoch};
    }
  }
  return VotersChanged{{Node(1 + Below(nodes)), Node(1 + Below(nodes)), node}};
}

Change RandomEntries::SlotChange(const View& view, const slots::ShardInfo& shard) {
  const auto first = static_cast<slots::Slot>(Below(40) * 400);
  const slots::SlotSet range = slots::SlotSet::Of(first, first + 399);
  switch (Below(4)) {
    case 0:
      return SlotsUnassigned{shard.id, shard.epoch, range & shard.slots};
    case 1: {
      const slots::ShardInfo& other = view.map.shards[Below(view.map.shards.size())];
      return SlotsReassigned{range & shard.slots, shard.id, shard.epoch, other.id, other.epoch};
    }
  }
  slots::SlotSet free = range;
  for (const slots::ShardInfo& owner : view.map.shards) free -= owner.slots;
  return SlotsAssigned{shard.id, shard.epoch, free};
}

Change RandomEntries::ShardChange(const View& view, const slots::ShardInfo& shard) {
  const NodeBoot primary{shard.primary, shard.primary_boot};
  const NodeBoot restarted{shard.primary, view.BootOf(shard.primary)};
  if (primary != restarted && Percent(50)) {
    return PrimaryBooted{shard.id, shard.epoch, shard.in_sync_version, restarted,
                         SomeInSync(view, shard, restarted)};
  }
  if (shard.replicas.empty() || Percent(10)) return EpochBumped{shard.id, shard.epoch};
  if (Percent(5)) {
    return WriteSafetyChanged{shard.id, shard.epoch, shard.in_sync_version,
                              !view.FindInSync(shard.id)->synced};
  }
  const NodeId node = shard.replicas[Below(shard.replicas.size())];
  const NodeBoot replica{node, view.BootOf(node)};
  if (Percent(50)) {
    return PrimaryChanged{
        shard.id,   shard.epoch, shard.in_sync_version, replica, SomeInSync(view, shard, replica),
        Percent(20)};
  }
  std::vector<NodeBoot> set = {primary};
  for (const NodeId& id : shard.replicas) {
    if (Percent(70)) set.push_back({id, view.BootOf(id)});
  }
  return InSyncChanged{shard.id, shard.epoch, shard.in_sync_version, set};
}

Change RandomEntries::OpenChange(const View& view, const slots::ShardInfo& shard) {
  // Near those that moves and assignments choose.
  const auto slot = static_cast<slots::Slot>(Below(40) * 400 + Below(2));
  SlotOpened open{slot, shard.id, shard.epoch, {}, {}};
  const NodeId other = view.members[Below(view.members.size())].node;
  if (Percent(80)) (shard.slots.Contains(slot) ? open.migrating_to : open.importing_from) = other;
  return open;
}

// Few libraries and functions, so that they meet.
Change RandomEntries::LibraryChange(const View& view) {
  LibrariesChanged change;
  change.replace = Percent(70);
  change.flush = Percent(10);
  if (!view.libraries.empty() && Percent(30)) {
    change.removed = {view.libraries[Below(view.libraries.size())].declared.name};
    return change;
  }
  for (uint64_t i = 1 + Below(2); i > 0; --i) {
    const uint64_t n = Below(6);
    change.declared.push_back(
        Library(n, 1 + Below(1000), absl::StrCat(Percent(50) ? "f" : "F", n + Below(2))));
  }
  return change;
}

Change RandomEntries::MoveChange(const View& view, const slots::ShardInfo& source) {
  if (Percent(40)) return OpenChange(view, source);
  if (!view.moves.empty() && Percent(70)) {
    const MovePlan& move = view.moves[Below(view.moves.size())];
    if (Percent(30)) return MoveAborted{move.plan, "no longer wanted"};
    return MoveCommitted{move.plan, move.source, move.target};
  }
  const slots::ShardInfo& target = view.map.shards[Below(view.map.shards.size())];
  const auto first = static_cast<slots::Slot>(Below(40) * 400);
  return MovePlanned{Plan(Next()),
                     slots::SlotSet::Of(first, first + 199) & source.slots,
                     {source.id, source.epoch, source.primary_boot},
                     {target.id, target.epoch, target.primary_boot}};
}

Change RandomEntries::Sensible(const View& view, uint64_t nodes) {
  if (view.map.version.log.is_zero()) return LogCreated{Log(1), Micros(1), 1};
  if (Percent(8)) return LibraryChange(view);
  if (view.map.shards.empty() || Percent(30)) return MemberChange(view, nodes);
  const slots::ShardInfo& shard = view.map.shards[Below(view.map.shards.size())];
  Change change;
  switch (Below(3)) {
    case 0:
      change = SlotChange(view, shard);
      break;
    case 1:
      change = ShardChange(view, shard);
      break;
    default:
      change = MoveChange(view, shard);
  }
  return change;
}

}  // namespace slotmesh::ledger::testing
