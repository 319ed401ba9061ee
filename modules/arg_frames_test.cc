#include "modules/arg_frames.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace slotmesh::modules {
namespace {

TEST(ArgFramesTest, WordsAreUsedAgainUnlessSomebodyKeepsThem) {
  ArgFrames frames;
  const std::vector<std::string_view> first = {"get", "a"};
  RedisModuleString** argv = frames.Push(first);
  EXPECT_EQ(argv[1]->view(), "a");
  RedisModuleString* kept = argv[1];
  kept->Retain();
  frames.Pop();

  const std::vector<std::string_view> second = {"set", "b", "c"};
  argv = frames.Push(second);
  EXPECT_EQ(kept->view(), "a");
  EXPECT_NE(argv[1], kept);
  EXPECT_EQ(argv[2]->view(), "c");
  frames.Pop();
  kept->Release();
}

TEST(ArgFramesTest, FramesNest) {
  ArgFrames frames;
  const std::vector<std::string_view> outer = {"outer"};
  const std::vector<std::string_view> inner = {"inner"};
  RedisModuleString** argv = frames.Push(outer);
  frames.Push(inner);
  EXPECT_EQ(argv[0]->view(), "outer");
  frames.Pop();
  EXPECT_EQ(argv[0]->view(), "outer");
  frames.Pop();
}

TEST(ArgFramesTest, LongWordsAndLongRequestsAreGivenBack) {
  ArgFrames frames;
  const std::string big(ArgFrames::kKeptBytesMax * 4, 'x');
  std::vector<std::string_view> words(ArgFrames::kKeptWordsMax * 2, "w");
  words[0] = big;
  frames.Push(words);
  frames.Pop();
  const std::vector<std::string_view> small = {"s"};
  RedisModuleString** argv = frames.Push(small);
  EXPECT_LE(argv[0]->bytes.capacity(), ArgFrames::kKeptBytesMax);
  frames.Pop();
}

}  // namespace
}  // namespace slotmesh::modules
