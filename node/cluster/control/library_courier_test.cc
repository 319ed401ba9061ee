// Texts of function libraries: what is kept comes back, what is damaged does not, and every bound
// holds.
#include "node/cluster/control/library_courier.h"

#include <random>
#include <string>

#include "gossip/sim/disk.h"
#include "gtest/gtest.h"
#include "slots/ledger/log_disk_sim.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

template <typename Id>
Id IdOf(char c) {
  return Id::FromBytes(std::string(20, c));
}

LibraryText TextOf(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

TEST(LibraryStoreTest, WhatIsKeptOutlivesALossOfPower) {
  sim::SimDisk disk{sim::Random(1)};
  ledger::SimLogDisk folder{disk};
  std::vector<std::string> notes;
  const LibraryText text = TextOf("#!lua name=a\nreturn");
  auto store = *LibraryStore::Open(folder, &notes);
  ASSERT_TRUE(store->Keep(text).ok());
  ASSERT_TRUE(store->Keep(text).ok());  // Once is enough.
  EXPECT_EQ(store->bytes(), text->size());
  disk.Crash();
  store = *LibraryStore::Open(folder, &notes);
  EXPECT_EQ(*store->texts()->at(LibraryDigestOf(*text)), *text);
  ASSERT_TRUE(store->Drop(LibraryDigestOf(*text)).ok());
  EXPECT_EQ(store->bytes(), 0u);
  EXPECT_TRUE((*LibraryStore::Open(folder, &notes))->texts()->empty());
  EXPECT_TRUE(notes.empty());
}

TEST(LibraryStoreTest, ADamagedFileIsNotedAndGone) {
  sim::SimDisk disk{sim::Random(1)};
  ledger::SimLogDisk folder{disk};
  std::vector<std::string> notes;
  const std::string file = StrCat(LibraryDigestOf("text").ToHex(), ".lib");
  ASSERT_TRUE(disk.Append(file, "texT").ok());
  ASSERT_TRUE(disk.Append("new", "half of one").ok());
  ASSERT_TRUE(disk.Append("notes.txt", "somebody's own").ok());
  const auto store = *LibraryStore::Open(folder, &notes);
  EXPECT_TRUE(store->texts()->empty());
  EXPECT_EQ(notes, std::vector<std::string>{StrCat("The function library in ledger/", file,
                                                   " is damaged: it is fetched from other nodes "
                                                   "again")});
  EXPECT_EQ(disk.List(), std::vector<std::string>{"notes.txt"});
}

// One of three voters.
class CourierTest : public testing::Test {
 protected:
  CourierTest() {
    for (const char c : {'a', 'b', 'c'}) {
      slots::NodeInfo node;
      node.id = IdOf<slots::NodeId>(c);
      node.ip = StrCat("10.0.0.", c - 'a');
      node.bus_port = 17000;
      node.voter = true;
      view_.map.nodes.push_back(node);
      view_.voters.push_back(node.id);
    }
    view_.map.version = {own_.log, 1, 1};
  }
  LibraryCourier::Output Step() {
    LibraryCourier::Output out;
    EXPECT_TRUE(courier_.Step(own_, now_, &next_ask_, &out).ok());
    return out;
  }
  void Declare(const std::string& text) {
    ledger::LibraryRecord library;
    library.declared.name = "a";
    library.declared.digest = LibraryDigestOf(text);
    view_.libraries = {library};
    ++view_.map.version.sequence;
  }
  void Offer(uint64_t ticket, const std::string& text) {
    ledger::LibrariesChanged change;
    change.declared.emplace_back().digest = LibraryDigestOf(text);
    courier_.Offer(now_, ticket, std::move(change), {TextOf(text)});
  }
  // As another node of the log would ask this one to keep the texts.
  absl::StatusOr<std::string> KeepFor(const std::string& text, char log = 'l') {
    sim::SimDisk disk{sim::Random(2)};
    ledger::SimLogDisk folder{disk};
    std::vector<std::string> notes;
    auto store = *LibraryStore::Open(folder, &notes);
    LibraryCourier other(*store, random_);
    ledger::LibrariesChanged change;
    other.Offer(now_, 1, change, {TextOf(text)});
    LibraryCourier::Own own = own_;
    own.self = IdOf<slots::NodeId>('b');
    own.log = IdOf<slots::LogId>(log);
    LibraryCourier::Output out;
    uint64_t ask = 0;
    EXPECT_TRUE(other.Step(own, now_, &ask, &out).ok());
    absl::Status disk_status;
    return courier_.AnswerKeep(own_, now_, out.asks.at(0).payload, &disk_status);
  }

  std::mt19937_64 random_{1};
  sim::SimDisk disk_{sim::Random(1)};
  ledger::SimLogDisk folder_{disk_};
  std::vector<std::string> notes_;
  std::unique_ptr<LibraryStore> store_ = *LibraryStore::Open(folder_, &notes_);
  LibraryCourier courier_{*store_, random_};
  ledger::View view_;
  LibraryCourier::Own own_{IdOf<slots::NodeId>('a'), IdOf<slots::LogId>('l'), &view_, true};
  absl::Time now_ = absl::FromUnixSeconds(1000);
  uint64_t next_ask_ = 0;
};

TEST_F(CourierTest, AChangeIsReadyWhenAMajorityOfTheVotersKeepsItsTexts) {
  Offer(7, "text");
  LibraryCourier::Output out = Step();
  ASSERT_EQ(out.asks.size(), 2u);
  EXPECT_TRUE(store_->Has(LibraryDigestOf("text")));
  EXPECT_TRUE(courier_.OnAnswer(now_, out.asks[0].ask, absl::UnavailableError("down")));
  EXPECT_TRUE(Step().ready.empty());
  EXPECT_TRUE(courier_.OnAnswer(now_, out.asks[1].ask, std::string()));
  out = Step();
  ASSERT_EQ(out.ready.size(), 1u);
  EXPECT_EQ(out.ready[0].first, 7u);
}

TEST_F(CourierTest, AChangeWithoutTextsWaitsForAMajorityToo) {
  own_.decides = false;
  courier_.Offer(now_, 1, ledger::LibrariesChanged{.flush = true}, {});
  EXPECT_TRUE(Step().ready.empty());
  own_.decides = true;
  EXPECT_EQ(Step().ready.size(), 1u);
  own_.decides = false;
  courier_.Offer(now_, 2, ledger::LibrariesChanged{.flush = true}, {});
  now_ += LibraryCourier::kOfferTimeout;
  EXPECT_EQ(Step().failed.size(), 1u);
}

TEST_F(CourierTest, OffersHaveABound) {
  for (uint64_t i = 0; i <= LibraryCourier::kOffersMax; ++i) Offer(i, StrCat("text", i));
  const LibraryCourier::Output out = Step();
  ASSERT_EQ(out.failed.size(), 1u);
  EXPECT_EQ(out.failed[0].first, LibraryCourier::kOffersMax);
}

TEST_F(CourierTest, OnlyTheTextThatIsDeclaredIsTaken) {
  Declare("right");
  LibraryCourier::Output out = Step();
  ASSERT_EQ(out.asks.size(), 1u);
  EXPECT_TRUE(courier_.OnAnswer(now_, out.asks[0].ask, std::string("wrong")));
  EXPECT_TRUE(Step().asks.empty()) << "not at once again";
  now_ += LibraryCourier::kRetry;
  out = Step();
  ASSERT_EQ(out.asks.size(), 1u);
  EXPECT_TRUE(courier_.OnAnswer(now_, out.asks[0].ask, std::string("right")));
  EXPECT_FALSE(courier_.OnAnswer(now_, out.asks[0].ask, std::string("right")));
  Step();
  EXPECT_TRUE(store_->Has(LibraryDigestOf("right")));
  EXPECT_FALSE(store_->Has(LibraryDigestOf("wrong")));
}

TEST_F(CourierTest, TextsAreGivenToWhoAsks) {
  ASSERT_TRUE(KeepFor("text").ok());
  Declare("other");
  const LibraryCourier::Output out = Step();
  EXPECT_TRUE(absl::IsNotFound(courier_.AnswerGet(out.asks.at(0).payload).status()));
  ASSERT_TRUE(KeepFor("other").ok());
  EXPECT_EQ(*courier_.AnswerGet(out.asks.at(0).payload), "other");
  EXPECT_FALSE(courier_.AnswerGet("").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(KeepFor("more", 'm').status())) << "another log's";
}

TEST_F(CourierTest, WhatNobodyWantsGoesAfterAWhile) {
  Declare("wanted");
  ASSERT_TRUE(KeepFor("wanted").ok());
  ASSERT_TRUE(KeepFor("unwanted").ok());
  Step();
  now_ += LibraryCourier::kKeepUnwanted / 2;
  Step();
  EXPECT_TRUE(store_->Has(LibraryDigestOf("unwanted")));
  now_ += LibraryCourier::kKeepUnwanted;
  Step();
  EXPECT_FALSE(store_->Has(LibraryDigestOf("unwanted")));
  EXPECT_TRUE(store_->Has(LibraryDigestOf("wanted")));
}

TEST_F(CourierTest, TheStoreHasABoundAndMakesRoomForWhatIsNew) {
  const auto large = [](size_t i) {
    return StrCat(i, std::string(ledger::kLibraryBytesMax - 10, 'x'));
  };
  const size_t fits = LibraryStore::kStoreBytesMax / ledger::kLibraryBytesMax;
  for (size_t i = 0; i < fits; ++i) ASSERT_TRUE(KeepFor(large(i)).ok()) << i;
  Step();
  EXPECT_TRUE(absl::IsResourceExhausted(KeepFor(large(fits)).status()));
  now_ += LibraryCourier::kKeepUnwantedMin;
  EXPECT_TRUE(KeepFor(large(fits)).ok());
  EXPECT_LE(store_->bytes(), LibraryStore::kStoreBytesMax);
}

}  // namespace
}  // namespace slotmesh::node
