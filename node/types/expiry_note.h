// The 16-bit note that a table keeps beside each element's pointer: roughly when the element (a
// key, a field of a hash) expires.
//
// It is the index for active expiry and costs no memory: a sweep reads buckets one after the other,
// as fast as memory is read in order, and touches only entries whose note says that they are due. 0
// is "no expiry"; otherwise the low 15 bits are the second of the expiry, modulo 2^15, counting at
// most kHorizonSeconds (4.5 hours) from when the note was written. Entries that live longer are met
// by a sweep once per horizon and get a new note. A note that no sweep has met for 4.5 hours after
// its time counts as not due for the next 4.5 hours; reading the key finds it expired all the same.
// Pure functions.
#ifndef SLOTMESH_NODE_TYPES_EXPIRY_NOTE_H_
#define SLOTMESH_NODE_TYPES_EXPIRY_NOTE_H_

#include <algorithm>
#include <cstdint>

#include "node/types/unix_millis.h"

namespace slotmesh::node {

inline constexpr uint16_t kNoExpiryNote = 0;
inline constexpr int64_t kHorizonSeconds = 0x3fff;

inline uint16_t ExpiryNote(UnixMillis expiry, UnixMillis now) {
  if (expiry == kNoExpiry) return kNoExpiryNote;
  const int64_t now_s = now / 1000;
  const int64_t due_s = std::clamp(expiry / 1000, now_s - 1, now_s + kHorizonSeconds);
  return static_cast<uint16_t>(0x8000 | (due_s & 0x7fff));
}

// The element may be due: look at it.
inline bool NoteIsDue(uint16_t note, UnixMillis now) {
  return note != kNoExpiryNote && ((now / 1000 - note) & 0x7fff) <= kHorizonSeconds;
}

// The begin of the second of a note that is not due: its element does not expire before.
// REQUIRES: note != kNoExpiryNote.
inline UnixMillis NoteNotBefore(uint16_t note, UnixMillis now) {
  return (now / 1000 + ((note - now / 1000) & 0x7fff)) * 1000;
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_EXPIRY_NOTE_H_
