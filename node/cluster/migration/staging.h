// Where the target of a move keeps what it has received, hidden until the ledger has decided: a
// keyspace of its own, with an engine around it, so that commands of the stream run through the
// same dispatcher and handlers as any other.
//
// Nothing in it shows in the node's own keyspace (DBSIZE, SCAN, KEYS, ...). Its keys do not expire:
// the source says when one is gone, and commands run at the source's time. It has the live
// keyspace's hash seed, so that whole tables change hands: AdoptInto costs a few operations a slot,
// whatever the number of keys. A record is applied in time linear in its bytes: big values come
// in parts, and stand aside until they are whole.
//
// Engine thread only. Borrows the live engine's registry and settings; owns its keys.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_STAGING_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_STAGING_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "node/cluster/migration/target.h"
#include "node/command/dispatcher.h"
#include "node/command/engine.h"
#include "node/types/value_loader.h"
#include "slots/slot_set.h"

namespace slotmesh::node {

class Staging : public RecordSink {
 public:
  // `reclaimer` frees what is dropped; null: on the spot.
  Staging(Engine& live, const slots::SlotSet& slots, Reclaimer* reclaimer);
  ~Staging() override;

  // Error, saying what is wrong, for a record that does not belong into these slots, cannot be
  // decoded, or does not succeed here as it did at the source.
  absl::Status Apply(const Record& record) override;

  // Moves all keys of the slots, in place of what `live` has there. REQUIRES: not within a command.
  void AdoptInto(Keyspace& live);

  const Keyspace& keyspace() const { return keyspace_; }
  uint64_t entries() const { return entries_; }  // Applied so far.

 private:
  // Stands still at the source's time; ticks go on, for the statistics of commands.
  class StreamClock : public Clock {
   public:
    explicit StreamClock(Clock& live) : live_(live) {}
    int64_t WallMicros() override { return now_ms * 1000; }
    int64_t MonotonicNanos() override { return now_ms * 1'000'000; }
    uint64_t Ticks() override { return live_.Ticks(); }
    double ticks_per_micro() const override { return live_.ticks_per_micro(); }

    int64_t now_ms = 0;

   private:
    Clock& live_;
  };

  // A key that comes in parts, of which not all have come.
  struct OpenValue {
    int database;
    std::string key;
    UnixMillis expiry;
    uint32_t access_clock;
    std::unique_ptr<ValueLoader> loader;
    ValueChecksum checksum;
  };

  bool IsPlaceOf(int database, std::string_view key) const;
  void Insert(int database, Entry* entry, uint32_t access_clock);
  absl::Status ApplyEntry(const EntryRecord& entry);
  absl::Status BeginValue(const EntryRecord& entry, RdbType form);
  absl::Status AddPart(std::string_view elements);
  absl::Status EndValue(uint64_t checksum);
  void DropOpenValues();
  absl::Status ApplyEffect(int database, Args words);

  const slots::SlotSet slots_;
  StreamClock clock_;
  std::mt19937_64 random_;  // Effects need none: they give the same result on any copy.
  Keyspace keyspace_;
  Journal journal_;
  ServerStats stats_;
  SlowLog slow_log_;
  WatchTable watches_;
  ParkingLot parking_;
  BlockedClients blocked_;
  KeyWaiters key_waiters_{blocked_};
  Notifier notifier_;
  Pause pause_;
  ClientTable no_clients_;
  Messages messages_{no_clients_};
  Engine engine_;
  Dispatcher dispatcher_;
  Client client_{0, nullptr};
  std::vector<OpenValue> open_;  // At most kValuesOpenMax; the last one goes on.
  uint64_t entries_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_STAGING_H_
