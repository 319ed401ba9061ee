// A 64-bit digest of a slot map's content: the same on every machine and in every version of the
// program that knows the same fields, for equal content and (but for chance) only for equal
// content. Pure.
#ifndef SLOTMESH_SLOTS_SLOT_MAP_DIGEST_H_
#define SLOTMESH_SLOTS_SLOT_MAP_DIGEST_H_

#include <cstdint>

#include "slots/slot_map.h"

namespace slotmesh::slots {

uint64_t Digest(const SlotMapData& data);

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_SLOT_MAP_DIGEST_H_
