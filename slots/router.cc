#include "slots/router.h"

#include <optional>

namespace slotmesh::slots {
namespace {

// What the cluster's state says against the request; kServe: nothing.
RouteOutcome CheckState(const RoutingView& view, RouteTrait traits) {
  if (view.cluster_ok) return RouteOutcome::kServe;
  if (Has(traits, RouteTrait::kShardPubSub)) {
    return view.allow_pubsubshard_when_down ? RouteOutcome::kServe : RouteOutcome::kDown;
  }
  if (!view.allow_reads_when_down) return RouteOutcome::kDown;
  return Has(traits, RouteTrait::kWrite) ? RouteOutcome::kDownReadsOnly : RouteOutcome::kServe;
}

// The outcome in a slot that is open on this node. Absent: as in any other slot.
std::optional<RouteDecision> RouteOpen(const RoutingView& view, const RouteRequest& request,
                                       Slot slot, bool migrating, const OpenSlot& open,
                                       PresenceOfKeys presence) {
  if (Has(request.traits, RouteTrait::kMigrate)) {
    return RouteDecision{RouteOutcome::kServe, slot, nullptr};
  }
  // Channels are in no keyspace: they are where the slot is.
  const bool have_keys = !Has(request.traits, RouteTrait::kShardPubSub);
  if (migrating) {
    if (!have_keys) return std::nullopt;
    const KeyPresence here = presence();
    if (here == KeyPresence::kAll) return std::nullopt;
    const NodeInfo* const target = view.map.FindNode(open.migrating_to);
    // A target that has left the cluster cannot be asked; someone will close the slot.
    if (here == KeyPresence::kSome || target == nullptr) {
      return RouteDecision{RouteOutcome::kTryAgain, slot, nullptr};
    }
    return RouteDecision{RouteOutcome::kAsk, slot, target};
  }
  if (!request.asking && !Has(request.traits, RouteTrait::kAsking)) return std::nullopt;
  if (have_keys && request.keys.several_keys && presence() != KeyPresence::kAll) {
    return RouteDecision{RouteOutcome::kTryAgain, slot, nullptr};
  }
  return RouteDecision{RouteOutcome::kServe, slot, nullptr};
}

bool ReadsFromReplica(const RouteRequest& request) {
  return !Has(request.traits, RouteTrait::kWrite) &&
         (request.readonly || Has(request.traits, RouteTrait::kShardPubSub));
}

// Whether a replica may serve what is its primary's.
bool ServedByReplica(const RoutingView& view, const ShardInfo* owner, const RouteRequest& request) {
  return view.self_shard == owner && ReadsFromReplica(request);
}

bool IsPrimary(const RoutingView& view) {
  return view.self != nullptr && view.self_shard != nullptr &&
         view.self_shard->primary == view.self->id;
}

}  // namespace

RouteDecision Route(const RoutingView& view, const RouteRequest& request, PresenceOfKeys presence) {
  if (request.keys.slot == kNoSlot) return {};
  const Slot slot = static_cast<Slot>(request.keys.slot);
  if (request.keys.cross_slot) return {RouteOutcome::kCrossSlot, slot, nullptr};
  const ShardInfo* const owner = view.map.Owner(slot);
  if (owner == nullptr) return {RouteOutcome::kUnserved, slot, nullptr};
  const NodeInfo* const primary = view.map.PrimaryOf(slot);
  const bool own = primary != nullptr && primary == view.self;
  const OpenSlot* const open = view.open.Find(slot);
  // To migrate a slot one must own it, or stand in for its owner. A primary's replica takes in for
  // those who only read there.
  const bool serves = own || ServedByReplica(view, owner, request);
  const bool migrating = open != nullptr && serves && !open->migrating_to.is_zero();
  const bool importing = open != nullptr && !open->importing_from.is_zero() &&
                         (IsPrimary(view) || ReadsFromReplica(request));
  if ((migrating || importing) && Has(request.traits, RouteTrait::kMovesAcrossDatabases)) {
    return {RouteOutcome::kTryAgain, slot, nullptr};
  }
  if (const RouteOutcome state = CheckState(view, request.traits); state != RouteOutcome::kServe) {
    return {state, slot, nullptr};
  }
  if (migrating || importing) {
    const std::optional<RouteDecision> decision =
        RouteOpen(view, request, slot, migrating, *open, presence);
    if (decision.has_value()) return *decision;
  }
  if (serves) return {RouteOutcome::kServe, slot, nullptr};
  // A shard between two primaries: there is nobody to go to.
  if (primary == nullptr) return {RouteOutcome::kUnserved, slot, nullptr};
  return {RouteOutcome::kMoved, slot, primary};
}

}  // namespace slotmesh::slots
