#include "node/acl/log.h"

#include <gtest/gtest.h>

namespace slotmesh::node {
namespace {

AclLog::Event On(std::string object) {
  return {.denial = AclDenial::kKey, .object = std::move(object), .user = "alice"};
}

TEST(AclLog, TheSameWithinAMinuteIsOneEntry) {
  AclLog log;
  log.Add(On("a"), "client 1", 1000);
  log.Add(On("b"), "client 1", 2000);
  log.Add(On("a"), "client 2", 3000);
  ASSERT_EQ(log.entries().size(), 2u);
  const AclLog::Entry& first = log.entries().front();
  EXPECT_EQ(first.event.object, "a");
  EXPECT_EQ(first.count, 2u);
  EXPECT_EQ(first.id, 0u);
  EXPECT_EQ(first.client, "client 2");
  EXPECT_EQ(first.created_ms, 1000);
  EXPECT_EQ(first.updated_ms, 3000);
  log.Add(On("a"), "client 2", 3001 + AclLog::kGroupMillis);
  EXPECT_EQ(log.entries().size(), 3u);
  EXPECT_EQ(log.entries().front().id, 2u);
}

TEST(AclLog, AnotherContextIsAnotherEntry) {
  AclLog log;
  AclLog::Event event = On("a");
  log.Add(event, "", 0);
  event.context = AclLog::Context::kLua;
  log.Add(event, "", 0);
  EXPECT_EQ(log.entries().size(), 2u);
}

TEST(AclLog, IsBounded) {
  AclLog log;
  log.set_max_entries(3);
  for (int i = 0; i < 10; ++i) log.Add(On(std::to_string(i)), std::string(1 << 20, 'c'), i);
  EXPECT_EQ(log.entries().size(), 3u);
  EXPECT_EQ(log.entries().front().event.object, "9");
  log.Add(On(std::string(1 << 20, 'k')), "", 11);
  EXPECT_EQ(log.entries().front().event.object.size(), AclLog::kTextMax);
  EXPECT_LE(log.entries().back().client.size(), AclLog::kTextMax);
  log.set_max_entries(0);
  log.Add(On("x"), "", 12);
  EXPECT_TRUE(log.entries().empty());
}

}  // namespace
}  // namespace slotmesh::node
