// Which libraries the ledger takes, and what becomes of those of two logs that join.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "slots/ledger/random_entries.h"
#include "slots/ledger/state.h"

namespace slotmesh::ledger {
namespace {

using testing::Info;
using testing::Library;
using testing::Log;
using testing::Node;

constexpr BootId kBoot = 10;

// A log of one member, number `n`, created at second `n`.
class Lone {
 public:
  explicit Lone(uint64_t n) : n_(n) {
    Must(LogCreated{Log(n), absl::FromUnixSeconds(static_cast<int64_t>(n)), 1});
    Must(MemberJoined{Info(n), kBoot});
  }
  ApplyResult Do(Change change) { return state_.Apply({{Node(n_), kBoot, ++counter_}, change}); }
  ApplyResult Declare(LibraryDeclaration library, bool replace = false) {
    return Do(LibrariesChanged{.declared = {std::move(library)}, .replace = replace});
  }
  void Must(Change change) {
    const ApplyResult result = Do(change);
    EXPECT_TRUE(result.ok()) << ChangeName(change) << ": " << result.message;
    state_.CheckInvariants();
  }
  // The change is refused for that reason in those words, and leaves everything as it was.
  void Refused(Change change, Refusal refusal, std::string_view message) {
    const View before = state_.view();
    const ApplyResult result = Do(change);
    EXPECT_EQ(RefusalName(result.refusal), RefusalName(refusal));
    EXPECT_EQ(result.message, message);
    EXPECT_EQ(state_.view(), before);
  }
  const View& view() const { return state_.view(); }
  State& state() { return state_; }

 private:
  uint64_t n_;
  State state_;
  uint64_t counter_ = 0;
};

LibrariesChanged Declared(LibraryDeclaration library, bool replace = false) {
  return {.declared = {std::move(library)}, .replace = replace};
}

TEST(LibrariesTest, ALibraryGetsTheVersionOfItsEntry) {
  Lone log(1);
  EXPECT_EQ(log.view().libraries_version, 0u);
  const ApplyResult result = log.Declare(Library(1, 5, "f"));
  EXPECT_EQ(log.view().FindLibrary("lib1")->version, result.sequence);
  EXPECT_EQ(log.view().libraries_version, result.sequence);
  EXPECT_EQ(log.view().FindLibrary("lib2"), nullptr);
}

TEST(LibrariesTest, TheSecondOfTwoLoadsIsToldThatTheLibraryExists) {
  Lone log(1);
  log.Must(Declared(Library(1, 5, "f")));
  log.Refused(Declared(Library(1, 6, "g")), Refusal::kLibraryExists,
              "Library 'lib1' already exists");
  // With REPLACE the last one wins; saying the same again is no change.
  const uint64_t before = log.view().FindLibrary("lib1")->version;
  log.Must(Declared(Library(1, 6, "g"), true));
  EXPECT_GT(log.view().FindLibrary("lib1")->version, before);
  EXPECT_FALSE(log.Declare(Library(1, 6, "g"), true).changed);
}

TEST(LibrariesTest, AFunctionIsInOneLibraryWhateverItsCase) {
  Lone log(1);
  log.Must(Declared(Library(1, 5, "Get")));
  log.Refused(Declared(Library(2, 6, "gEt")), Refusal::kFunctionExists,
              "Function gEt already exists");
  // Both at once, each with the other's function.
  log.Must(Declared(Library(2, 6, "put")));
  log.Must(
      LibrariesChanged{.declared = {Library(1, 7, "put"), Library(2, 8, "get")}, .replace = true});
}

TEST(LibrariesTest, LibrariesGoByNameOrAll) {
  Lone log(1);
  log.Must(Declared(Library(1, 5, "f")));
  log.Must(Declared(Library(2, 6, "g")));
  log.Refused(LibrariesChanged{.removed = {"lib1", "lib3"}}, Refusal::kUnknownLibrary,
              "Library not found");
  log.Must(LibrariesChanged{.removed = {"lib1"}});
  EXPECT_EQ(log.view().libraries.size(), 1u);
  log.Must(LibrariesChanged{.flush = true, .declared = {Library(3, 7, "g")}});
  EXPECT_EQ(log.view().libraries.size(), 1u);
  EXPECT_FALSE(log.Do(LibrariesChanged{.flush = true}).message.size());
  EXPECT_TRUE(log.view().libraries.empty());
  EXPECT_FALSE(log.Do(LibrariesChanged{.flush = true}).changed);
}

TEST(LibrariesTest, WhatMakesNoSenseIsRefused) {
  Lone log(1);
  LibraryDeclaration bad[] = {Library(1, 5, "f"), Library(1, 5, "f"), Library(1, 5, "f"),
                              Library(1, 5, "f"), Library(1, 5, "f-g")};
  bad[0].name = "a b";
  bad[1].digest = {};
  bad[2].bytes = 0;
  bad[3].functions.clear();
  for (const LibraryDeclaration& library : bad) {
    EXPECT_EQ(log.Declare(library).refusal, Refusal::kInvalid) << library.name;
  }
  EXPECT_TRUE(log.view().libraries.empty());
}

TEST(LibrariesTest, EachBoundIsReached) {
  Lone log(1);
  LibraryDeclaration large = Library(0, 1, "f0");
  large.bytes = kLibraryBytesMax + 1;
  log.Refused(Declared(large), Refusal::kTooMany, "Library 'lib0' is larger than 1048576 bytes");
  for (uint64_t i = 0; i < kLibrariesBytesMax / kLibraryBytesMax; ++i) {
    large = Library(i, i + 1, absl::StrCat("f", i));
    large.bytes = kLibraryBytesMax;
    log.Must(Declared(large));
  }
  log.Refused(Declared(Library(500, 1, "g")), Refusal::kTooMany,
              "The cluster's libraries would be larger than 67108864 bytes together");
  log.Must(LibrariesChanged{.flush = true});
  LibrariesChanged many;
  for (uint64_t i = 0; i <= kLibrariesMax; ++i) {
    many.declared.push_back(Library(i, i + 1, absl::StrCat("f", i)));
  }
  log.Refused(many, Refusal::kTooMany, "The cluster would have more than 4096 libraries");
  LibraryDeclaration wordy = Library(1, 1, "f");
  for (size_t i = 0; i * 1000 < kLibraryNamesBytesMax; ++i) {
    wordy.functions.push_back(absl::StrCat(std::string(1000, 'x'), i));
  }
  EXPECT_EQ(log.Declare(wordy).refusal, Refusal::kTooMany);
}

TEST(LibrariesTest, LibrariesAreInSnapshots) {
  Lone log(1);
  log.Must(Declared(Library(1, 5, "f")));
  const absl::StatusOr<State> back = State::Restore(log.state().Serialize());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->view(), log.view());
}

TEST(LibrariesTest, AJoiningLogBringsItsLibraries) {
  Lone older(1);
  Lone younger(2);
  older.Must(Declared(Library(1, 5, "f")));
  const uint64_t version = older.view().FindLibrary("lib1")->version;
  younger.Must(Declared(Library(1, 5, "f")));  // The same text: no conflict.
  younger.Must(Declared(Library(2, 6, "g")));
  younger.Must(LogSealed{Log(1), absl::FromUnixSeconds(1)});
  EXPECT_EQ(younger.Declare(Library(3, 7, "h")).refusal, Refusal::kSealed);
  older.Must(JoinEntry(younger.view()));
  EXPECT_EQ(older.view().libraries.size(), 2u);
  EXPECT_EQ(older.view().FindLibrary("lib1")->version, version);
  EXPECT_EQ(older.view().FindLibrary("lib2")->version, older.view().map.version.sequence);
}

TEST(LibrariesTest, ALogWithOtherLibrariesIsNotJoined) {
  Lone older(1);
  Lone younger(2);
  older.Must(Declared(Library(1, 5, "f")));
  younger.Must(Declared(Library(1, 6, "f")));
  younger.Must(LogSealed{Log(1), absl::FromUnixSeconds(1)});
  older.Refused(JoinEntry(younger.view()), Refusal::kConflict,
                "function library 'lib1' is another one in each cluster: FUNCTION DELETE it in "
                "one of them");
  Lone third(3);
  third.Must(Declared(Library(2, 6, "F")));
  third.Must(LogSealed{Log(1), absl::FromUnixSeconds(1)});
  older.Refused(JoinEntry(third.view()), Refusal::kConflict,
                "both clusters have function libraries of their own: Function F already exists");
}

}  // namespace
}  // namespace slotmesh::ledger
