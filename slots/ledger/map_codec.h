// Maps and views as bytes: what members pull from each other, and the larger part of a ledger
// snapshot.
//
// Encoding (wire.h): 1 byte format version, 1 byte kind, the fields, 4 bytes checksum. Decoding
// takes nothing but what encoding gives, checks the content as SlotMap::Build and CheckView do, and
// takes memory in proportion to the input, at most kViewBytesMax. Pure functions.
#ifndef SLOTMESH_SLOTS_LEDGER_MAP_CODEC_H_
#define SLOTMESH_SLOTS_LEDGER_MAP_CODEC_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "slots/ledger/view.h"
#include "slots/slot_map.h"

namespace slotmesh::ledger {

inline constexpr size_t kViewBytesMax = 64 << 20;

std::string EncodeMap(const slots::SlotMapData& map);
absl::StatusOr<slots::SlotMapData> DecodeMap(std::string_view bytes);

std::string EncodeView(const View& view);
absl::StatusOr<View> DecodeView(std::string_view bytes);

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_MAP_CODEC_H_
