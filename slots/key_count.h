// The number of keys that a request's word states. Pure; private to slots/.
#ifndef SLOTMESH_SLOTS_KEY_COUNT_H_
#define SLOTMESH_SLOTS_KEY_COUNT_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace slotmesh::slots {

// The number of keys as commands with a key count take it (EVAL, ZUNION, LMPOP, ...). Absent unless
// `word` is a plain decimal number, without sign or leading zeros, below 10^18.
std::optional<int64_t> ParseKeyCount(std::string_view word);

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_KEY_COUNT_H_
