#include "slots/ledger/map_codec.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "slots/ledger/fields.h"
#include "slots/ledger/wire.h"

namespace slotmesh::slots {

template <typename Archive>
void Fields(Archive& a, MapVersion& x) {
  a(x.log, x.generation, x.sequence);
}
template <typename Archive>
void Fields(Archive& a, ShardInfo& x) {
  a(x.id, x.epoch, x.primary, x.primary_boot, x.replicas, x.in_sync, x.in_sync_version, x.slots);
}
template <typename Archive>
void Fields(Archive& a, SlotMapData& x) {
  a(x.version, x.current_epoch, x.nodes, x.shards);
}

}  // namespace slotmesh::slots

namespace slotmesh::ledger {

template <typename Archive>
void Fields(Archive& a, MovePlan& x) {
  a(x.plan, x.slots, x.source, x.target);
}
template <typename Archive>
void Fields(Archive& a, FinishedMove& x) {
  a(x.plan, x.committed, x.reason, x.sequence);
}
template <typename Archive>
void Fields(Archive& a, Seal& x) {
  a(x.into, x.into_created, x.at, x.addresses);
}
template <typename Archive>
void Fields(Archive& a, InSyncSet& x) {
  a(x.shard, x.members, x.synced);
}
template <typename Archive>
void Fields(Archive& a, OpenedSlot& x) {
  a(x.slot, x.shard, x.migrating_to, x.importing_from);
}
template <typename Archive>
void Fields(Archive& a, LibraryRecord& x) {
  a(x.declared, x.version);
}
// A member's labels, behind all else.
struct Labelled {
  NodeId node;
  slots::NodeLabels labels;
};
template <typename Archive>
void Fields(Archive& a, Labelled& x) {
  a(x.node, x.labels);
}
template <typename Archive>
void Fields(Archive& a, View& x) {
  a(x.map, x.created, x.members, x.in_sync, x.voters, x.moves, x.finished, x.opened, x.seal,
    x.joined, x.cancelled, x.libraries, x.libraries_version);
}

namespace {

// 2: a view without function libraries; 3: without write safety.
constexpr uint8_t kVersion = 4;
// With a list of labels at the end. What has none is written without, for builds that know none.
constexpr uint8_t kVersionWithLabels = 5;
enum class Kind : uint8_t { kMap = 1, kView = 2 };

slots::SlotMapData& MapOf(slots::SlotMapData& map) { return map; }
slots::SlotMapData& MapOf(View& view) { return view.map; }
const slots::SlotMapData& MapOf(const slots::SlotMapData& map) { return map; }
const slots::SlotMapData& MapOf(const View& view) { return view.map; }

std::vector<Labelled> LabelsOf(const slots::SlotMapData& map) {
  std::vector<Labelled> labels;
  for (const slots::NodeInfo& node : map.nodes) {
    if (!node.labels.empty()) labels.push_back({node.id, node.labels});
  }
  return labels;
}

// REQUIRES: the map's nodes are as they were read, maybe in no order.
void ReadLabels(Reader& reader, slots::SlotMapData& map) {
  std::vector<Labelled> list;
  reader(list);
  if (reader.ok() && list.empty()) reader.Fail("its version has labels, and it has none");
  auto node = map.nodes.begin();
  for (Labelled& labelled : list) {
    node = std::find_if(node, map.nodes.end(),
                        [&](const slots::NodeInfo& info) { return info.id == labelled.node; });
    if (node == map.nodes.end()) return reader.Fail("labels are of no member, or out of order");
    if (labelled.labels.empty()) return reader.Fail("labels are empty");
    (node++)->labels = std::move(labelled.labels);
  }
}

template <typename T>
std::string Encode(Kind kind, const T& value) {
  const std::vector<Labelled> labels = LabelsOf(MapOf(value));
  Writer writer;
  writer(labels.empty() ? kVersion : kVersionWithLabels, static_cast<uint8_t>(kind), value);
  if (!labels.empty()) writer(labels);
  writer.PutChecksum();
  return writer.Take();
}

template <typename T>
absl::StatusOr<T> Decode(Kind kind, const char* what, std::string_view bytes) {
  if (bytes.size() < 6 || bytes.size() > kViewBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": ", bytes.size(), " bytes long"));
  }
  const std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (Reader(bytes.substr(body.size())).GetFixed32() != static_cast<uint32_t>(Checksum(body))) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": the checksum does not match"));
  }
  Reader reader(body);
  uint8_t version = 0;
  uint8_t found = 0;
  reader(version, found);
  if (reader.ok() && version < kVersion) {
    return absl::UnimplementedError(
        absl::StrCat(what, ": it was written by an older version of slotmesh (format ", version,
                     ", this one reads ", kVersion, " and ", kVersionWithLabels, ")"));
  }
  if (version != kVersion && version != kVersionWithLabels) {
    return absl::UnimplementedError(
        absl::StrCat(what, ": format version ", version, " is not known to this build"));
  }
  if (found != static_cast<uint8_t>(kind)) reader.Fail("it is of another kind");
  T value{};
  reader(value);
  if (version == kVersionWithLabels) ReadLabels(reader, MapOf(value));
  if (absl::Status status = reader.Finish(what); !status.ok()) return status;
  return value;
}

}  // namespace

std::string EncodeMap(const slots::SlotMapData& map) { return Encode(Kind::kMap, map); }

absl::StatusOr<slots::SlotMapData> DecodeMap(std::string_view bytes) {
  absl::StatusOr<slots::SlotMapData> map = Decode<slots::SlotMapData>(Kind::kMap, "map", bytes);
  if (!map.ok()) return map;
  if (const auto built = slots::SlotMap::Build(*map); !built.ok()) return built.status();
  return map;
}

std::string EncodeView(const View& view) { return Encode(Kind::kView, view); }

absl::StatusOr<View> DecodeView(std::string_view bytes) {
  absl::StatusOr<View> view = Decode<View>(Kind::kView, "view", bytes);
  if (!view.ok()) return view;
  if (const auto built = slots::SlotMap::Build(view->map); !built.ok()) return built.status();
  if (const absl::Status status = CheckView(*view); !status.ok()) {
    return absl::InvalidArgumentError(status.message());
  }
  return view;
}

}  // namespace slotmesh::ledger
