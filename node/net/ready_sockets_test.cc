#include "node/net/ready_sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>

namespace slotmesh::node {
namespace {

class Counter : public ReadySockets::Watcher {
 public:
  void OnReadable(bool ended) override {
    ++told;
    told_of_end += ended ? 1 : 0;
    if (then) then();
  }
  int told = 0;
  int told_of_end = 0;
  std::function<void()> then;
};

class ReadySocketsTest : public ::testing::Test, private ReadySockets::Turns {
 protected:
  ReadySocketsTest() {
    for (auto& pair : pairs) {
      EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    }
  }
  ~ReadySocketsTest() override {
    for (auto& pair : pairs) {
      for (const int end : pair) close(end);
    }
  }
  void Send(int pair) { ASSERT_EQ(send(pairs[pair][1], "x", 1, 0), 1); }
  // A turn of the loop, if there is anything to do.
  void Turn() {
    io.restart();
    io.poll_one();
  }

  void OnTurnBegin() override { EXPECT_EQ(++begun, ended + 1); }
  void OnAllTold() override { ++all_told; }
  void OnTurnEnd() override { EXPECT_EQ(++ended, begun); }

  boost::asio::io_context io;
  int begun = 0;
  int all_told = 0;
  int ended = 0;
  ReadySockets ready{io, *this};
  int pairs[2][2] = {};
  Counter counters[2];
};

TEST_F(ReadySocketsTest, TellsOnceOfWhatHasArrived) {
  ASSERT_TRUE(ready.Add(pairs[0][0], counters[0]));
  ASSERT_TRUE(ready.Add(pairs[1][0], counters[1]));
  Turn();
  EXPECT_EQ(counters[0].told, 0);
  Send(0);
  Turn();
  Turn();
  EXPECT_EQ(counters[0].told, 1);
  Send(0);
  Turn();
  EXPECT_EQ(counters[0].told, 2);
  EXPECT_EQ(counters[1].told, 0);
  EXPECT_EQ(ended, 2);
}

TEST_F(ReadySocketsTest, LooksAgainWhereThatHelpsAndLosesNothingWhereItDoesNot) {
  ASSERT_TRUE(ready.Add(pairs[0][0], counters[0]));
  ASSERT_TRUE(ready.Add(pairs[1][0], counters[1]));
  counters[0].then = [this] { Send(1); };
  Send(0);
  Turn();
  EXPECT_EQ(counters[1].told, 1);
  counters[0].then = nullptr;
  for (int i = 0; i < 2 * ReadySockets::kUnseenMax; ++i) {
    Send(0);
    Turn();
    ASSERT_EQ(counters[0].told, i + 2);
  }
  counters[0].then = [this] { Send(1); };
  Send(0);
  Turn();
  EXPECT_EQ(counters[1].told, 1);
  Turn();
  EXPECT_EQ(counters[1].told, 2);
}

TEST_F(ReadySocketsTest, TellsAgainOfWhatWasLeftIfAsked) {
  ASSERT_TRUE(ready.Add(pairs[0][0], counters[0]));
  Send(0);
  Turn();
  ready.TellAgain(pairs[0][0], counters[0]);
  Turn();
  EXPECT_EQ(counters[0].told, 2);
  char byte;
  ASSERT_EQ(recv(pairs[0][0], &byte, 1, 0), 1);
  ready.TellAgain(pairs[0][0], counters[0]);
  Turn();
  EXPECT_EQ(counters[0].told, 2);
}

TEST_F(ReadySocketsTest, TheEndIsToldWithBytesBeforeIt) {
  ASSERT_TRUE(ready.Add(pairs[0][0], counters[0]));
  Send(0);
  shutdown(pairs[0][1], SHUT_WR);
  Turn();
  EXPECT_EQ(counters[0].told, 1);
  EXPECT_EQ(counters[0].told_of_end, 1);
}

TEST_F(ReadySocketsTest, AsioHasItsTurnAmongBusySockets) {
  ASSERT_TRUE(ready.Add(pairs[0][0], counters[0]));
  counters[0].then = [this] { ready.TellAgain(pairs[0][0], counters[0]); };
  Send(0);
  Turn();
  EXPECT_EQ(counters[0].told, ReadySockets::kTurnsMax);
}

TEST_F(ReadySocketsTest, WithoutReadingOnlyTheEndIsToldAndOnce) {
  ASSERT_TRUE(ready.Add(pairs[0][0], counters[0]));
  ready.SetReading(pairs[0][0], counters[0], false);
  Send(0);
  Turn();
  EXPECT_EQ(counters[0].told, 0);
  shutdown(pairs[0][1], SHUT_WR);
  Turn();
  Turn();
  EXPECT_EQ(counters[0].told, 1);
  ready.SetReading(pairs[0][0], counters[0], true);
  Turn();
  EXPECT_EQ(counters[0].told, 2);
}

TEST_F(ReadySocketsTest, WhoIsRemovedInTheSameTurnIsNotTold) {
  for (int i : {0, 1}) {
    ASSERT_TRUE(ready.Add(pairs[i][0], counters[i]));
    Send(i);
    counters[i].then = [this, i] { ready.Remove(pairs[1 - i][0], counters[1 - i]); };
  }
  Turn();
  Turn();
  EXPECT_EQ(counters[0].told + counters[1].told, 1);
}

TEST_F(ReadySocketsTest, OthersAreToldWithinATellingThatTakesLong) {
  for (int i : {0, 1}) {
    ASSERT_TRUE(ready.Add(pairs[i][0], counters[i]));
    Send(i);
  }
  // Whoever is told first lets the other be told, and what arrives then.
  int first = -1;
  for (int i : {0, 1}) {
    counters[i].then = [this, i, &first] {
      if (first >= 0) return;
      first = i;
      ready.TellNow();
      EXPECT_EQ(counters[1 - i].told, 1);
      Send(1 - i);
      ready.TellNow();
      EXPECT_EQ(counters[1 - i].told, 2);
      EXPECT_TRUE(ready.in_turn());
    };
  }
  Turn();
  ASSERT_GE(first, 0);
  EXPECT_EQ(counters[first].told, 1);
  EXPECT_EQ(counters[1 - first].told, 2);
  EXPECT_EQ(ended, 1);
}

TEST_F(ReadySocketsTest, WhoIsToldOfItselfAgainMayBeRemovedMeanwhile) {
  ASSERT_TRUE(ready.Add(pairs[0][0], counters[0]));
  ASSERT_TRUE(ready.Add(pairs[1][0], counters[1]));
  Send(0);
  counters[0].then = [this] {
    if (counters[0].told > 1) return ready.Remove(pairs[0][0], counters[0]);
    Send(0);
    Send(1);
    ready.TellNow();
  };
  Turn();
  Turn();
  EXPECT_EQ(counters[0].told, 2);
  EXPECT_EQ(counters[1].told, 1);
}

TEST_F(ReadySocketsTest, RefusesWhatCannotBeWatched) { EXPECT_FALSE(ready.Add(-1, counters[0])); }

}  // namespace
}  // namespace slotmesh::node
