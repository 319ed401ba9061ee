#include "admin/wire.h"

#include <algorithm>

namespace slotmesh::admin {
namespace {

using slots::NodeInfo;
using slots::ShardInfo;

const char* NameOf(NodeHealth health) {
  switch (health) {
    case NodeHealth::kOnline:
      return "online";
    case NodeHealth::kSuspected:
      return "suspected";
    case NodeHealth::kFailed:
      return "failed";
    case NodeHealth::kJoining:
      return "joining";
  }
  return "unknown";
}

const char* NameOf(MoveStage stage) {
  switch (stage) {
    case MoveStage::kPlanned:
      return "planned";
    case MoveStage::kCopying:
      return "copying";
    case MoveStage::kFenced:
      return "fenced";
    case MoveStage::kCommitted:
      return "committed";
    case MoveStage::kAborted:
      return "aborted";
  }
  return "unknown";
}

const char* RoleOf(const NodeInfo& node, const ShardInfo* shard) {
  if (node.arbiter) return "arbiter";
  if (shard == nullptr) return "none";
  return shard->primary == node.id ? "primary" : "replica";
}

void AddState(const ClusterView& view, wire::Node* out, const slots::NodeId& id) {
  const auto found = std::find_if(view.nodes.begin(), view.nodes.end(),
                                  [&](const NodeState& state) { return state.id == id; });
  if (found == view.nodes.end()) {
    out->set_health(NameOf(NodeHealth::kOnline));
    return;
  }
  out->set_health(NameOf(found->health));
  out->set_boot(found->boot);
  out->set_version(found->version);
  out->set_keys(found->keys);
  out->set_memory_bytes(found->memory_bytes);
  out->set_clients(found->clients);
  out->set_commands_per_second(found->commands_per_second);
  out->set_heard_ms(absl::ToDoubleMilliseconds(found->heard_ago));
  out->set_replication_offset(found->replication_offset);
  out->set_map_sequence(found->map_sequence);
  out->set_measured(found->measured);
}

void AddNode(const ClusterView& view, const NodeInfo& node, wire::ClusterStatus* status) {
  const ShardInfo* const shard = view.map->ShardOf(node.id);
  wire::Node* const out = status->add_nodes();
  out->set_id(node.id.ToHex());
  out->set_shard(node.shard.ToHex());
  out->set_host(node.ip);
  out->set_port(node.port);
  out->set_bus_port(node.bus_port);
  out->set_http_port(node.http_port);
  out->set_role(RoleOf(node, shard));
  out->set_voter(node.voter);
  out->set_myself(node.id == view.myself);
  out->set_zone(node.zone);
  out->set_hostname(node.hostname);
  if (shard != nullptr) {
    out->set_epoch(shard->epoch);
    if (shard->primary == node.id) {
      out->set_slots(shard->slots.ToString());
      out->set_slot_count(shard->slots.count());
    }
  }
  AddState(view, out, node.id);
}

std::string PrimaryOf(const slots::SlotMap& map, const slots::ShardId& id) {
  const ShardInfo* const shard = map.FindShard(id);
  return shard == nullptr ? "" : shard->primary.ToHex();
}

}  // namespace

wire::ClusterStatus ToWire(const ClusterView& view) {
  wire::ClusterStatus status;
  status.set_state(view.ok ? "ok" : "fail");
  status.set_reason(view.reason);
  status.set_assigned_slots(view.map->assigned_slots());
  status.set_log(view.map->version().log.ToHex());
  status.set_generation(view.map->version().generation);
  status.set_sequence(view.map->version().sequence);
  status.set_epoch(view.map->data().current_epoch);
  if (!view.ledger.leader.is_zero()) status.set_leader(view.ledger.leader.ToHex());
  status.set_term(view.ledger.term);
  status.set_index(view.ledger.index);
  for (const NodeInfo& node : view.map->data().nodes) AddNode(view, node, &status);
  for (const NodeState& state : view.nodes) {
    if (view.map->FindNode(state.id) != nullptr) continue;
    wire::Node* const out = status.add_nodes();
    out->set_id(state.id.ToHex());
    out->set_role("none");
    AddState(view, out, state.id);
  }
  for (const MoveState& move : view.moves) {
    wire::Migration* const out = status.add_migrations();
    out->set_id(move.id);
    out->set_source(PrimaryOf(*view.map, move.from));
    out->set_target(PrimaryOf(*view.map, move.to));
    out->set_slots(move.slots.ToString());
    out->set_slot_count(move.slots.count());
    out->set_state(NameOf(move.stage));
    out->set_keys(move.keys);
    out->set_bytes(move.bytes);
    out->set_seconds(absl::ToDoubleSeconds(move.age));
    out->set_error(move.error);
  }
  return status;
}

wire::CheckReply ToWire(const ClusterView& view, const std::vector<Finding>& findings) {
  wire::CheckReply reply;
  reply.set_nodes(static_cast<uint32_t>(view.map->data().nodes.size()));
  reply.set_assigned_slots(view.map->assigned_slots());
  for (const Finding& finding : findings) {
    wire::Finding* const out = reply.add_findings();
    out->set_severity(static_cast<wire::Finding::Severity>(finding.severity));
    out->set_text(finding.text);
    out->set_advice(finding.advice);
  }
  return reply;
}
static_assert(static_cast<int>(Finding::Severity::kError) == wire::Finding::ERROR);

wire::Progress ToWire(const ProgressReport& report, const slots::SlotMap& map) {
  wire::Progress out;
  out.set_phase(report.phase);
  out.set_text(report.text);
  out.set_slots_done(report.slots_done);
  out.set_slots_total(report.slots_total);
  out.set_keys(report.keys);
  out.set_bytes(report.bytes);
  out.set_finished(report.finished);
  for (const Move& move : report.plan) {
    wire::PlannedMove* const planned = out.add_plan();
    planned->set_from(move.from.ToHex());
    planned->set_to(move.to.ToHex());
    planned->set_slots(move.slots.ToString());
    planned->set_slot_count(move.slots.count());
    planned->set_from_node(PrimaryOf(map, move.from));
    planned->set_to_node(PrimaryOf(map, move.to));
  }
  return out;
}

wire::LibrariesReply ToWire(const LibrariesState& libraries) {
  wire::LibrariesReply reply;
  reply.set_clustered(libraries.clustered);
  reply.set_version(libraries.version);
  for (const LibraryState& library : libraries.libraries) {
    wire::Library* const out = reply.add_libraries();
    out->set_name(library.name);
    out->set_version(library.version);
    out->set_digest(library.digest);
    out->set_bytes(library.bytes);
    for (const std::string& function : library.functions) out->add_functions(function);
    out->set_here(library.here);
    out->set_problem(library.problem);
  }
  return reply;
}

wire::ModulesReply ToWire(const std::vector<ModuleState>& modules) {
  wire::ModulesReply reply;
  for (const ModuleState& module : modules) {
    wire::Module* const out = reply.add_modules();
    out->set_name(module.name);
    out->set_version(module.version);
    out->set_path(module.path);
  }
  return reply;
}

}  // namespace slotmesh::admin
