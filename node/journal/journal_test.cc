#include "node/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/journal/memory_sink.h"

namespace slotmesh::node {
namespace {

using testing::ElementsAre;

class JournalTest : public testing::Test {
 protected:
  void Append(std::vector<std::string_view> argv, int database = 0, int slot = kNoSlot,
              Origin origin = Origin::kClient) {
    journal_.Append({database, slot, origin, argv});
  }

  Journal journal_;
  MemorySink sink_;
};

// Wants effects, not the stream, as a slot migration does.
class EffectsSink : public JournalSink {
 public:
  bool wants_resp() const override { return false; }
  void OnUnit(const JournalUnit& unit) override {
    effects += unit.effects.size();
    EXPECT_EQ(unit.begin_offset, unit.end_offset);
    EXPECT_TRUE(unit.resp.empty());
  }
  size_t effects = 0;
};

// As the append-only file does.
class FilesSink : public MemorySink {
 public:
  Audience audience() const override { return Audience::kFiles; }
};

TEST_F(JournalTest, EffectsReachThoseWhoAreToHear) {
  FilesSink files;
  journal_.Subscribe(sink_);
  journal_.Subscribe(files);
  journal_.BeginUnit();
  Append({"SET", "all", "1"});
  journal_.set_audience(Audience::kNobody);
  Append({"SET", "nobody", "1"});
  journal_.set_audience(Audience::kFiles);
  Append({"SET", "files", "1"});
  Append({"UNLINK", "expired"}, 0, kNoSlot, Origin::kExpiry);
  journal_.set_audience(Audience::kReplicas);
  Append({"SET", "replicas", "1"});
  journal_.set_audience(Audience::kAll);
  journal_.EndUnit();
  EXPECT_THAT(sink_.Lines(), ElementsAre("SET all 1", "UNLINK expired", "SET replicas 1"));
  EXPECT_THAT(files.Lines(), ElementsAre("SET all 1", "SET files 1", "UNLINK expired"));
  EXPECT_EQ(journal_.offset(), sink_.resp().size());
}

TEST_F(JournalTest, WhatFilesAloneHearCountsForNoOffsetAndLeavesBothInTheRightDatabase) {
  FilesSink files;
  journal_.Subscribe(sink_);
  journal_.Subscribe(files);
  Append({"A"}, 1);
  const uint64_t before = journal_.offset();
  journal_.set_audience(Audience::kFiles);
  Append({"B"}, 2);
  EXPECT_EQ(journal_.offset(), before);
  journal_.set_audience(Audience::kAll);
  files.Clear();
  sink_.Clear();
  Append({"C"}, 2);
  EXPECT_EQ(files.resp(), "*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*1\r\n$1\r\nC\r\n");
  EXPECT_EQ(sink_.resp(), files.resp());
}

TEST_F(JournalTest, WithoutSinksNothingIsCounted) {
  EXPECT_FALSE(journal_.active());
  Append({"SET", "a", "1"});
  journal_.BeginUnit();
  Append({"SET", "a", "1"});
  journal_.EndUnit();
  EXPECT_EQ(journal_.offset(), 0u);
}

TEST_F(JournalTest, AnEffectAloneIsOneCommandAfterSelect) {
  journal_.Subscribe(sink_);
  Append({"SET", "a", "1"});
  EXPECT_EQ(sink_.resp(),
            "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n");
  EXPECT_EQ(journal_.offset(), sink_.resp().size());
}

TEST_F(JournalTest, SelectComesOnlyWhenTheDatabaseChanges) {
  journal_.Subscribe(sink_);
  Append({"A"}, 0);
  Append({"B"}, 0);
  Append({"C"}, 12);
  Append({"D"}, 12);
  EXPECT_EQ(sink_.resp(),
            "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n"
            "*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n*1\r\n$1\r\nC\r\n*1\r\n$1\r\nD\r\n");
  sink_.Clear();
  journal_.ForceSelect();
  Append({"E"}, 12);
  EXPECT_EQ(sink_.resp(), "*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n*1\r\n$1\r\nE\r\n");
}

TEST_F(JournalTest, UnitOfSeveralEffectsIsWrappedInMultiExecAndArrivesWhole) {
  journal_.Subscribe(sink_);
  Append({"X"});
  sink_.Clear();
  {
    JournalScope outer(journal_);
    Append({"A", "1"}, 0, 7);
    {
      JournalScope inner(journal_);
      Append({"B", ""}, 1, 8, Origin::kScript);
    }
    EXPECT_TRUE(sink_.units().empty());
  }
  ASSERT_EQ(sink_.units().size(), 1u);
  ASSERT_EQ(sink_.units()[0].size(), 2u);
  EXPECT_EQ(sink_.units()[0][0].slot, 7);
  EXPECT_EQ(sink_.units()[0][1].slot, 8);
  EXPECT_EQ(sink_.units()[0][1].database, 1);
  EXPECT_EQ(sink_.units()[0][1].origin, Origin::kScript);
  EXPECT_THAT(sink_.Lines(), ElementsAre("A 1", "B "));
  EXPECT_EQ(sink_.resp(),
            "*1\r\n$5\r\nMULTI\r\n*2\r\n$1\r\nA\r\n$1\r\n1\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n"
            "*2\r\n$1\r\nB\r\n$0\r\n\r\n*1\r\n$4\r\nEXEC\r\n");
}

TEST_F(JournalTest, UnitOfOneEffectIsNotWrapped) {
  journal_.Subscribe(sink_);
  journal_.BeginUnit();
  Append({"A"});
  journal_.EndUnit();
  EXPECT_EQ(sink_.resp(), "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*1\r\n$1\r\nA\r\n");
}

TEST_F(JournalTest, EmptyUnitIsNotSeen) {
  journal_.Subscribe(sink_);
  journal_.BeginUnit();
  journal_.EndUnit();
  EXPECT_TRUE(sink_.units().empty());
  EXPECT_EQ(journal_.offset(), 0u);
}

TEST_F(JournalTest, ControlEffectsNeedNoSelect) {
  journal_.Subscribe(sink_);
  Append({"PING"}, 0, kNoSlot, Origin::kControl);
  EXPECT_EQ(sink_.resp(), "*1\r\n$4\r\nPING\r\n");
}

TEST_F(JournalTest, SinkThatWantsNoStreamCostsNoOffset) {
  EffectsSink sink;
  journal_.Subscribe(sink);
  Append({"SET", "a", "1"});
  EXPECT_EQ(sink.effects, 1u);
  EXPECT_EQ(journal_.offset(), 0u);
  journal_.Unsubscribe(sink);
  Append({"SET", "a", "1"});
  EXPECT_EQ(sink.effects, 1u);
}

TEST_F(JournalTest, OffsetGoesOnWithoutSinksIfTheStreamIsKept) {
  journal_.Subscribe(sink_);
  journal_.set_offset(1000);
  Append({"A"});
  const uint64_t before = journal_.offset();
  EXPECT_EQ(before, 1000 + sink_.resp().size());
  journal_.Unsubscribe(sink_);
  Append({"B"});
  EXPECT_EQ(journal_.offset(), before);
  journal_.keep_stream(true);
  Append({"C"});
  EXPECT_EQ(journal_.offset(), before + 11);
}

TEST_F(JournalTest, ASinkThatJoinsSeesItsDatabaseSelected) {
  MemorySink other;
  journal_.Subscribe(sink_);
  Append({"A"}, 3);
  journal_.Subscribe(other);
  Append({"B"}, 3);
  EXPECT_EQ(other.resp(), "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*1\r\n$1\r\nB\r\n");
}

TEST_F(JournalTest, ManyUnitsInARowReuseTheirBuffers) {
  journal_.Subscribe(sink_);
  const std::string big(3 << 20, 'x');
  for (int i = 0; i < 20; ++i) {
    JournalScope scope(journal_);
    const std::string number = std::to_string(i);
    Append({"SET", number, i % 5 == 0 ? std::string_view(big) : std::string_view(number)});
    Append({"DEL", number});
  }
  ASSERT_EQ(sink_.units().size(), 20u);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(sink_.units()[i][0].argv[1], std::to_string(i));
    EXPECT_EQ(sink_.units()[i][0].argv[2], i % 5 == 0 ? big : std::to_string(i));
    EXPECT_EQ(sink_.units()[i][1].argv[1], std::to_string(i));
  }
}

}  // namespace
}  // namespace slotmesh::node
