#include "functions/script_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "functions/testing/fake_engine.h"

namespace slotmesh::functions {
namespace {

class ScriptCacheTest : public testing::Test {
 protected:
  std::string LoadScript(const std::string& text, bool pin) {
    const auto script = cache_.Load(text, pin);
    return script.ok() ? std::string((*script)->name()) : std::string(script.status().message());
  }

  FakeEngine engine_;
  ScriptCache cache_{engine_};
};

TEST_F(ScriptCacheTest, FindsByHashInAnyCase) {
  const std::string hash = LoadScript("return 1", /*pin=*/false);
  EXPECT_EQ(hash, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  ASSERT_NE(cache_.Find(hash), nullptr);
  EXPECT_EQ(cache_.Find("E0E1F9FABFC9D4800C877A703B823AC0578FF8DB"), cache_.Find(hash));
  EXPECT_EQ(cache_.Find("e0e1"), nullptr);
  EXPECT_EQ(cache_.Find(std::string(40, 'a')), nullptr);
}

TEST_F(ScriptCacheTest, EvictsTheEvalScriptThatWasUsedLongestAgo) {
  const std::string first = LoadScript("first", false);
  const std::string second = LoadScript("second", false);
  const std::string kept = LoadScript("kept", /*pin=*/true);
  for (size_t i = 2; i < ScriptCache::kEvalScriptsMax; ++i) LoadScript(std::to_string(i), false);
  cache_.Touch(*cache_.Find(first));
  LoadScript("one more", false);
  EXPECT_EQ(cache_.evicted(), 1u);
  EXPECT_NE(cache_.Find(first), nullptr);
  EXPECT_EQ(cache_.Find(second), nullptr);
  EXPECT_NE(cache_.Find(kept), nullptr);
  EXPECT_EQ(cache_.size(), ScriptCache::kEvalScriptsMax + 1);
  EXPECT_EQ(engine_.alive(), cache_.size());
}

TEST_F(ScriptCacheTest, LoadPinsWhatEvalBrought) {
  const std::string hash = LoadScript("mine", false);
  EXPECT_EQ(LoadScript("mine", true), hash);
  for (size_t i = 0; i <= ScriptCache::kEvalScriptsMax; ++i) LoadScript(std::to_string(i), false);
  EXPECT_NE(cache_.Find(hash), nullptr);
}

TEST_F(ScriptCacheTest, FailureKeepsNothing) {
  EXPECT_EQ(LoadScript("!line 1: what?", false),
            "Error compiling script (new function): line 1: what?");
  EXPECT_EQ(cache_.size(), 0u);
  EXPECT_EQ(engine_.alive(), 0u);
}

TEST_F(ScriptCacheTest, FlushForgetsAllAndGivesCodeBack) {
  const std::string hash = LoadScript("a", true);
  LoadScript("b", false);
  EXPECT_GT(cache_.memory_bytes(), 0u);
  cache_.Flush();
  EXPECT_EQ(cache_.Find(hash), nullptr);
  EXPECT_EQ(cache_.memory_bytes(), 0u);
  EXPECT_EQ(engine_.alive(), 0u);
}

}  // namespace
}  // namespace slotmesh::functions
