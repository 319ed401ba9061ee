// The commands' own ways to find keys, for those whose key specs do not say everything: where keys
// depend on options (SORT, MIGRATE, GEORADIUS), or what happens to them does (SET, BITFIELD).
//
// Each is a GetKeysFunction to name in a command's row. They read words as the command itself
// would: an option's values are stepped over, so SORT's `BY store` stores nothing. Where the words
// are wrong they say kInvalid or assume the stronger access. Pure, thread safe, linear in the
// words.
#ifndef SLOTMESH_SLOTS_MOVABLE_KEYS_H_
#define SLOTMESH_SLOTS_MOVABLE_KEYS_H_

#include <cstdint>

#include "slots/key_spec.h"

namespace slotmesh::slots {

// SORT key [...] [STORE destination]: the last STORE counts. Keys that BY and GET patterns lead to
// are not among them: cluster mode refuses patterns that could leave the slot.
KeyStatus SortKeys(Words words, KeyRefs* out);
// SORT_RO key [...]
KeyStatus SortReadOnlyKeys(Words words, KeyRefs* out);

// MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH p] [AUTH2 u p] [KEYS key ...]
KeyStatus MigrateKeys(Words words, KeyRefs* out);

// SET key value [...]: a plain overwrite, but reads what was there with GET or IFEQ.
KeyStatus SetKeys(Words words, KeyRefs* out);

// BITFIELD key [...]: only read if every operation is a GET.
KeyStatus BitFieldKeys(Words words, KeyRefs* out);

// GEORADIUS key longitude latitude radius unit [...] and GEORADIUSBYMEMBER key member radius unit
// [...], [STORE|STOREDIST destination]: the last of these counts.
KeyStatus GeoRadiusKeys(Words words, KeyRefs* out);
KeyStatus GeoRadiusByMemberKeys(Words words, KeyRefs* out);

// XREAD [COUNT n] [BLOCK ms] STREAMS key ... id ...; kInvalid unless there is an id for each key.
KeyStatus XReadKeys(Words words, KeyRefs* out);
// XREADGROUP GROUP group consumer [COUNT n] [BLOCK ms] [NOACK] STREAMS key ... id ...
KeyStatus XReadGroupKeys(Words words, KeyRefs* out);

// A command whose word `count_word` is the number of keys, which follow it (EVAL, FCALL, ZUNION,
// LMPOP, ...); if `store_word` is not 0, that word is a key that is overwritten. It finds what the
// matching KeySpec::KeyNum finds, and is here for commands that come without specs.
KeyStatus CountedKeys(int store_word, int count_word, KeyFlag flags, Words words, KeyRefs* out);
template <int store_word, int count_word, KeyFlag flags>
KeyStatus CountedKeysOf(Words words, KeyRefs* out) {
  return CountedKeys(store_word, count_word, flags, words, out);
}

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_MOVABLE_KEYS_H_
