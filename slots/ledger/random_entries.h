// Random ledger entries for tests: anything that can be encoded, or (with ids drawn from a small
// pool) changes that a state can often take. The same source gives the same entries.
// Thread-compatible.
#ifndef SLOTMESH_SLOTS_LEDGER_RANDOM_ENTRIES_H_
#define SLOTMESH_SLOTS_LEDGER_RANDOM_ENTRIES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "slots/ledger/entry.h"
#include "slots/ledger/state.h"

namespace slotmesh::ledger::testing {

// Ids and node infos with a number in them: equal numbers give equal ids.
template <typename Id>
Id IdOf(uint64_t number) {
  std::string bytes(20, '\0');
  bytes[0] = 1;
  for (int i = 0; i < 8; ++i) bytes[19 - i] = static_cast<char>(number >> (8 * i));
  return Id::FromBytes(bytes);
}
inline NodeId Node(uint64_t n) { return IdOf<NodeId>(n); }
inline ShardId Shard(uint64_t n) { return IdOf<ShardId>(n); }
inline LogId Log(uint64_t n) { return IdOf<LogId>(n); }
inline PlanId Plan(uint64_t n) { return IdOf<PlanId>(n); }
// Library "lib<n>" of 100 bytes and a text of its own, with one function.
LibraryDeclaration Library(uint64_t n, uint64_t text, std::string function);
slots::NodeInfo Info(uint64_t n);

class RandomEntries {
 public:
  explicit RandomEntries(uint64_t seed) : state_(seed) {}

  uint64_t Next();
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  bool Percent(uint64_t percent) { return Below(100) < percent; }

  // Of any kind, with any content that the encoding can hold.
  Entry Any();
  // A change that `view` (of at most `nodes` nodes and shards) can often take; with preconditions
  // from it that are now and then wrong. Never seals nor joins.
  Change Sensible(const View& view, uint64_t nodes);

 private:
  template <typename Id>
  Id AnyId();
  std::string AnyText();
  slots::SlotSet AnySlots();
  slots::NodeInfo AnyInfo();
  NodeBoot AnyProcess() { return {AnyId<NodeId>(), Next()}; }
  std::vector<NodeBoot> AnyProcesses();
  LibraryDeclaration AnyLibrary();
  MoveSide AnySide() { return {AnyId<ShardId>(), Next() >> Below(64), Next()}; }
  template <size_t I = 0>
  Change AnyChange(size_t index);
  void Fill(LogCreated& x);
  void Fill(MemberJoined& x);
  void Fill(MemberUpdated& x);
  void Fill(MemberLabelled& x);
  void Fill(MemberLeft& x);
  void Fill(ShardCreated& x);
  void Fill(ReplicaAssigned& x);
  void Fill(SlotsAssigned& x);
  void Fill(SlotsUnassigned& x);
  void Fill(SlotsReassigned& x);
  void Fill(MovePlanned& x);
  void Fill(MoveCommitted& x);
  void Fill(MoveAborted& x);
  void Fill(PrimaryBooted& x);
  void Fill(PrimaryChanged& x);
  void Fill(InSyncChanged& x);
  void Fill(WriteSafetyChanged& x);
  void Fill(VotersChanged& x);
  void Fill(LogSealed& x);
  void Fill(LogUnsealed& x);
  void Fill(LogJoined& x);
  void Fill(ConfigEpochSet& x);
  void Fill(EpochBumped& x);
  void Fill(GenerationRaised& x);
  void Fill(JoinCancelled& x);
  void Fill(SlotOpened& x);
  void Fill(LibrariesChanged& x);

  Change MemberChange(const View& view, uint64_t nodes);
  Change SlotChange(const View& view, const slots::ShardInfo& shard);
  Change ShardChange(const View& view, const slots::ShardInfo& shard);
  Change OpenChange(const View& view, const slots::ShardInfo& shard);
  Change LibraryChange(const View& view);
  Change MoveChange(const View& view, const slots::ShardInfo& source);
  std::vector<NodeBoot> SomeInSync(const View& view, const slots::ShardInfo& shard,
                                   NodeBoot primary);

  uint64_t state_;
};

}  // namespace slotmesh::ledger::testing

#endif  // SLOTMESH_SLOTS_LEDGER_RANDOM_ENTRIES_H_
