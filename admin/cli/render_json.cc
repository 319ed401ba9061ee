// The JSON half of render.h.
#include <nlohmann/json.hpp>

#include "admin/cli/render.h"
#include "slots/slot_set.h"

namespace slotmesh::admin {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json NodeObject(const wire::Node& node) {
  return {{"id", node.id()},
          {"shard", node.shard()},
          {"host", node.host()},
          {"port", node.port()},
          {"bus_port", node.bus_port()},
          {"http_port", node.http_port()},
          {"role", node.role()},
          {"health", node.health()},
          {"voter", node.voter()},
          {"myself", node.myself()},
          {"zone", node.zone()},
          {"measured", node.measured()},
          {"version", node.version()},
          {"slots", node.slots()},
          {"slot_count", node.slot_count()},
          {"epoch", node.epoch()},
          {"keys", node.keys()},
          {"memory_bytes", node.memory_bytes()},
          {"clients", node.clients()},
          {"commands_per_second", node.commands_per_second()},
          {"heard_ms", node.heard_ms()},
          {"replication_offset", node.replication_offset()},
          {"map_sequence", node.map_sequence()}};
}

Json NodeList(const wire::ClusterStatus& status) {
  Json nodes = Json::array();
  for (const wire::Node& node : status.nodes()) nodes.push_back(NodeObject(node));
  return nodes;
}

Json MoveList(const wire::ClusterStatus& status) {
  Json moves = Json::array();
  for (const wire::Migration& move : status.migrations()) {
    moves.push_back({{"id", move.id()},
                     {"source", move.source()},
                     {"target", move.target()},
                     {"slots", move.slots()},
                     {"slot_count", move.slot_count()},
                     {"state", move.state()},
                     {"keys", move.keys()},
                     {"bytes", move.bytes()},
                     {"seconds", move.seconds()},
                     {"error", move.error()}});
  }
  return moves;
}

Json PlanList(const wire::Progress& plan) {
  Json moves = Json::array();
  for (const wire::PlannedMove& move : plan.plan()) {
    moves.push_back({{"from", move.from_node()},
                     {"to", move.to_node()},
                     {"slots", move.slots()},
                     {"slot_count", move.slot_count()}});
  }
  return moves;
}

}  // namespace

std::string LibrariesJson(const wire::LibrariesReply& reply) {
  Json libraries = Json::array();
  for (const wire::Library& library : reply.libraries()) {
    Json functions = Json::array();
    for (const std::string& function : library.functions()) functions.push_back(function);
    libraries.push_back({{"name", library.name()},
                         {"version", library.version()},
                         {"digest", library.digest()},
                         {"bytes", library.bytes()},
                         {"functions", std::move(functions)},
                         {"here", library.here()},
                         {"problem", library.problem()}});
  }
  return Dump({{"clustered", reply.clustered()},
               {"version", reply.version()},
               {"libraries", std::move(libraries)}});
}

std::string ModulesJson(const ModuleReport& report) {
  Json modules = Json::array();
  for (const ModuleReport::Loaded& loaded : report.loaded) {
    modules.push_back(
        {{"name", loaded.module}, {"version", loaded.version}, {"nodes", loaded.nodes}});
  }
  return Dump({{"modules", std::move(modules)}, {"warnings", report.warnings}});
}

std::string DiffJson(const LibraryDiff& diff) {
  Json drift = Json::array();
  for (const LibraryDrift& each : diff.drift) {
    drift.push_back({{"node", each.node},
                     {"library", each.library},
                     {"cluster", each.cluster},
                     {"here", each.here},
                     {"problem", each.problem}});
  }
  return Dump({{"version", diff.version},
               {"libraries", diff.libraries},
               {"members", diff.members},
               {"drift", std::move(drift)}});
}

std::string StatusJson(const wire::ClusterStatus& status) {
  return Dump({{"state", status.state()},
               {"reason", status.reason()},
               {"assigned_slots", status.assigned_slots()},
               {"log", status.log()},
               {"generation", status.generation()},
               {"map_sequence", status.sequence()},
               {"epoch", status.epoch()},
               {"leader", status.leader()},
               {"term", status.term()},
               {"index", status.index()},
               {"nodes", NodeList(status)},
               {"migrations", MoveList(status)}});
}

std::string NodesJson(const wire::ClusterStatus& status) {
  return Dump({{"nodes", NodeList(status)}});
}

std::string SlotsJson(const wire::ClusterStatus& status) {
  Json shards = Json::array();
  slots::SlotSet owned;
  for (const wire::Node& node : status.nodes()) {
    if (node.slots().empty()) continue;
    if (const auto set = slots::SlotSet::Parse(node.slots())) owned |= *set;
    shards.push_back({{"node", node.id()},
                      {"shard", node.shard()},
                      {"host", node.host()},
                      {"port", node.port()},
                      {"slots", node.slots()},
                      {"slot_count", node.slot_count()}});
  }
  return Dump({{"shards", shards}, {"unassigned", owned.Complement().ToString()}});
}

std::string CheckJson(const wire::CheckReply& reply) {
  Json findings = Json::array();
  bool ok = true;
  for (const wire::Finding& finding : reply.findings()) {
    const bool error = finding.severity() == wire::Finding::ERROR;
    ok = ok && !error;
    const char* const severity = error                                          ? "error"
                                 : finding.severity() == wire::Finding::WARNING ? "warning"
                                                                                : "info";
    findings.push_back(
        {{"severity", severity}, {"text", finding.text()}, {"advice", finding.advice()}});
  }
  return Dump({{"ok", ok},
               {"nodes", reply.nodes()},
               {"assigned_slots", reply.assigned_slots()},
               {"findings", findings}});
}

std::string PlanJson(const wire::Progress& plan) {
  return Dump({{"slots", plan.slots_total()}, {"moves", PlanList(plan)}});
}

std::string ResultJson(const wire::Progress& last, double seconds) {
  return Dump({{"ok", last.finished()},
               {"text", last.text()},
               {"moved_slots", last.slots_done()},
               {"keys", last.keys()},
               {"bytes", last.bytes()},
               {"seconds", seconds}});
}

std::string RestartedJson(const std::vector<std::string>& ids, double seconds) {
  return Dump({{"restarted", ids}, {"seconds", seconds}});
}

std::string ErrorJson(const std::string& text) { return Dump({{"ok", false}, {"error", text}}); }

}  // namespace slotmesh::admin
