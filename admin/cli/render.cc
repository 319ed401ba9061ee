#include "admin/cli/render.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "admin/cli/table.h"
#include "slots/slot_set.h"

namespace slotmesh::admin {
namespace {

constexpr size_t kShownSlots = 48;

std::string AddressText(const wire::Node& node) {
  if (node.port() == 0) return node.id();
  const bool v6 = node.host().find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", node.host(), v6 ? "]" : "", ":", node.port());
}

std::string Shortened(const std::string& text) {
  return text.size() <= kShownSlots ? text : text.substr(0, kShownSlots - 3) + "...";
}

// By address, as people look for them; the wire's order is by id.
std::vector<const wire::Node*> Sorted(const wire::ClusterStatus& status) {
  std::vector<const wire::Node*> nodes;
  for (const wire::Node& node : status.nodes()) nodes.push_back(&node);
  std::stable_sort(nodes.begin(), nodes.end(), [](const wire::Node* a, const wire::Node* b) {
    return std::make_pair(a->host(), a->port()) < std::make_pair(b->host(), b->port());
  });
  return nodes;
}

std::string HealthSummary(const wire::ClusterStatus& status) {
  std::map<std::string, int> counts;
  for (const wire::Node& node : status.nodes()) ++counts[node.health()];
  std::vector<std::string> parts;
  for (const char* health : {"online", "suspected", "failed", "joining"}) {
    if (counts[health] > 0) parts.push_back(absl::StrCat(counts[health], " ", health));
  }
  return absl::StrJoin(parts, ", ");
}

// A line about shards whose data is in one place only; none, if the cluster never had more.
std::string LoneCopies(const wire::ClusterStatus& status) {
  std::map<std::string, int> copies;
  bool any_replica = false;
  for (const wire::Node& node : status.nodes()) {
    const bool replica = node.role() == "replica";
    any_replica |= replica;
    copies[node.shard()] += replica && node.health() == "online" && node.replication_offset() > 0;
  }
  std::vector<std::string> lone;
  for (const wire::Node* const node : Sorted(status)) {
    const bool serves = node->role() == "primary" && node->slot_count() > 0;
    if (serves && copies[node->shard()] == 0) lone.push_back(AddressText(*node));
  }
  if (!any_replica || lone.empty()) return "";
  return absl::StrCat("copies   no second copy of the data of ", absl::StrJoin(lone, ", "), "\n");
}

std::string MovesText(const wire::ClusterStatus& status) {
  if (status.migrations().empty()) return "";
  Table table({"MOVE", "FROM", "TO", ">SLOTS", "STATE", ">KEYS", ">BYTES", ">TIME"});
  for (const wire::Migration& move : status.migrations()) {
    table.Add({move.id(), NodeName(status, move.source()), NodeName(status, move.target()),
               absl::StrCat(move.slot_count()), move.state(), absl::StrCat(move.keys()),
               HumanBytes(move.bytes()), HumanTime(absl::Seconds(move.seconds()))});
  }
  return "\n" + table.Render();
}

}  // namespace

std::string NodeName(const wire::ClusterStatus& status, const std::string& id) {
  for (const wire::Node& node : status.nodes()) {
    if (node.id() == id) return AddressText(node);
  }
  return id.empty() ? "-" : id;
}

std::string StatusText(const wire::ClusterStatus& status) {
  int voters = 0;
  uint64_t keys = 0;
  Table table({"NODE", "ROLE", "HEALTH", ">SLOTS", ">KEYS", ">MEMORY", ">CLIENTS", ">OPS/S"});
  for (const wire::Node* const node : Sorted(status)) {
    voters += node->voter() ? 1 : 0;
    keys += node->role() == "primary" ? node->keys() : 0;
    const auto measured = [&](std::string text) { return node->measured() ? text : "-"; };
    table.Add({AddressText(*node), node->role(), node->health(), absl::StrCat(node->slot_count()),
               measured(absl::StrCat(node->keys())), measured(HumanBytes(node->memory_bytes())),
               measured(absl::StrCat(node->clients())),
               measured(HumanCount(node->commands_per_second()))});
  }
  std::string text = absl::StrCat("cluster  ", status.state());
  if (!status.reason().empty()) absl::StrAppend(&text, " (", status.reason(), ")");
  absl::StrAppend(&text, ", ", status.assigned_slots(), " of ", slots::kSlotCount,
                  " slots assigned\n");
  absl::StrAppend(&text, "map      version ", status.sequence(), ", epoch ", status.epoch(), "\n");
  absl::StrAppend(&text, "ledger   leader ",
                  status.leader().empty() ? "unknown" : NodeName(status, status.leader()),
                  ", term ", status.term(), ", index ", status.index(), ", ", voters,
                  voters == 1 ? " voter\n" : " voters\n");
  absl::StrAppend(&text, "nodes    ", HealthSummary(status), "\n");
  absl::StrAppend(&text, LoneCopies(status));
  absl::StrAppend(&text, "keys     ", keys, "\n\n", table.Render(), MovesText(status));
  return text;
}

std::string NodesText(const wire::ClusterStatus& status) {
  Table table({"ID", "ADDRESS", "ROLE", "HEALTH", "VOTER", ">EPOCH", ">HEARD", "BUS", "HTTP",
               "VERSION", "SLOTS"});
  for (const wire::Node* const node : Sorted(status)) {
    table.Add({node->id(), AddressText(*node) + (node->myself() ? "*" : ""), node->role(),
               node->health(), node->voter() ? "yes" : "no", absl::StrCat(node->epoch()),
               node->myself() ? "-" : absl::StrFormat("%.1f s ago", node->heard_ms() / 1000),
               absl::StrCat(node->bus_port()), absl::StrCat(node->http_port()),
               node->measured() ? node->version() : "-", Shortened(node->slots())});
  }
  return table.Render() + "* answered\n";
}

namespace {

struct OwnedRange {
  slots::SlotRange range;
  const wire::Node* owner;  // Null: nobody's.
};

std::vector<OwnedRange> Ranges(const wire::ClusterStatus& status) {
  std::vector<OwnedRange> ranges;
  slots::SlotSet owned;
  const auto add = [&](const slots::SlotSet& set, const wire::Node* owner) {
    for (const slots::SlotRange& range : set.Ranges()) ranges.push_back({range, owner});
  };
  for (const wire::Node& node : status.nodes()) {
    const auto set = slots::SlotSet::Parse(node.slots());
    if (!set) continue;
    owned |= *set;
    add(*set, &node);
  }
  add(owned.Complement(), nullptr);
  std::sort(ranges.begin(), ranges.end(),
            [](const OwnedRange& a, const OwnedRange& b) { return a.range < b.range; });
  return ranges;
}

}  // namespace

std::string SlotsText(const wire::ClusterStatus& status) {
  Table table({">FIRST", ">LAST", ">COUNT", "NODE", "ID"});
  for (const OwnedRange& owned : Ranges(status)) {
    table.Add({absl::StrCat(owned.range.first), absl::StrCat(owned.range.last),
               absl::StrCat(owned.range.size()),
               owned.owner == nullptr ? "nobody" : AddressText(*owned.owner),
               owned.owner == nullptr ? "-" : owned.owner->id()});
  }
  return table.Render();
}

std::string CheckText(const wire::CheckReply& reply) {
  std::string text;
  int serious = 0;
  for (const wire::Finding& finding : reply.findings()) {
    const char* const word = finding.severity() == wire::Finding::ERROR     ? "error  "
                             : finding.severity() == wire::Finding::WARNING ? "warning"
                                                                            : "note   ";
    serious += finding.severity() == wire::Finding::INFO ? 0 : 1;
    absl::StrAppend(&text, word, "  ", finding.text(), "\n");
    if (!finding.advice().empty()) absl::StrAppend(&text, "         ", finding.advice(), "\n");
  }
  if (serious == 0) {
    absl::StrAppend(&text, "ok: ", reply.nodes(), reply.nodes() == 1 ? " node, " : " nodes, ",
                    reply.assigned_slots(), " of ", slots::kSlotCount,
                    " slots assigned, nothing wrong\n");
  }
  return text;
}

std::string PlanText(const wire::Progress& plan, const wire::ClusterStatus& status) {
  Table table({"FROM", "TO", ">COUNT", "SLOTS"});
  for (const wire::PlannedMove& move : plan.plan()) {
    table.Add({NodeName(status, move.from_node()), NodeName(status, move.to_node()),
               absl::StrCat(move.slot_count()), Shortened(move.slots())});
  }
  return table.Render();
}

namespace {

constexpr size_t kDigestShown = 12;

std::string DigestText(const std::string& digest) {
  return digest.empty() ? "-" : digest.substr(0, kDigestShown);
}

}  // namespace

std::string LibrariesText(const wire::LibrariesReply& libraries) {
  Table table({"LIBRARY", ">VERSION", "DIGEST", ">BYTES", "FUNCTIONS", "HERE"});
  for (const wire::Library& library : libraries.libraries()) {
    table.Add({library.name(), library.version() == 0 ? "-" : absl::StrCat(library.version()),
               DigestText(library.version() == 0 ? library.here() : library.digest()),
               absl::StrCat(library.bytes()), absl::StrJoin(library.functions(), ","),
               library.problem().empty() ? "loaded" : library.problem()});
  }
  const std::string text =
      libraries.libraries().empty() ? std::string("no libraries\n") : table.Render();
  if (libraries.clustered()) return text;
  return text + "This node decides about its libraries alone (cluster-functions no).\n";
}

std::string DiffText(const LibraryDiff& diff) {
  if (diff.drift.empty()) {
    return absl::StrCat("no drift: ", diff.members, diff.members == 1 ? " node has" : " nodes have",
                        " the cluster's ", diff.libraries,
                        diff.libraries == 1 ? " library" : " libraries", " (version ", diff.version,
                        ")\n");
  }
  Table table({"NODE", "LIBRARY", "CLUSTER", "HERE", "PROBLEM"});
  for (const LibraryDrift& drift : diff.drift) {
    table.Add({drift.node, drift.library.empty() ? "-" : drift.library, DigestText(drift.cluster),
               DigestText(drift.here), drift.problem});
  }
  return table.Render();
}

std::string ModulesText(const ModuleReport& report) {
  std::string text = "no modules\n";
  if (!report.loaded.empty()) {
    Table table({"MODULE", ">VERSION", "NODES"});
    for (const ModuleReport::Loaded& loaded : report.loaded) {
      table.Add({loaded.module, absl::StrCat(loaded.version), absl::StrJoin(loaded.nodes, " ")});
    }
    text = table.Render();
  }
  for (const std::string& warning : report.warnings) absl::StrAppend(&text, warning, "\n");
  return text;
}

}  // namespace slotmesh::admin
