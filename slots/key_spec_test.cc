#include "slots/key_spec.h"

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "slots/movable_keys.h"

namespace slotmesh::slots {
namespace {

constexpr KeyFlag kRead = KeyFlag::kRo | KeyFlag::kAccess;
constexpr KeyFlag kStore = KeyFlag::kOw | KeyFlag::kUpdate;

// A row's specs are constants.
constexpr KeySpec kMset[] = {KeySpec::Range({.first = 1, .last = -1, .step = 2}, kStore)};
constexpr KeySpec kEval[] = {KeySpec::KeyNum(2, kRead)};
constexpr KeySpec kXread[] = {
    KeySpec::Keyword({.keyword = "STREAMS", .start_from = 1, .last = -1, .limit = 2}, kRead)};
constexpr KeySpec kPfmerge[] = {KeySpec::At(1, kStore),
                                KeySpec::Range({.first = 2, .last = -1}, kRead)};
constexpr KeySpec kSort[] = {KeySpec::At(1, kRead), KeySpec::Unknown(kStore)};
constexpr KeySpec kMigrate[] = {KeySpec::At(3, kStore),
                                KeySpec::Keyword({.keyword = "KEYS", .start_from = -2, .last = -1},
                                                 kStore | KeyFlag::kIncomplete)};
constexpr KeySpec kSet[] = {KeySpec::At(1, kStore | KeyFlag::kVariableFlags)};
constexpr KeySpec kSubscribe[] = {
    KeySpec::Channels({.first = 1, .last = -1}, KeyFlag::kSubscribe | KeyFlag::kPattern)};
constexpr KeySpec kSpublish[] = {
    KeySpec::ShardChannels({.first = 1, .last = 1}, KeyFlag::kPublish)};
static_assert(kMset[0].is_valid() && kXread[0].is_valid() && kSort[1].is_valid());
static_assert(!KeySpec::At(0, kRead).is_valid());
static_assert(!KeySpec::Range({.first = 1, .last = 1, .step = 0}, kRead).is_valid());
static_assert(!KeySpec::Keyword({.keyword = ""}, kRead).is_valid());
static_assert(!KeySpec::Keyword({.keyword = "x", .start_from = 0}, kRead).is_valid());

using Strings = std::vector<std::string>;

Strings Split(const std::string& line) { return absl::StrSplit(line, ' '); }

std::vector<std::string_view> Views(const Strings& words) { return {words.begin(), words.end()}; }

// The words that are keys, or why there are none.
std::string Extract(absl::Span<const KeySpec> specs, const std::string& line) {
  const Strings words = Split(line);
  KeyRefs keys;
  switch (ExtractKeys(specs, Views(words), &keys)) {
    case KeyStatus::kNeedsFunction:
      return keys.empty() ? "needs function" : "needs function, but left keys";
    case KeyStatus::kInvalid:
      return keys.empty() ? "invalid" : "invalid, but left keys";
    case KeyStatus::kOk:
      break;
  }
  std::string text;
  for (const KeyRef& key : keys) text += (text.empty() ? "" : " ") + words[key.word];
  return text;
}

TEST(ExtractKeys, Ranges) {
  const KeySpec one[] = {KeySpec::At(1, kRead)};
  EXPECT_EQ(Extract(one, "GET a"), "a");
  EXPECT_EQ(Extract(one, "GET a b"), "a");
  EXPECT_EQ(Extract(one, "GET"), "invalid");
  EXPECT_EQ(Extract(kMset, "MSET a 1 b 2 c 3"), "a b c");
  EXPECT_EQ(Extract(kMset, "MSET a 1 b"), "a b");  // The handler says what is wrong.
  const KeySpec blpop[] = {KeySpec::Range({.first = 1, .last = -2}, kRead)};
  EXPECT_EQ(Extract(blpop, "BLPOP a b 0"), "a b");
  EXPECT_EQ(Extract(blpop, "BLPOP a 0"), "a");
  EXPECT_EQ(Extract(blpop, "BLPOP 0"), "invalid");
  const KeySpec two[] = {KeySpec::Range({.first = 1, .last = 2}, kRead)};
  EXPECT_EQ(Extract(two, "RENAME a b"), "a b");
  EXPECT_EQ(Extract(two, "RENAME a"), "invalid");
}

TEST(ExtractKeys, AnOpenRangeMayBeEmpty) {
  EXPECT_EQ(Extract(kPfmerge, "PFMERGE d"), "d");
  EXPECT_EQ(Extract(kPfmerge, "PFMERGE d a b"), "d a b");
  EXPECT_EQ(Extract(kPfmerge, "PFMERGE"), "invalid");
}

TEST(ExtractKeys, CountedKeys) {
  EXPECT_EQ(Extract(kEval, "EVAL s 2 a b c"), "a b");
  EXPECT_EQ(Extract(kEval, "EVAL s 2 a b"), "a b");
  EXPECT_EQ(Extract(kEval, "EVAL s 0"), "");
  EXPECT_EQ(Extract(kEval, "EVAL s 0 a"), "");
  for (const char* count :
       {"3", "-1", "x", "", "1x", "01", "+1", "1.0", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "18446744073709551617", "999999999999999999"}) {
    EXPECT_EQ(Extract(kEval, std::string("EVAL s ") + count + " a b"), "invalid") << count;
  }
  EXPECT_EQ(Extract(kEval, "EVAL s"), "invalid");
}

TEST(ExtractKeys, CountAndFirstKeyMayStandApart) {
  KeySpec spec = KeySpec::KeyNum(1, kRead);
  spec.count_at = 1;
  spec.first_key = 3;
  spec.step = 2;
  EXPECT_EQ(Extract({&spec, 1}, "X - 2 - a - b -"), "a b");
  EXPECT_EQ(Extract({&spec, 1}, "X - 2 - a -"), "invalid");
}

TEST(ExtractKeys, Keywords) {
  EXPECT_EQ(Extract(kXread, "XREAD COUNT 2 streams a b 0 0"), "a b");
  EXPECT_EQ(Extract(kXread, "XREAD STREAMS streams 0"), "streams");
  EXPECT_EQ(Extract(kXread, "XREAD COUNT 2"), "");
  EXPECT_EQ(Extract(kXread, "XREAD STREAMS a"), "invalid");
  EXPECT_EQ(Extract(kXread, "XREAD STREAMS"), "invalid");
  const KeySpec third[] = {
      KeySpec::Range({.first = 1, .last = -1, .limit = 3}, kRead)};  // The first third.
  EXPECT_EQ(Extract(third, "X a b c d e f"), "a b");
  const KeySpec store[] = {KeySpec::Keyword({.keyword = "STORE", .start_from = 3}, kStore)};
  EXPECT_EQ(Extract(store, "X STORE a b"), "");  // Before the place where it is looked for.
  EXPECT_EQ(Extract(store, "X - - Store d"), "d");
  EXPECT_EQ(Extract(store, "X - - STORE"), "invalid");
  EXPECT_EQ(Extract(store, "X"), "");
}

TEST(ExtractKeys, KeywordsFromTheEnd) {
  const KeySpec last[] = {
      KeySpec::Keyword({.keyword = "KEYS", .start_from = -2, .last = -1}, kRead)};
  EXPECT_EQ(Extract(last, "M KEYS KEYS a b"), "a b");
  EXPECT_EQ(Extract(last, "M KEYS a"), "a");
  EXPECT_EQ(Extract(last, "M a KEYS"), "");  // In the last word nothing can follow it.
  EXPECT_EQ(Extract(last, "KEYS a"), "");    // The command's name is no keyword.
  EXPECT_EQ(Extract(last, "M"), "");
}

TEST(ExtractKeys, UnknownAndIncompleteNeedTheFunction) {
  EXPECT_EQ(Extract(kSort, "SORT a"), "needs function");
  EXPECT_EQ(Extract(kMigrate, "MIGRATE h 1 k 0 9 KEYS a"), "needs function");
}

TEST(ExtractKeys, LeavesWhatStoodInTheListBefore) {
  const Strings words = {"EVAL", "s", "9"};
  KeyRefs keys = {{7, kStore}};
  EXPECT_EQ(ExtractKeys(kEval, Views(words), &keys), KeyStatus::kInvalid);
  EXPECT_EQ(keys, (KeyRefs{{7, kStore}}));
  const Strings more = {"MSET", "a", "1"};
  EXPECT_EQ(ExtractKeys(kMset, Views(more), &keys), KeyStatus::kOk);
  EXPECT_EQ(keys, (KeyRefs{{7, kStore}, {1, kStore}}));
}

TEST(ExtractKeys, MoreKeysThanHaveRoomInline) {
  Strings words = {"MGET"};
  for (int i = 0; i < 1000; ++i) words.push_back("k" + std::to_string(i));
  const KeySpec mget[] = {KeySpec::Range({.first = 1, .last = -1}, kRead)};
  KeyRefs keys;
  EXPECT_EQ(ExtractKeys(mget, Views(words), &keys), KeyStatus::kOk);
  ASSERT_EQ(keys.size(), 1000u);
  for (uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(keys[i], (KeyRef{i + 1, kRead}));
}

// Whatever specs a module declares and words a client sends: keys are words of the request.
RC_GTEST_PROP(ExtractKeysProperty, AnySpecOnAnyWordsStaysWithinThem, ()) {
  KeySpec spec;
  const auto small = [] { return *rc::gen::inRange(-6, 7); };
  spec.begin = *rc::gen::element(KeySpec::Begin::kIndex, KeySpec::Begin::kKeyword);
  spec.find = *rc::gen::element(KeySpec::Find::kRange, KeySpec::Find::kKeyNum);
  spec.position = *rc::gen::inRange(1, 7);
  spec.keyword = "k";
  spec.start_from = *rc::gen::suchThat(rc::gen::inRange(-6, 7), [](int v) { return v != 0; });
  spec.last = small();
  spec.step = *rc::gen::inRange(1, 5);
  spec.limit = *rc::gen::inRange(0, 4);
  spec.count_at = *rc::gen::inRange(0, 5);
  spec.first_key = *rc::gen::inRange(0, 5);
  RC_ASSERT(spec.is_valid());
  const Strings words = *rc::gen::container<Strings>(
      rc::gen::element<std::string>("k", "K", "0", "1", "2", "3", "99", "a"));
  KeyRefs keys;
  const KeyStatus status = ExtractKeys({&spec, 1}, Views(words), &keys);
  RC_ASSERT(status != KeyStatus::kNeedsFunction);
  for (const KeyRef& key : keys) RC_ASSERT(key.word >= 1 && key.word < words.size());
}

TEST(FindKeys, TakesTheFunctionWhereSpecsDoNotSuffice) {
  const Strings words = Split("SORT a BY store STORE d");
  KeyRefs keys;
  EXPECT_EQ(FindKeys(kSort, &SortKeys, KeyDetail::kPositions, Views(words), &keys), KeyStatus::kOk);
  EXPECT_EQ(keys, (KeyRefs{{1, kRead}, {5, kStore}}));
  keys.clear();
  EXPECT_EQ(FindKeys(kSort, nullptr, KeyDetail::kPositions, Views(words), &keys),
            KeyStatus::kInvalid);
  EXPECT_TRUE(keys.empty());
  EXPECT_EQ(FindKeys({}, &SortKeys, KeyDetail::kPositions, Views(words), &keys), KeyStatus::kOk);
  EXPECT_EQ(keys.size(), 2u);
}

TEST(FindKeys, VariableFlagsNeedTheFunctionOnlyForAccess) {
  const Strings words = Split("SET k v GET");
  KeyRefs keys;
  EXPECT_EQ(FindKeys(kSet, &SetKeys, KeyDetail::kPositions, Views(words), &keys), KeyStatus::kOk);
  EXPECT_EQ(keys, (KeyRefs{{1, kStore | KeyFlag::kVariableFlags}}));
  keys.clear();
  EXPECT_EQ(FindKeys(kSet, &SetKeys, KeyDetail::kAccess, Views(words), &keys), KeyStatus::kOk);
  EXPECT_EQ(keys, (KeyRefs{{1, KeyFlag::kRw | KeyFlag::kAccess | KeyFlag::kUpdate}}));
}

TEST(Channels, AreKeysOnlyIfSharded) {
  const Strings subscribe = Split("PSUBSCRIBE a* b*");
  KeyRefs refs;
  EXPECT_EQ(ExtractKeys(kSubscribe, Views(subscribe), &refs), KeyStatus::kOk);
  EXPECT_TRUE(refs.empty());
  EXPECT_EQ(ExtractChannels(kSubscribe, Views(subscribe), &refs), KeyStatus::kOk);
  ASSERT_EQ(refs.size(), 2u);
  EXPECT_TRUE(Has(refs[1].flags, KeyFlag::kPattern) && Has(refs[1].flags, KeyFlag::kSubscribe));
  refs.clear();
  const Strings spublish = Split("SPUBLISH c m");
  EXPECT_EQ(ExtractKeys(kSpublish, Views(spublish), &refs), KeyStatus::kOk);
  ASSERT_EQ(refs.size(), 1u);
  EXPECT_TRUE(Has(refs[0].flags, KeyFlag::kNotKey));
  refs.clear();
  EXPECT_EQ(ExtractChannels(kSpublish, Views(spublish), &refs), KeyStatus::kOk);
  EXPECT_EQ(refs.size(), 1u);
  refs.clear();
  const Strings mset = Split("MSET a 1");
  EXPECT_EQ(ExtractChannels(kMset, Views(mset), &refs), KeyStatus::kOk);
  EXPECT_TRUE(refs.empty());
}

TEST(MayHaveKeys, ChannelsDoNotCount) {
  EXPECT_TRUE(MayHaveKeys(kMset, nullptr));
  EXPECT_TRUE(MayHaveKeys({}, &SortKeys));
  EXPECT_FALSE(MayHaveKeys({}, nullptr));
  EXPECT_FALSE(MayHaveKeys(kSubscribe, nullptr));
  EXPECT_FALSE(MayHaveKeys(kSpublish, nullptr));
}

TEST(DeriveLegacyKeys, CoversPlainRangesThatFollowEachOther) {
  EXPECT_EQ(DeriveLegacyKeys({}), (LegacyKeys{0, 0, 0, false}));
  EXPECT_EQ(DeriveLegacyKeys(kMset), (LegacyKeys{1, -1, 2, false}));
  EXPECT_EQ(DeriveLegacyKeys(kEval), (LegacyKeys{0, 0, 0, true}));
  EXPECT_EQ(DeriveLegacyKeys(kPfmerge), (LegacyKeys{1, -1, 1, false}));
  EXPECT_EQ(DeriveLegacyKeys(kSort), (LegacyKeys{1, 1, 1, true}));
  EXPECT_EQ(DeriveLegacyKeys(kMigrate), (LegacyKeys{3, 3, 1, true}));
  EXPECT_EQ(DeriveLegacyKeys(kSubscribe), (LegacyKeys{0, 0, 0, false}));
  EXPECT_EQ(DeriveLegacyKeys(kSpublish), (LegacyKeys{1, 1, 1, false}));
  const KeySpec gap[] = {KeySpec::At(1, kRead), KeySpec::At(3, kRead)};
  EXPECT_EQ(DeriveLegacyKeys(gap), (LegacyKeys{1, 1, 1, true}));
  const KeySpec stepped[] = {KeySpec::At(1, kRead),
                             KeySpec::Range({.first = 2, .last = -1, .step = 2}, kRead)};
  EXPECT_EQ(DeriveLegacyKeys(stepped), (LegacyKeys{1, 1, 1, true}));
}

}  // namespace
}  // namespace slotmesh::slots
