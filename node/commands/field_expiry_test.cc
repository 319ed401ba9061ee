// Fields that nobody asks for go when their time has come, and everybody is told.
#include "node/commands/field_expiry.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/commands/generic.h"
#include "node/commands/hashes.h"
#include "node/commands/strings.h"
#include "node/commands/testing/reply_text.h"
#include "node/commands/testing/test_engine.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using Lines = std::vector<std::string>;

class FieldExpiry : public testing::Test {
 protected:
  FieldExpiry()
      : engine_({.families = {{.rows = HashCommands()},
                              {.rows = StringCommands()},
                              {.rows = GenericCommands()}}}),
        client_(1, nullptr) {}

  Database& db() { return engine_.engine().keyspace.database(0); }

  std::string Ask(const std::vector<std::string_view>& words) {
    engine_.dispatcher().Execute(client_, words, RequestOrigin::kClient);
    std::string text;
    for (const std::string& line : ReplyText(client_.output.ToString())) text += line + " ";
    client_.output.Clear();
    db().CheckInvariants();
    return text;
  }
  void Forget() {
    engine_.journal().Clear();
    engine_.TakeEvents();
  }
  // What the timer does, for so many rounds over all buckets.
  uint64_t Sweep(const Hash::Sweep& bounds = {1000, 1000}, int rounds = 3) {
    uint64_t removed = 0;
    while (rounds > 0) {
      const Database::ExpiryStep step =
          db().ExpireSome(engine_.engine().now_ms, 1000, [] { return false; });
      for (const std::string& key : step.due_parts) {
        bool done;
        removed += ExpireFieldsOf(engine_.engine(), 0, key, bounds, &done);
        db().CheckInvariants();
      }
      rounds -= step.wrapped;
    }
    return removed;
  }

  TestEngine engine_;
  Client client_;
};

TEST_F(FieldExpiry, DueFieldsGoAndEverybodyIsTold) {
  Ask({"HSET", "h", "a", "1", "b", "2", "c", "3"});
  Ask({"HPEXPIRE", "h", "1000", "FIELDS", "2", "a", "b"});
  Forget();
  EXPECT_EQ(Sweep(), 0u);
  engine_.AdvanceMillis(1000);
  EXPECT_EQ(Sweep(), 0u);
  engine_.AdvanceMillis(1);
  EXPECT_EQ(Sweep(), 2u);
  EXPECT_EQ(Ask({"HLEN", "h"}), "(integer) 1 ");
  const Lines lines = engine_.journal().Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0] == "HDEL h a b" || lines[0] == "HDEL h b a") << lines[0];
  EXPECT_EQ(engine_.journal().units()[0][0].origin, Origin::kExpiry);
  EXPECT_EQ(engine_.TakeEvents(), (Lines{"0 hexpired h"}));
  EXPECT_EQ(engine_.engine().stats.expired_fields, 2u);
  EXPECT_EQ(db().with_expiring_parts(), 0u);
}

TEST_F(FieldExpiry, TheLastFieldTakesTheKey) {
  Ask({"HSETEX", "h", "PX", "10", "FIELDS", "1", "f", "v"});
  Forget();
  engine_.AdvanceMillis(11);
  EXPECT_EQ(Ask({"EXISTS", "h"}), "(integer) 1 ");
  EXPECT_EQ(Sweep(), 1u);
  EXPECT_EQ(Ask({"EXISTS", "h"}), "(integer) 0 ");
  EXPECT_EQ(engine_.journal().Lines(), (Lines{"HDEL h f"}));
  EXPECT_EQ(engine_.TakeEvents(), (Lines{"0 hexpired h", "0 del h"}));
}

TEST_F(FieldExpiry, ManyDueFieldsGoInSlices) {
  std::vector<std::string> fields;
  for (int i = 0; i < 1000; ++i) fields.push_back(StrCat("f", i));
  std::vector<std::string_view> words = {"HSETEX", "h", "PX", "10", "FIELDS", "1000"};
  for (const std::string& field : fields) words.insert(words.end(), {field, "v"});
  Ask(words);
  Ask({"HSET", "h", "stays", "v"});
  engine_.AdvanceMillis(11);
  uint64_t removed = 0;
  for (int i = 0; i < 300 && removed < 1000; ++i) {
    engine_.AdvanceMillis(1);
    const uint64_t now = Sweep({.fields_max = 10, .buckets_max = 50}, 1);
    EXPECT_LE(now, 10u);
    removed += now;
  }
  EXPECT_EQ(removed, 1000u);
  EXPECT_EQ(Ask({"HGETALL", "h"}), "1) \"stays\" 2) \"v\" ");
}

TEST_F(FieldExpiry, ManyKeysAreFoundAmongOthers) {
  for (int i = 0; i < 500; ++i) {
    const std::string key = StrCat("h", i);
    Ask({"HSETEX", key, "PX", "10", "FIELDS", "1", "f", "v"});
    Ask({"HSET", key, "g", "v"});
    Ask({"SET", StrCat("s", i), "v", "PX", i % 2 == 0 ? "5" : "100000"});
  }
  EXPECT_EQ(db().with_expiring_parts(), 500u);
  engine_.AdvanceMillis(2000);
  EXPECT_EQ(Sweep({1000, 1000}, 60), 500u);
  EXPECT_EQ(db().with_expiring_parts(), 0u);
  EXPECT_EQ(db().size(), 750u);
}

// A key may get another value, another name or no expiry before its fields are due.
TEST_F(FieldExpiry, WhatIsNoLongerDueStays) {
  for (const std::string_view key : {"set", "renamed", "persisted", "deleted", "expiring"}) {
    Ask({"HSETEX", key, "PX", "10", "FIELDS", "1", "f", "v"});
  }
  Ask({"SET", "set", "x"});
  Ask({"RENAME", "renamed", "new"});
  Ask({"HPERSIST", "persisted", "FIELDS", "1", "f"});
  Ask({"HDEL", "deleted", "f"});
  Ask({"PEXPIRE", "expiring", "5"});
  EXPECT_EQ(db().with_expiring_parts(), 2u);
  engine_.AdvanceMillis(11);
  Forget();
  EXPECT_EQ(Sweep(), 1u);
  EXPECT_EQ(Ask({"EXISTS", "set", "persisted"}), "(integer) 2 ");
  EXPECT_EQ(Ask({"EXISTS", "new", "expiring"}), "(integer) 0 ");
  EXPECT_EQ(db().with_expiring_parts(), 0u);
}

}  // namespace
}  // namespace slotmesh::node
