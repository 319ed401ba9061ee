#include "slots/movable_keys.h"

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace slotmesh::slots {
namespace {

std::string FlagText(KeyFlag flags) {
  constexpr struct {
    KeyFlag flag;
    const char* text;
  } kTexts[] = {{KeyFlag::kRo, "ro"},          {KeyFlag::kRw, "rw"},
                {KeyFlag::kOw, "ow"},          {KeyFlag::kRm, "rm"},
                {KeyFlag::kAccess, "+access"}, {KeyFlag::kUpdate, "+update"},
                {KeyFlag::kInsert, "+insert"}, {KeyFlag::kDelete, "+delete"}};
  std::string text;
  KeyFlag left = flags;
  for (const auto& t : kTexts) {
    if (!Has(flags, t.flag)) continue;
    text += t.text;
    left = static_cast<KeyFlag>(static_cast<uint32_t>(left) & ~static_cast<uint32_t>(t.flag));
  }
  return left == KeyFlag::kNone ? text : text + "+?";
}

constexpr GetKeysFunction kZunionStore = &CountedKeysOf<1, 2, KeyFlag::kRo | KeyFlag::kAccess>;
constexpr GetKeysFunction kLmpop =
    &CountedKeysOf<0, 1, KeyFlag::kRw | KeyFlag::kAccess | KeyFlag::kDelete>;

struct Row {
  GetKeysFunction function;
  const char* request;  // "_" is the empty word.
  const char* keys;     // "word:what happens to it", or "invalid".
};

constexpr Row kRows[] = {
    {&SortKeys, "SORT a", "a:ro+access"},
    {&SortKeys, "SORT a ALPHA DESC", "a:ro+access"},
    {&SortKeys, "SORT a STORE d", "a:ro+access d:ow+update"},
    {&SortKeys, "SORT a store d STORE e", "a:ro+access e:ow+update"},
    {&SortKeys, "SORT a BY store GET store LIMIT store store", "a:ro+access"},
    {&SortKeys, "SORT a BY b LIMIT 0 1 GET # STORE d", "a:ro+access d:ow+update"},
    {&SortKeys, "SORT a STORE", "a:ro+access"},
    {&SortKeys, "SORT", "invalid"},
    {&SortReadOnlyKeys, "SORT_RO a STORE d", "a:ro+access"},
    {&SortReadOnlyKeys, "SORT_RO", "invalid"},

    {&MigrateKeys, "MIGRATE h 1 k 0 99", "k:rw+access+delete"},
    {&MigrateKeys, "MIGRATE h 1 k 0 99 COPY REPLACE AUTH p", "k:rw+access+delete"},
    {&MigrateKeys, "MIGRATE h 1 _ 0 99 KEYS a b", "a:rw+access+delete b:rw+access+delete"},
    {&MigrateKeys, "MIGRATE h 1 _ 0 99 copy keys keys", "keys:rw+access+delete"},
    {&MigrateKeys, "MIGRATE h 1 _ 0 99 AUTH keys KEYS a", "a:rw+access+delete"},
    {&MigrateKeys, "MIGRATE h 1 _ 0 99 AUTH2 keys keys KEYS a", "a:rw+access+delete"},
    {&MigrateKeys, "MIGRATE h 1 k 0 99 KEYS a", "invalid"},
    {&MigrateKeys, "MIGRATE h 1 _ 0 99 KEYS", "invalid"},
    {&MigrateKeys, "MIGRATE h 1", "invalid"},

    {&SetKeys, "SET k v", "k:ow+update"},
    {&SetKeys, "SET k get", "k:ow+update"},
    {&SetKeys, "SET get v", "get:ow+update"},
    {&SetKeys, "SET k v EX 9 KEEPTTL", "k:ow+update"},
    {&SetKeys, "SET k v EX 9 get", "k:rw+access+update"},
    {&SetKeys, "SET k v GET NX", "k:rw+access+update"},
    {&SetKeys, "SET k v IFEQ w", "k:rw+access+update"},
    {&SetKeys, "SET", "invalid"},

    {&BitFieldKeys, "BITFIELD k", "k:ro+access"},
    {&BitFieldKeys, "BITFIELD k GET u8 0", "k:ro+access"},
    {&BitFieldKeys, "BITFIELD k get u8 0 overflow sat GET u8 8", "k:ro+access"},
    {&BitFieldKeys, "BITFIELD k GET u8 0 SET u8 0 1", "k:rw+access+update"},
    {&BitFieldKeys, "BITFIELD k OVERFLOW SAT INCRBY u8 0 1", "k:rw+access+update"},
    {&BitFieldKeys, "BITFIELD k GET u8", "k:rw+access+update"},
    {&BitFieldKeys, "BITFIELD k WHAT", "k:rw+access+update"},
    {&BitFieldKeys, "BITFIELD", "invalid"},

    {&GeoRadiusKeys, "GEORADIUS k 1 2 3 km", "k:ro+access"},
    {&GeoRadiusKeys, "GEORADIUS k 1 2 3 km STORE d", "k:ro+access d:ow+update"},
    {&GeoRadiusKeys, "GEORADIUS k 1 2 3 km STORE d COUNT 9 storedist e", "k:ro+access e:ow+update"},
    {&GeoRadiusKeys, "GEORADIUS k 1 2 3 km STORE", "k:ro+access"},
    {&GeoRadiusByMemberKeys, "GEORADIUSBYMEMBER k store 3 km", "k:ro+access"},
    {&GeoRadiusByMemberKeys, "GEORADIUSBYMEMBER k m 3 km STORE d", "k:ro+access d:ow+update"},

    {&XReadKeys, "XREAD STREAMS a 0", "a:ro+access"},
    {&XReadKeys, "XREAD COUNT 2 BLOCK 0 streams a b 0 0", "a:ro+access b:ro+access"},
    {&XReadKeys, "XREAD STREAMS a b 0", "invalid"},
    {&XReadKeys, "XREAD STREAMS", "invalid"},
    {&XReadKeys, "XREAD COUNT 2", "invalid"},
    {&XReadGroupKeys, "XREADGROUP GROUP streams streams NOACK STREAMS a >", "a:ro+access"},

    {kZunionStore, "ZUNIONSTORE d 2 a b WEIGHTS 1 2", "d:ow+update a:ro+access b:ro+access"},
    {kZunionStore, "ZUNIONSTORE d 2 a", "invalid"},
    {kZunionStore, "ZUNIONSTORE d 1443677133621497600 a", "invalid"},
    {kZunionStore, "ZUNIONSTORE d -1 a", "invalid"},
    {kZunionStore, "ZUNIONSTORE d", "invalid"},
    {kLmpop, "LMPOP 1 a LEFT", "a:rw+access+delete"},
    {kLmpop, "LMPOP 0", ""},
};

std::vector<std::string> Split(const char* line) {
  std::vector<std::string> words = absl::StrSplit(line, ' ');
  for (std::string& word : words) word = word == "_" ? "" : word;
  return words;
}

std::vector<std::string_view> Views(const std::vector<std::string>& words) {
  return {words.begin(), words.end()};
}

TEST(MovableKeys, FindsWhatTheCommandItselfWouldUse) {
  for (const Row& row : kRows) {
    const std::vector<std::string> words = Split(row.request);
    KeyRefs keys;
    std::string text;
    if (row.function(Views(words), &keys) != KeyStatus::kOk) {
      EXPECT_TRUE(keys.empty()) << row.request;
      text = "invalid";
    }
    for (const KeyRef& key : keys) {
      text += (text.empty() ? "" : " ") + words[key.word] + ":" + FlagText(key.flags);
    }
    EXPECT_EQ(text, row.keys) << row.request;
  }
}

RC_GTEST_PROP(MovableKeysProperty, AnyWordsGiveKeysAmongThem, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "", "a", "0", "1", "3", "store", "STOREDIST", "by", "get", "limit", "keys", "auth", "auth2",
      "streams", "group", "count", "ifeq", "ex", "overflow"));
  for (const GetKeysFunction function : std::initializer_list<GetKeysFunction>{
           &SortKeys, &SortReadOnlyKeys, &MigrateKeys, &SetKeys, &BitFieldKeys, &GeoRadiusKeys,
           &GeoRadiusByMemberKeys, &XReadKeys, &XReadGroupKeys, kZunionStore, kLmpop}) {
    KeyRefs keys;
    const KeyStatus status = function(Views(words), &keys);
    RC_ASSERT(status == KeyStatus::kOk || (status == KeyStatus::kInvalid && keys.empty()));
    for (const KeyRef& key : keys) RC_ASSERT(key.word >= 1 && key.word < words.size());
  }
}

}  // namespace
}  // namespace slotmesh::slots
