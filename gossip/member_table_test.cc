#include "gossip/member_table.h"

#include <vector>

#include "gossip/sim/random.h"
#include "gtest/gtest.h"

namespace slotmesh::gossip {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1000);

std::vector<Member> SomeMembers(int count, uint64_t seed = 1) {
  sim::Random random(seed);
  std::vector<Member> members;
  for (int i = 0; i < count; ++i) members.push_back({.id = slots::NodeId::Random(random)});
  return members;
}

MemberRecord RecordOf(const slots::NodeId& node, Incarnation incarnation, State state,
                      slots::BootId boot = 1) {
  return {.node = node, .boot = boot, .incarnation = incarnation, .state = state};
}

TEST(MemberTableTest, RecordsSupersedeByIncarnationThenBootThenState) {
  const slots::NodeId node = SomeMembers(1)[0].id;
  std::vector<MemberRecord> rising;
  for (const Incarnation incarnation : {1, 2}) {
    for (const slots::BootId boot : {1, 2}) {
      for (const State state : {State::kAlive, State::kSuspect, State::kDead}) {
        rising.push_back(RecordOf(node, incarnation, state, boot));
      }
    }
  }
  for (size_t i = 0; i < rising.size(); ++i) {
    for (size_t j = 0; j < rising.size(); ++j) {
      EXPECT_EQ(Supersedes(rising[i], rising[j]), i > j) << i << " over " << j;
    }
  }
}

TEST(MemberTableTest, WhoStaysAMemberKeepsWhatIsKnownOfIt) {
  const std::vector<Member> all = SomeMembers(5);
  MemberTable table;
  table.SetMembers(kNow, Members::Make({all[0], all[1], all[2]}));
  table.Set(kNow, table.members().IndexOf(all[1].id), RecordOf(all[1].id, 7, State::kDead));
  table.heard(table.members().IndexOf(all[2].id)).last = kNow;
  table.SetMembers(kNow + absl::Seconds(1), Members::Make({all[1], all[2], all[3], all[4]}));
  table.CheckInvariants();
  EXPECT_EQ(table.Find(all[0].id), nullptr);
  EXPECT_EQ(table.Find(all[1].id)->state, State::kDead);
  EXPECT_EQ(table.Find(all[1].id)->incarnation, 7u);
  EXPECT_EQ(table.dead_count(), 1);
  ASSERT_NE(table.Find(all[2].id)->heard, nullptr);
  EXPECT_EQ(table.Find(all[2].id)->heard->last, kNow);
  EXPECT_EQ(table.Find(all[3].id)->since, kNow + absl::Seconds(1));
}

TEST(MemberTableTest, TheMapsBootIdHoldsUntilTheMemberWasHeardOf) {
  std::vector<Member> members = SomeMembers(1);
  MemberTable table;
  members[0].boot_hint = 5;
  table.SetMembers(kNow, Members::Make(members));
  EXPECT_EQ(table.entry(0).boot, 5u);
  members[0].boot_hint = 6;
  table.SetMembers(kNow, Members::Make(members));
  EXPECT_EQ(table.entry(0).boot, 6u);
  table.Set(kNow, 0, RecordOf(members[0].id, 1, State::kAlive, 9));
  members[0].boot_hint = 7;
  table.SetMembers(kNow, Members::Make(members));
  EXPECT_EQ(table.entry(0).boot, 9u);
}

TEST(MemberTableTest, DigestsAgreeWhenTheDeadAndSuspectsDoInWhateverOrder) {
  const std::vector<Member> all = SomeMembers(50);
  MemberTable a;
  MemberTable b;
  a.SetMembers(kNow, Members::Make(all));
  b.SetMembers(kNow, Members::Make(all));
  sim::Random random(2);
  for (int i = 0; i < 500; ++i) {
    const uint32_t index = static_cast<uint32_t>(random.Below(all.size()));
    const State state = static_cast<State>(1 + random.Below(3));
    a.Set(kNow, index, RecordOf(a.members()[index].id, random.Below(9), state));
    a.CheckInvariants();
  }
  EXPECT_NE(a.digest(), b.digest());
  for (uint32_t i = static_cast<uint32_t>(all.size()); i-- > 0;) {
    MemberRecord record = a.Record(i);
    if (record.state == State::kAlive) record.incarnation += 1;  // Makes no difference.
    if (record.state == State::kSuspect) record.accuser = 5;     // Nor does this.
    b.Set(kNow, i, record);
  }
  b.CheckInvariants();
  EXPECT_EQ(a.digest(), b.digest());
  EXPECT_EQ(a.buckets(), b.buckets());
  for (uint32_t i = 0; i < all.size(); ++i) {
    MemberRecord record = b.Record(i);
    if (record.state != State::kDead) continue;
    record.incarnation += 1;
    b.Set(kNow, i, record);
    EXPECT_NE(a.digest(), b.digest());
    EXPECT_NE(a.buckets()[MemberTable::BucketOf(record.node)],
              b.buckets()[MemberTable::BucketOf(record.node)]);
    break;
  }
}

TEST(MembersTest, DirectPeersAreTheShardAndTheVoters) {
  sim::Random random(1);
  const slots::ShardId shard = slots::ShardId::Random(random);
  const Member mine{.shard = shard};
  EXPECT_TRUE(AreDirect(mine, {.shard = shard}));
  EXPECT_FALSE(AreDirect(mine, {.shard = slots::ShardId::Random(random)}));
  EXPECT_TRUE(AreDirect(mine, {.voter = true}));
  EXPECT_TRUE(AreDirect({.voter = true}, mine));
  EXPECT_FALSE(AreDirect({}, {})) << "having no shard is not a shard";
}

}  // namespace
}  // namespace slotmesh::gossip
