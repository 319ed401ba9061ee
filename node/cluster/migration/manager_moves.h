// One move under way, as the manager keeps it: the step machine and what it acts on. Internal to
// the manager.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_MANAGER_MOVES_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_MANAGER_MOVES_H_

#include <memory>
#include <optional>
#include <utility>

#include "node/cluster/migration/entry_parts.h"
#include "node/cluster/migration/migration_manager.h"
#include "node/cluster/migration/slot_journal.h"

namespace slotmesh::node {

class MigrationManager::Export : public SnapshotConsumer {
 public:
  Export(MigrationManager& manager, ledger::MovePlan plan, const slots::NodeId& peer,
         absl::Time now)
      : machine(std::move(plan), now),
        target(peer),
        parts(manager.parts_.part_sizes),
        manager_(manager) {}

  void OnEntry(const SnapshotItem& item) override { manager_.TakeEntry(*this, item); }
  bool TakesInParts(const Entry& entry) const override { return parts.Takes(entry); }
  bool OnPart(const SnapshotItem& item) override { return manager_.TakePart(*this, parts, item); }
  void OnAwaited() override { manager_.Schedule(); }
  // Clients that wait for a big value are not to wait for the network, too.
  bool WantsMore() const override {
    return machine.wants_entries(/*awaited=*/walk != nullptr && walk->waited_for());
  }

  MigrationSource machine;
  slots::NodeId target;
  EntryParts parts;  // Of the big value that goes now.
  std::unique_ptr<SnapshotWalk> walk;
  bool wants_walk = false;           // It is to begin as soon as no other one is in the way.
  bool feeding = false;              // Effects are taken: since the walk began.
  bool copy_ended = false;           // Walk and effects are not needed any more.
  std::optional<int64_t> fenced_ns;  // Monotonic time.
  bool committed = false;            // When it has ended.
  std::string end_reason;

 private:
  MigrationManager& manager_;
};

class MigrationManager::Import {
 public:
  Import(ledger::MovePlan plan, const slots::NodeId& peer, const slots::MapVersion& known_at)
      : machine(std::move(plan)),
        source(peer),
        staged{machine.plan().plan, machine.plan().slots, known_at} {}

  MigrationTarget machine;
  slots::NodeId source;
  const StagedPlan staged;           // As the journal has it.
  std::unique_ptr<Staging> staging;  // From the first frame to the end.
  bool expected = false;             // Complete: requests for its slots wait here.
  bool began = false;  // The journal has had its chance to hear the stream from its begin.
  // The journal has all that is staged, for copies that began up to this one (Journal::copies).
  std::optional<uint64_t> said;
  // Says it again for a later one.
  std::unique_ptr<StagingWalk> walk;
  uint64_t walk_copies = 0;
  std::optional<uint64_t> stored_offset;  // Behind it, once all is staged.
  uint64_t kept_mark = 0;                 // Of the journal (Journal::data_offset), not long ago.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_MANAGER_MOVES_H_
