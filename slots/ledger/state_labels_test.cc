// What members say of themselves besides their addresses.
#include <string>

#include "gtest/gtest.h"
#include "slots/ledger/random_entries.h"
#include "slots/ledger/state.h"

namespace slotmesh::ledger {
namespace {

using testing::Info;
using testing::Log;
using testing::Node;

constexpr BootId kBoot = 10;
constexpr BootId kNewBoot = 11;

TEST(StateLabels, LabelsComeByTheirOwnEntriesAndStay) {
  State state;
  uint64_t counter = 0;
  const auto apply = [&](const Change& change) {
    return state.Apply({{Node(99), 1, ++counter}, change});
  };
  const auto must = [&](const Change& change) {
    const ApplyResult result = apply(change);
    EXPECT_TRUE(result.ok()) << result.message;
    state.CheckInvariants();
  };
  const auto refused = [&](const Change& change, Refusal refusal) {
    EXPECT_EQ(RefusalName(apply(change).refusal), RefusalName(refusal));
  };
  must(LogCreated{Log(1), absl::FromUnixSeconds(100), 1});
  for (uint64_t n = 1; n <= 3; ++n) must(MemberJoined{Info(n), kBoot});
  const slots::NodeLabels labels{.human_name = "blue", .no_failover = true};
  const auto labels_of = [&](uint64_t n) { return state.map()->FindNode(Node(n))->labels; };
  const uint64_t digest = state.map()->digest();
  must(MemberLabelled{{Node(2), kBoot}, labels});
  EXPECT_EQ(labels_of(2), labels);
  EXPECT_NE(state.map()->digest(), digest);
  EXPECT_FALSE(apply(MemberLabelled{{Node(2), kBoot}, labels}).changed);
  // What the encoding of other entries does not carry they do not change, on the leader neither.
  slots::NodeInfo moved = Info(2);
  moved.ip = "10.9.9.9";
  moved.labels.human_name = "green";
  must(MemberUpdated{moved, kNewBoot, kBoot});
  EXPECT_EQ(state.map()->FindNode(Node(2))->ip, "10.9.9.9");
  EXPECT_EQ(labels_of(2), labels);
  moved = Info(4);
  moved.labels.human_name = "green";
  must(MemberJoined{moved, kBoot});
  EXPECT_TRUE(labels_of(4).empty());
  refused(MemberLabelled{{Node(2), kBoot}, {}}, Refusal::kBootMoved);
  refused(MemberLabelled{{Node(9), kBoot}, labels}, Refusal::kUnknownMember);
  refused(MemberLabelled{{Node(4), kBoot}, {.human_name = std::string(kLabelBytesMax + 1, 'x')}},
          Refusal::kInvalid);
}

}  // namespace
}  // namespace slotmesh::ledger
