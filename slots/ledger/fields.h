// What the ledger's plain structs consist of, for wire.h's Writer and Reader. The order here is the
// order of the bytes. Included by the .cc files that encode; not for users of entries.
#ifndef SLOTMESH_SLOTS_LEDGER_FIELDS_H_
#define SLOTMESH_SLOTS_LEDGER_FIELDS_H_

#include "slots/ledger/entry.h"
#include "slots/ledger/wire.h"

namespace slotmesh::slots {

template <typename Archive>
void Fields(Archive& a, NodeInfo& n) {
  a(n.id, n.shard, n.ip, n.hostname, n.port, n.tls_port, n.bus_port, n.http_port, n.zone, n.voter,
    n.arbiter);  // Without the labels (MemberLabelled).
}

template <typename Archive>
void Fields(Archive& a, NodeLabels& n) {
  a(n.human_name, n.client_ipv4, n.client_ipv6, n.no_failover);
}

}  // namespace slotmesh::slots

namespace slotmesh::ledger {

template <typename Archive>
void Fields(Archive& a, NodeBoot& x) {
  a(x.node, x.boot);
}
template <typename Archive>
void Fields(Archive& a, ProposalId& x) {
  a(x.node, x.boot, x.counter);
}
template <typename Archive>
void Fields(Archive& a, LogCreated& x) {
  a(x.log, x.created, x.generation);
}
template <typename Archive>
void Fields(Archive& a, MemberJoined& x) {
  a(x.info, x.boot);
}
template <typename Archive>
void Fields(Archive& a, MemberUpdated& x) {
  a(x.info, x.boot, x.expected_boot);
}
template <typename Archive>
void Fields(Archive& a, MemberLabelled& x) {
  a(x.member, x.labels);
}
template <typename Archive>
void Fields(Archive& a, MemberLeft& x) {
  a(x.member, x.forget);
}
template <typename Archive>
void Fields(Archive& a, ShardCreated& x) {
  a(x.shard, x.primary);
}
template <typename Archive>
void Fields(Archive& a, ReplicaAssigned& x) {
  a(x.replica, x.shard, x.expected_epoch);
}
template <typename Archive>
void Fields(Archive& a, SlotsAssigned& x) {
  a(x.shard, x.expected_epoch, x.slots);
}
template <typename Archive>
void Fields(Archive& a, SlotsUnassigned& x) {
  a(x.shard, x.expected_epoch, x.slots);
}
template <typename Archive>
void Fields(Archive& a, SlotsReassigned& x) {
  a(x.slots, x.source, x.source_epoch, x.target, x.target_epoch);
}
template <typename Archive>
void Fields(Archive& a, MoveSide& x) {
  a(x.shard, x.epoch, x.boot);
}
template <typename Archive>
void Fields(Archive& a, MovePlanned& x) {
  a(x.plan, x.slots, x.source, x.target);
}
template <typename Archive>
void Fields(Archive& a, MoveCommitted& x) {
  a(x.plan, x.source, x.target);
}
template <typename Archive>
void Fields(Archive& a, MoveAborted& x) {
  a(x.plan, x.reason);
}
template <typename Archive>
void Fields(Archive& a, PrimaryBooted& x) {
  a(x.shard, x.expected_epoch, x.expected_in_sync_version, x.primary, x.in_sync);
}
template <typename Archive>
void Fields(Archive& a, PrimaryChanged& x) {
  a(x.shard, x.expected_epoch, x.expected_in_sync_version, x.primary, x.in_sync, x.outside_set);
}
template <typename Archive>
void Fields(Archive& a, InSyncChanged& x) {
  a(x.shard, x.expected_epoch, x.expected_in_sync_version, x.in_sync);
}
template <typename Archive>
void Fields(Archive& a, WriteSafetyChanged& x) {
  a(x.shard, x.expected_epoch, x.expected_in_sync_version, x.synced);
}
template <typename Archive>
void Fields(Archive& a, VotersChanged& x) {
  a(x.voters);
}
template <typename Archive>
void Fields(Archive& a, LogSealed& x) {
  a(x.into, x.into_created, x.owns_keys, x.addresses);
}
template <typename Archive>
void Fields(Archive& a, LogUnsealed& x) {
  a(x.into, x.sealed_at);
}
template <typename Archive>
void Fields(Archive& a, CancelledJoin& x) {
  a(x.log, x.sealed_at);
}
template <typename Archive>
void Fields(Archive& a, JoinCancelled& x) {
  a(x.join);
}
template <typename Archive>
void Fields(Archive& a, JoiningMember& x) {
  a(x.info, x.boot);
}
template <typename Archive>
void Fields(Archive& a, JoiningShard& x) {
  a(x.shard, x.epoch, x.primary, x.replicas, x.in_sync, x.in_sync_version, x.slots);
}
template <typename Archive>
void Fields(Archive& a, LibraryDeclaration& x) {
  a(x.name, x.digest, x.bytes, x.functions);
}
template <typename Archive>
void Fields(Archive& a, LibrariesChanged& x) {
  a(x.flush, x.removed, x.declared, x.replace);
}
template <typename Archive>
void Fields(Archive& a, LogJoined& x) {
  a(x.log, x.created, x.members, x.shards, x.sealed_at, x.joined, x.cancelled, x.libraries);
}
template <typename Archive>
void Fields(Archive& a, ConfigEpochSet& x) {
  a(x.shard, x.epoch);
}
template <typename Archive>
void Fields(Archive& a, EpochBumped& x) {
  a(x.shard, x.expected_epoch);
}
template <typename Archive>
void Fields(Archive& a, GenerationRaised& x) {
  a(x.expected_generation, x.generation);
}
template <typename Archive>
void Fields(Archive& a, SlotOpened& x) {
  a(x.slot, x.shard, x.expected_epoch, x.migrating_to, x.importing_from);
}

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_FIELDS_H_
