#include "node/stats/memory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>
#include <vector>

namespace slotmesh::node {
namespace {

constexpr int64_t kBlock = 64;
constexpr int64_t kBlocks = 10'000;

std::vector<void*> Blocks() {
  std::vector<void*> blocks(kBlocks);
  for (void*& block : blocks) block = std::malloc(kBlock);
  return blocks;
}

int64_t Used(const AllocatorGauge& gauge) { return static_cast<int64_t>(gauge.used_bytes()); }

TEST(AllocatorGaugeTest, SeesEachAllocationOfAFollowedThreadAtOnce) {
  AllocatorGauge gauge;
  gauge.FollowThisThread();
  gauge.Refresh();
  const int64_t before = Used(gauge);
  std::vector<void*> blocks = Blocks();
  const int64_t vector = static_cast<int64_t>(blocks.capacity() * sizeof(void*));
  EXPECT_NEAR(Used(gauge) - before, kBlock * kBlocks + vector, 8192);
  for (void* block : blocks) std::free(block);
  EXPECT_NEAR(Used(gauge) - before, vector, 8192);
}

TEST(AllocatorGaugeTest, ARefreshChangesNothingThatItKnewExactly) {
  AllocatorGauge gauge;
  gauge.FollowThisThread();
  gauge.Refresh();
  std::vector<void*> blocks = Blocks();
  for (int i = 0; i < kBlocks; i += 2) std::free(blocks[i]);
  const int64_t counted = Used(gauge);
  gauge.Refresh();
  EXPECT_EQ(Used(gauge), counted);
  for (int i = 1; i < kBlocks; i += 2) std::free(blocks[i]);
}

TEST(AllocatorGaugeTest, WhatAnotherThreadFreesCountsOnceFollowedOrRefreshed) {
  AllocatorGauge gauge;
  gauge.FollowThisThread();
  gauge.Refresh();
  std::vector<void*> blocks = Blocks();
  const int64_t full = Used(gauge);
  std::thread([&] {
    gauge.FollowThisThread();
    for (void* block : blocks) std::free(block);
    EXPECT_NEAR(full - Used(gauge), kBlock * kBlocks, 8192);
  }).join();
}

TEST(ReadMemoryUseTest, LeavesOutWhatThreadsKeepInCaches) {
  const auto before = static_cast<int64_t>(ReadMemoryUse().allocated_bytes);
  for (void* block : Blocks()) std::free(block);
  EXPECT_NEAR(static_cast<int64_t>(ReadMemoryUse().allocated_bytes), before, 4096);
}

}  // namespace
}  // namespace slotmesh::node
