#include "node/types/expiry_note.h"

#include <gtest/gtest.h>

namespace slotmesh::node {
namespace {

constexpr UnixMillis kNow = 1'700'000'123'456;

TEST(ExpiryNote, NoExpiryIsNeverDue) {
  EXPECT_EQ(ExpiryNote(kNoExpiry, kNow), kNoExpiryNote);
  EXPECT_FALSE(NoteIsDue(kNoExpiryNote, kNow));
}

// Due from the second of the expiry on, and for hours after.
TEST(ExpiryNote, IsDueFromItsSecondOn) {
  for (int64_t delay_s = 0; delay_s <= kHorizonSeconds; delay_s += 37) {
    const uint16_t note = ExpiryNote(kNow + delay_s * 1000, kNow);
    ASSERT_NE(note, kNoExpiryNote);
    if (delay_s > 0) {
      ASSERT_FALSE(NoteIsDue(note, kNow + delay_s * 1000 - 1000)) << delay_s;
    }
    ASSERT_TRUE(NoteIsDue(note, kNow + delay_s * 1000)) << delay_s;
    ASSERT_TRUE(NoteIsDue(note, kNow + delay_s * 1000 + 4 * 3'600'000)) << delay_s;
  }
}

TEST(ExpiryNote, FarExpiriesComeUpOncePerHorizon) {
  for (const UnixMillis expiry : {kNow + 1'000'000'000, INT64_MAX}) {
    const uint16_t note = ExpiryNote(expiry, kNow);
    EXPECT_FALSE(NoteIsDue(note, kNow + (kHorizonSeconds - 1) * 1000));
    EXPECT_TRUE(NoteIsDue(note, kNow + kHorizonSeconds * 1000));
  }
}

TEST(ExpiryNote, PastExpiriesAreDueNow) {
  for (const UnixMillis expiry :
       {kNow - 1, kNow - 100'000'000'000, UnixMillis{0}, UnixMillis{-5}}) {
    EXPECT_TRUE(NoteIsDue(ExpiryNote(expiry, kNow), kNow)) << expiry;
  }
}

}  // namespace
}  // namespace slotmesh::node
