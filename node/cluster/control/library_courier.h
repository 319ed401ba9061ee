// Takes the texts of function libraries to where they have to be.
//
// The ledger says which libraries there are, by name, version and digest; their texts (up to 1 MiB
// each, 64 MiB together) are in neither its entries nor its views: a view goes whole to everybody
// at each change of anything, in one frame of at most 8 MiB, and an entry shares its channel with
// the heartbeats that leases depend on. Texts travel as questions of their own (Transport::Call),
// each once:
//   1. Who wants to declare libraries offers them here. The texts are kept in this node's files,
//      then given to the voters; when a majority of them keeps each text on its disk (and the
//      ledger can decide), the change is ready to be proposed. Until then nothing has changed
//      anywhere. So what the ledger decides to have, it has: it outlives the node that loaded it,
//      as the entry does.
//   2. Everybody whose view declares a text that it does not keep asks for it: half of the time a
//      voter, else any member, so that in a large cluster most get it from one another.
// A text that no view wants any more is kept for a while, in case an entry that declares it is
// still on its way, and then dropped.
//
// A step machine; texts that come from others are checked by their digest. Thread-compatible.
// Bounds: kOffersMax offers, kPullsMax questions open for texts, one for each offer and voter;
// LibraryStore::kStoreBytesMax. An error of the store's disk is final.
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_LIBRARY_COURIER_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_LIBRARY_COURIER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "node/cluster/control/library_store.h"
#include "slots/ids.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/view.h"

namespace slotmesh::node {

// Questions.
inline constexpr std::string_view kAskKeepLibraries = "keep-libraries";  // Texts -> ""
inline constexpr std::string_view kAskLibrary = "library";               // Digest -> the text

class LibraryCourier {
 public:
  static constexpr size_t kOffersMax = 64;
  static constexpr size_t kPullsMax = 4;
  static constexpr size_t kParcelBytesMax = ledger::kLibraryBytesMax + 4096;  // A question's.
  static constexpr absl::Duration kOfferTimeout = absl::Seconds(5);  // Without any progress.
  static constexpr absl::Duration kRetry = absl::Milliseconds(200);
  static constexpr absl::Duration kRetryMax = absl::Seconds(5);
  static constexpr absl::Duration kSweep = absl::Seconds(30);
  static constexpr absl::Duration kKeepUnwanted = absl::Minutes(10);
  // Where room is short. Longer than a proposal is repeated.
  static constexpr absl::Duration kKeepUnwantedMin = absl::Minutes(1);

  struct Own {
    slots::NodeId self;
    slots::LogId log;
    const ledger::View* view = nullptr;
    bool decides = false;  // The ledger can decide, for all that is known.
  };
  struct Ask {
    uint64_t ask = 0;
    std::string address;
    std::string method;
    std::string payload;
  };
  struct Output {
    std::vector<Ask> asks;
    // To be proposed: a majority of the voters keeps the texts.
    std::vector<std::pair<uint64_t, ledger::LibrariesChanged>> ready;
    // Given up, nothing has changed; the message is ready for the client.
    std::vector<std::pair<uint64_t, absl::Status>> failed;
  };

  // Borrows both.
  LibraryCourier(LibraryStore& store, absl::BitGenRef random) : store_(store), random_(random) {}

  // Comes back in Output under `ticket`.
  void Offer(absl::Time now, uint64_t ticket, ledger::LibrariesChanged change,
             std::vector<LibraryText> texts);
  // This node is of another log from now on.
  void LogChanged();

  // `next_ask` numbers questions, counting up.
  absl::Status Step(const Own& own, absl::Time now, uint64_t* next_ask, Output* out);
  // False if the question was not one of this object's.
  bool OnAnswer(absl::Time now, uint64_t ask, const absl::StatusOr<std::string>& answer);
  // Of another node. `final` is not OK if the disk failed.
  absl::StatusOr<std::string> AnswerKeep(const Own& own, absl::Time now, std::string_view payload,
                                         absl::Status* final);
  absl::StatusOr<std::string> AnswerGet(std::string_view payload) const;

  // A Step before this has no effect.
  absl::Time NextDeadline() const { return next_; }

 private:
  // A voter that is given an offer's texts.
  struct Target {
    size_t given = 0;  // Texts that it keeps.
    size_t asked = 0;  // Those behind them that the open question brings.
    uint64_t ask = 0;
    absl::Time retry_at = absl::InfinitePast();
  };
  struct Offered {
    uint64_t ticket = 0;
    ledger::LibrariesChanged change;
    std::vector<LibraryText> texts;
    size_t kept = 0;  // Here.
    std::map<slots::NodeId, Target> targets;
    absl::Time give_up;
  };
  struct Pull {
    uint64_t ask = 0;
    absl::Time retry_at = absl::InfinitePast();
    absl::Duration pause = kRetry;
  };

  absl::Status MakeRoom(const Own& own, absl::Time now, size_t bytes);
  absl::Status KeepOne(const Own& own, absl::Time now, Offered& offer);
  void GiveOut(const Own& own, absl::Time now, Offered& offer, uint64_t* next_ask, Output* out);
  bool HasMajority(const Own& own, const Offered& offer) const;
  absl::Status StepOffers(const Own& own, absl::Time now, uint64_t* next_ask, Output* out);
  absl::Status TakeReceived(const Own& own, absl::Time now);
  void NoteWish(const slots::LibraryDigest& digest, absl::Time now);
  void FindMissing(const Own& own);
  void StepPulls(const Own& own, absl::Time now, uint64_t* next_ask, Output* out);
  absl::Status Sweep(const Own& own, absl::Time now);
  bool IsOffered(const slots::LibraryDigest& digest) const;
  void FindDeadline(absl::Time now);

  LibraryStore& store_;
  absl::BitGenRef random_;
  std::vector<Offered> offers_;
  slots::MapVersion seen_;  // missing_ goes by it.
  std::map<slots::LibraryDigest, Pull> missing_;
  std::vector<LibraryText> received_;
  std::map<slots::LibraryDigest, absl::Time> unwanted_;  // Since when.
  absl::Time sweep_at_ = absl::InfinitePast();
  absl::Time next_ = absl::InfinitePast();
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_LIBRARY_COURIER_H_
