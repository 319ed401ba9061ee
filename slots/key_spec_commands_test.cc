// Key specs of every command in reference/commands.json: read into KeySpec, and run over requests
// that are made from the command's argument grammar, which marks its keys on its own.
#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "bazel/shared_data.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "slots/key_spec.h"
#include "slots/movable_keys.h"
#include "slots/sample_request.h"

namespace slotmesh::slots {
namespace {

using Json = nlohmann::json;

constexpr int kSamplesPerCommand = 60;

KeyFlag FlagOf(const std::string& name) {
  static const std::map<std::string, KeyFlag>* const kFlags =
      new std::map<std::string, KeyFlag>{{"RO", KeyFlag::kRo},
                                         {"RW", KeyFlag::kRw},
                                         {"OW", KeyFlag::kOw},
                                         {"RM", KeyFlag::kRm},
                                         {"ACCESS", KeyFlag::kAccess},
                                         {"UPDATE", KeyFlag::kUpdate},
                                         {"INSERT", KeyFlag::kInsert},
                                         {"DELETE", KeyFlag::kDelete},
                                         {"NOT_KEY", KeyFlag::kNotKey},
                                         {"INCOMPLETE", KeyFlag::kIncomplete},
                                         {"VARIABLE_FLAGS", KeyFlag::kVariableFlags}};
  return kFlags->at(name);
}

// Field by field, not through the named constructors. The keyword borrows from `json`.
KeySpec ReadSpec(const Json& json) {
  KeySpec spec;
  for (const Json& flag : json.at("flags")) spec.flags = spec.flags | FlagOf(flag);
  const Json& begin = json.at("begin_search");
  if (begin.contains("index")) {
    spec.begin = KeySpec::Begin::kIndex;
    spec.position = begin["index"].at("pos");
  } else if (begin.contains("keyword")) {
    spec.begin = KeySpec::Begin::kKeyword;
    spec.keyword = begin["keyword"].at("keyword").get_ref<const std::string&>();
    spec.start_from = begin["keyword"].at("startfrom");
  }
  const Json& find = json.at("find_keys");
  if (find.contains("range")) {
    spec.find = KeySpec::Find::kRange;
    spec.last = find["range"].at("lastkey");
    spec.step = find["range"].at("step");
    spec.limit = find["range"].at("limit");
  } else if (find.contains("keynum")) {
    spec.find = KeySpec::Find::kKeyNum;
    spec.count_at = find["keynum"].at("keynumidx");
    spec.first_key = find["keynum"].at("firstkey");
    spec.step = find["keynum"].at("step");
  }
  return spec;
}

// What the commands' rows name.
GetKeysFunction FunctionOf(const std::string& name) {
  static const std::map<std::string, GetKeysFunction>* const kFunctions =
      new std::map<std::string, GetKeysFunction>{{"SORT", &SortKeys},
                                                 {"SORT_RO", &SortReadOnlyKeys},
                                                 {"MIGRATE", &MigrateKeys},
                                                 {"SET", &SetKeys},
                                                 {"BITFIELD", &BitFieldKeys},
                                                 {"GEORADIUS", &GeoRadiusKeys},
                                                 {"GEORADIUSBYMEMBER", &GeoRadiusByMemberKeys},
                                                 {"XREAD", &XReadKeys},
                                                 {"XREADGROUP", &XReadGroupKeys}};
  const auto found = kFunctions->find(name);
  return found == kFunctions->end() ? nullptr : found->second;
}

KeyRefs Sorted(KeyRefs keys) {
  std::sort(keys.begin(), keys.end(),
            [](const KeyRef& a, const KeyRef& b) { return a.word < b.word; });
  return keys;
}

std::vector<uint32_t> WordsOf(const KeyRefs& keys) {
  std::vector<uint32_t> words;
  for (const KeyRef& key : keys) words.push_back(key.word);
  return words;
}

class KeySpecCommandsTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::optional<std::string> path = SharedFile("reference/commands.json");
    if (!path.has_value()) GTEST_SKIP() << "no shared files beside this checkout";
    std::ifstream file(*path);
    commands_ = Json::parse(file);
    ASSERT_EQ(commands_.size(), 405u);
  }

  std::vector<KeySpec> SpecsOf(const std::string& name) const {
    std::vector<KeySpec> specs;
    const Json& command = commands_.at(name);
    if (!command.contains("key_specs")) return specs;
    for (const Json& spec : command.at("key_specs")) specs.push_back(ReadSpec(spec));
    return specs;
  }

  Json commands_;
};

// What one sample request of a command must give.
void CheckSample(const SampleRequest& request, const std::vector<KeySpec>& specs,
                 GetKeysFunction function) {
  const std::vector<std::string_view> words(request.words.begin(), request.words.end());
  KeyRefs expected;
  for (const auto& [word, spec] : request.keys) expected.push_back({word, specs.at(spec).flags});
  expected = Sorted(expected);

  KeyRefs by_specs;
  const KeyStatus status = ExtractKeys(specs, words, &by_specs);
  if (status == KeyStatus::kNeedsFunction) {
    ASSERT_NE(function, nullptr);
    EXPECT_TRUE(by_specs.empty());
  } else {
    ASSERT_EQ(status, KeyStatus::kOk);
    EXPECT_EQ(Sorted(by_specs), expected);
  }
  KeyRefs found;
  ASSERT_EQ(FindKeys(specs, function, KeyDetail::kPositions, words, &found), KeyStatus::kOk);
  EXPECT_EQ(WordsOf(Sorted(found)), WordsOf(expected));

  KeyRefs with_access;
  ASSERT_EQ(FindKeys(specs, function, KeyDetail::kAccess, words, &with_access), KeyStatus::kOk);
  EXPECT_EQ(WordsOf(Sorted(with_access)), WordsOf(expected));
  for (const KeyRef& key : with_access) EXPECT_FALSE(Has(key.flags, KeyFlag::kVariableFlags));

  if (function != nullptr) {
    KeyRefs by_function;
    ASSERT_EQ(function(words, &by_function), KeyStatus::kOk);
    EXPECT_EQ(WordsOf(Sorted(by_function)), WordsOf(expected));
  }
}

TEST_F(KeySpecCommandsTest, EveryCommandsKeysAreThoseThatItsGrammarMarks) {
  std::mt19937 random(20240601);
  int with_specs = 0;
  for (const auto& [name, command] : commands_.items()) {
    const std::vector<KeySpec> specs = SpecsOf(name);
    with_specs += specs.empty() ? 0 : 1;
    for (const KeySpec& spec : specs) EXPECT_TRUE(spec.is_valid()) << name;
    const bool only_containers_words = !command.contains("arguments");
    for (int i = 0; i < (only_containers_words ? 1 : kSamplesPerCommand); ++i) {
      const SampleRequest request = MakeSampleRequest(name, command, &random);
      std::string text;
      for (const std::string& word : request.words) text += word + " ";
      SCOPED_TRACE(text);
      ASSERT_NO_FATAL_FAILURE(CheckSample(request, specs, FunctionOf(name)));
      if (HasFailure()) return;
    }
  }
  EXPECT_EQ(with_specs, 193);
}

TEST_F(KeySpecCommandsTest, ThoseWithoutSpecsHaveNoKeys) {
  for (const auto& [name, command] : commands_.items()) {
    const bool not_only_channels = command.contains("key_specs") && name != "SPUBLISH" &&
                                   name != "SSUBSCRIBE" && name != "SUNSUBSCRIBE";
    EXPECT_EQ(MayHaveKeys(SpecsOf(name), FunctionOf(name)), not_only_channels) << name;
  }
}

// As COMMAND INFO of Redis 7 and Valkey 8 has them.
TEST_F(KeySpecCommandsTest, LegacyTriplesOfWellKnownCommands) {
  const std::map<std::string, LegacyKeys> expected = {
      {"GET", {1, 1, 1, false}},
      {"SET", {1, 1, 1, false}},
      {"MGET", {1, -1, 1, false}},
      {"MSET", {1, -1, 2, false}},
      {"MSETNX", {1, -1, 2, false}},
      {"DEL", {1, -1, 1, false}},
      {"RENAME", {1, 2, 1, false}},
      {"COPY", {1, 2, 1, false}},
      {"LMOVE", {1, 2, 1, false}},
      {"SMOVE", {1, 2, 1, false}},
      {"LCS", {1, 2, 1, false}},
      {"BITOP", {2, -1, 1, false}},
      {"BLPOP", {1, -2, 1, false}},
      {"BZPOPMIN", {1, -2, 1, false}},
      {"SDIFFSTORE", {1, -1, 1, false}},
      {"PFMERGE", {1, -1, 1, false}},
      {"PFDEBUG", {2, 2, 1, false}},
      {"GEOSEARCHSTORE", {1, 2, 1, false}},
      {"OBJECT ENCODING", {2, 2, 1, false}},
      {"MEMORY USAGE", {2, 2, 1, false}},
      {"XGROUP CREATE", {2, 2, 1, false}},
      {"SPUBLISH", {1, 1, 1, false}},
      {"SSUBSCRIBE", {1, -1, 1, false}},
      {"EVAL", {0, 0, 0, true}},
      {"FCALL", {0, 0, 0, true}},
      {"ZUNION", {0, 0, 0, true}},
      {"ZUNIONSTORE", {1, 1, 1, true}},
      {"LMPOP", {0, 0, 0, true}},
      {"BLMPOP", {0, 0, 0, true}},
      {"XREAD", {0, 0, 0, true}},
      {"XREADGROUP", {0, 0, 0, true}},
      {"SORT", {1, 1, 1, true}},
      {"SORT_RO", {1, 1, 1, true}},
      {"MIGRATE", {3, 3, 1, true}},
      {"GEORADIUS", {1, 1, 1, true}},
      {"PING", {0, 0, 0, false}},
      {"SUBSCRIBE", {0, 0, 0, false}},
  };
  for (const auto& [name, keys] : expected) {
    const LegacyKeys derived = DeriveLegacyKeys(SpecsOf(name));
    EXPECT_EQ(derived, keys) << name << " " << derived.first << " " << derived.last << " "
                             << derived.step << " " << derived.movable;
  }
}

}  // namespace
}  // namespace slotmesh::slots
