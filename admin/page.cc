#include "admin/page.h"

#include <algorithm>

#include "admin/check.h"
#include "slots/strings.h"

namespace slotmesh::admin {
namespace {

constexpr char kHead[] = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">
<meta name="viewport" content="width=device-width">
<title>slotmesh</title><style>
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em}
body{color:#222;background:#fff}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3em .8em .3em 0;border-bottom:1px solid #ddd}
td.n,th.n{text-align:right}.ok{color:#176d31}.bad{color:#b00020}code{font-size:90%}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}th,td{border-color:#444}
.ok{color:#6fcf87}.bad{color:#ff8a8a}}
</style></head><body>
)";

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string Megabytes(uint64_t bytes) { return StrCat((bytes + 500'000) / 1'000'000, " MB"); }

const char* Health(NodeHealth health) {
  switch (health) {
    case NodeHealth::kOnline:
      return "<span class=ok>online</span>";
    case NodeHealth::kSuspected:
      return "<span class=bad>suspected</span>";
    case NodeHealth::kFailed:
      return "<span class=bad>failed</span>";
    case NodeHealth::kJoining:
      return "joining";
  }
  return "";
}

std::string Row(const ClusterView& view, const slots::NodeInfo& node) {
  const slots::ShardInfo* const shard = view.map->ShardOf(node.id);
  const bool primary = shard != nullptr && shard->primary == node.id;
  const auto found = std::find_if(view.nodes.begin(), view.nodes.end(),
                                  [&](const NodeState& state) { return state.id == node.id; });
  const NodeState state = found == view.nodes.end() ? NodeState{} : *found;
  std::string slots = primary ? shard->slots.ToString() : "";
  if (slots.size() > 60) slots = slots.substr(0, 57) + "...";
  return StrCat("<tr><td>", Escape(AddressOf(node)), node.id == view.myself ? " (this node)" : "",
                "</td><td><code>", node.id.ToHex().substr(0, 8), "</code></td><td>",
                node.arbiter ? "arbiter"
                : primary    ? "primary"
                             : "replica",
                node.voter ? ", voter" : "", "</td><td>", Health(state.health), "</td><td class=n>",
                primary ? shard->slots.count() : 0, "</td><td>", slots, "</td><td class=n>",
                state.measured ? StrCat(state.keys) : "", "</td><td class=n>",
                state.measured ? Megabytes(state.memory_bytes) : "", "</td></tr>\n");
}

}  // namespace

std::string RenderPage(const ClusterView& view) {
  std::string page = kHead;
  page += StrCat("<h1>slotmesh</h1>\n<p>The cluster is ",
                 view.ok ? "<b class=ok>ok</b>" : "<b class=bad>not ok</b>",
                 view.reason.empty() ? "" : StrCat(": ", Escape(view.reason)), ". ",
                 view.map->assigned_slots(), " of ", slots::kSlotCount,
                 " slots are assigned; map version ", view.map->version().sequence,
                 ", ledger term ", view.ledger.term, ", index ", view.ledger.index, ".</p>\n");
  for (const Finding& finding : Check(view)) {
    page +=
        StrCat("<p", finding.severity == Finding::Severity::kInfo ? "" : " class=bad", ">",
               Escape(finding.text),
               finding.advice.empty() ? "" : StrCat(" &mdash; ", Escape(finding.advice)), "</p>\n");
  }
  page +=
      "<table><tr><th>Node<th>Id<th>Role<th>Health<th class=n>Slots<th>Ranges<th class=n>Keys"
      "<th class=n>Memory</tr>\n";
  for (const slots::NodeInfo& node : view.map->data().nodes) page += Row(view, node);
  page += "</table>\n<p><a href=\"/metrics\">metrics</a></p></body></html>\n";
  return page;
}

}  // namespace slotmesh::admin
