// The libraries of nodes whose cluster decides about them.
#include "functions/cluster_libraries.h"

#include <gtest/gtest.h>

#include <optional>

#include "functions/library_dump.h"
#include "node/cluster/testing/fake_control_link.h"
#include "node/command/script_run.h"
#include "node/commands/testing/test_engine.h"
#include "slots/strings.h"

namespace slotmesh::functions {
namespace {

constexpr char kBusy[] = "while true do end";  // A library that takes too long to load.

std::string Text(const std::string& name, const std::string& function = "f",
                 const std::string& answer = "1") {
  return StrCat("#!lua name=", name, "\nredis.register_function('", function,
                "', function() return ", answer, " end)");
}

class NoLog : public node::Log {
 public:
  void Write(Severity, std::string_view) override {}
};

struct Member {
  Member(node::FakeControl& control, uint64_t number, const std::vector<std::string>& files)
      : link(control.AddNode(number)),
        engine({.cluster = true}),
        functions({.engine = engine.engine(),
                   .dispatcher = engine.dispatcher(),
                   .log = log,
                   .version = "1.2.3"}),
        state(link, engine.engine()),
        libraries(functions, state) {
    for (const std::string& text : files) EXPECT_TRUE(functions.Load(text, true).ok());
    functions.set_authority(&libraries);
    link.OnPicture([this] {
      state.Refresh();
      libraries.Follow();
    });
  }
  std::string Names() const {
    std::string names;
    for (const auto& [name, library] : functions.libraries().libraries()) names += name + " ";
    return names;
  }
  std::string Journal() {
    std::string words;
    for (const std::string& line : engine.journal().Lines()) words += line + ";";
    return words;
  }

  node::FakeControlLink& link;
  NoLog log;
  node::TestEngine engine;
  Functions functions;
  node::ClusterState state;
  ClusterLibraries libraries;
};

class ClusterLibrariesTest : public testing::Test {
 protected:
  Member& Add(uint64_t number, const std::vector<std::string>& files = {}) {
    members_.push_back(std::make_unique<Member>(control_, number, files));
    return *members_.back();
  }
  void Settle() {
    while (control_.RunOne()) continue;
  }
  LibraryAuthority::Done Note() {
    outcome_.reset();
    return [this](const absl::Status& status) { outcome_ = status; };
  }
  std::string Outcome() {
    Settle();
    if (!outcome_.has_value()) return "nothing yet";
    return outcome_->ok() ? "OK" : std::string(ToStd(outcome_->message()));
  }
  std::string Load(Member& member, const std::string& text, bool replace = false) {
    member.libraries.LoadText(text, replace, Note());
    return Outcome();
  }
  const ledger::View& view() { return control_.state().view(); }

  node::FakeControl control_{1};
  std::vector<std::unique_ptr<Member>> members_;
  std::optional<absl::Status> outcome_;
};

TEST_F(ClusterLibrariesTest, WhatOneLoadsAllHave) {
  Member& one = Add(1);
  Member& two = Add(2);
  EXPECT_EQ(Load(one, Text("a")), "OK");
  EXPECT_EQ(one.Names(), "a ");
  EXPECT_EQ(two.Names(), "a ");
  EXPECT_EQ(Load(two, Text("a", "g"), /*replace=*/true), "OK");
  EXPECT_NE(one.functions.libraries().FindFunction("g"), nullptr);
  EXPECT_EQ(one.functions.libraries().FindFunction("f"), nullptr);
  one.libraries.Delete("a", Note());
  EXPECT_EQ(Outcome(), "OK");
  EXPECT_EQ(two.Names(), "");
}

TEST_F(ClusterLibrariesTest, AFailingLoadIsNeverProposed) {
  Member& one = Add(1);
  Add(2);
  EXPECT_EQ(Load(one, Text("a")), "OK");
  const uint64_t before = view().map.version.sequence;
  EXPECT_EQ(Load(one, Text("a")), "ERR Library 'a' already exists");
  EXPECT_EQ(Load(one, Text("b", "F")), "ERR Function F already exists");
  EXPECT_EQ(Load(one, "no head"), "ERR Missing library metadata");
  const std::string large = Text("c", "g") + std::string(ledger::kLibraryBytesMax, ' ');
  EXPECT_EQ(Load(one, large), StrCat("ERR Library 'c' is too large for a cluster's: ", large.size(),
                                     " bytes, at most 1048576"));
  EXPECT_EQ(view().map.version.sequence, before);
}

TEST_F(ClusterLibrariesTest, ALoadThatCameSecondIsRefusedByTheLedger) {
  Member& one = Add(1);
  Member& two = Add(2);
  // Both look while neither knows of the other.
  one.libraries.LoadText(Text("a"), false, Note());
  std::optional<absl::Status> second;
  two.libraries.LoadText(Text("a", "g"), false,
                         [&](const absl::Status& status) { second = status; });
  EXPECT_EQ(Outcome(), "OK");
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->message(), "Library 'a' already exists");
  EXPECT_NE(two.functions.libraries().FindFunction("f"), nullptr);
}

TEST_F(ClusterLibrariesTest, RestoreIsOneChange) {
  Member& one = Add(1);
  Member& two = Add(2);
  EXPECT_EQ(Load(one, Text("a")), "OK");
  EXPECT_EQ(Load(one, Text("b", "g")), "OK");
  const std::string dump = DumpLibraries(one.functions.libraries());
  EXPECT_EQ(Load(one, Text("c", "h")), "OK");
  const uint64_t before = view().map.version.sequence;
  auto libraries = two.functions.PrepareAll(dump, RestorePolicy::kFlush);
  ASSERT_TRUE(libraries.ok());
  two.libraries.Restore(*std::move(libraries), RestorePolicy::kFlush, Note());
  EXPECT_EQ(Outcome(), "OK");
  EXPECT_EQ(view().map.version.sequence, before + 1);
  EXPECT_EQ(one.Names(), "a b ");
  EXPECT_EQ(two.Names(), "a b ");
  EXPECT_FALSE(two.functions.PrepareAll(dump, RestorePolicy::kAppend).ok());
}

TEST_F(ClusterLibrariesTest, AFunctionMayMoveFromOneLibraryToAnother) {
  Member& one = Add(1);
  Member& two = Add(2);
  EXPECT_EQ(Load(one, Text("a", "f")), "OK");
  EXPECT_EQ(Load(one, Text("b", "g")), "OK");
  LibraryRegistry swapped;
  for (const auto& [name, function] : {std::pair("a", "g"), std::pair("b", "f")}) {
    ASSERT_TRUE(
        swapped.Add(*CompileLibrary(Text(name, function), one.functions.library_engines()), false)
            .ok());
  }
  one.libraries.Restore(std::move(swapped), RestorePolicy::kReplace, Note());
  EXPECT_EQ(Outcome(), "OK");
  for (Member* member : {&one, &two}) {
    EXPECT_EQ(member->functions.libraries().FindFunction("f")->library->name, "b");
    EXPECT_EQ(member->functions.libraries().FindFunction("g")->library->name, "a");
  }
}

TEST_F(ClusterLibrariesTest, FilesAreDriftThatEnds) {
  Member& one = Add(1);
  Add(2);
  EXPECT_EQ(Load(one, Text("a")), "OK");
  EXPECT_EQ(Load(one, Text("b", "g", "2")), "OK");
  Member& back = Add(3, {Text("b", "g", "1"), Text("old", "h")});
  EXPECT_EQ(back.Names(), "b old ");
  Settle();
  EXPECT_EQ(back.Names(), "a b ");
  EXPECT_EQ(back.functions.libraries().FindLibrary("b")->text, Text("b", "g", "2"));
  EXPECT_EQ(back.libraries.Problem("a"), "");
}

TEST_F(ClusterLibrariesTest, AFileThatIsLoadedLaterIsDriftToo) {
  Member& one = Add(1);
  Add(2);
  EXPECT_EQ(Load(one, Text("a")), "OK");
  ASSERT_TRUE(one.functions.Load(Text("a", "f", "2"), true).ok());
  ASSERT_TRUE(one.functions.Load(Text("b", "g"), true).ok());
  one.libraries.Tick();
  EXPECT_EQ(one.Names(), "a ");
  EXPECT_EQ(one.functions.libraries().FindLibrary("a")->text, Text("a"));
}

TEST_F(ClusterLibrariesTest, ALoneNodeDeclaresTheLibrariesOfItsFilesOnce) {
  Member& one = Add(1, {Text("a")});
  Settle();
  EXPECT_EQ(one.Names(), "a ");
  ASSERT_NE(view().FindLibrary("a"), nullptr);
  EXPECT_EQ(view().FindLibrary("a")->declared.functions, std::vector<std::string>{"f"});
  // From then on the ledger decides.
  one.libraries.Flush(Note());
  EXPECT_EQ(Outcome(), "OK");
  EXPECT_EQ(one.Names(), "");
}

TEST_F(ClusterLibrariesTest, LibrariesStayWhileAScriptRuns) {
  Member& one = Add(1);
  Member& two = Add(2);
  EXPECT_EQ(Load(one, Text("a")), "OK");
  node::ScriptRun run;
  two.engine.engine().script = &run;
  one.libraries.Delete("a", Note());
  EXPECT_EQ(Outcome(), "OK");
  EXPECT_EQ(two.Names(), "a ");
  two.libraries.Delete("a", Note());  // Its outcome, too, waits for the script.
  EXPECT_EQ(Outcome(), "nothing yet");
  two.engine.engine().script = nullptr;
  two.libraries.Tick();
  EXPECT_EQ(two.Names(), "");
  EXPECT_EQ(Outcome(), "Library not found");
}

TEST_F(ClusterLibrariesTest, WhatCannotBeLoadedHereIsTriedAgainNowAndThen) {
  Member& one = Add(1);
  Add(2);
  // Somebody else's machine was fast enough for it.
  const std::string text = StrCat("#!lua name=slow\n", kBusy);
  ledger::LibraryDeclaration slow{"slow", node::LibraryDigestOf(text), text.size(), {"f"}};
  one.link.ChangeLibraries({.declared = {slow}}, {std::make_shared<const std::string>(text)},
                           Note());
  EXPECT_EQ(Outcome(), "OK");
  EXPECT_EQ(one.Names(), "");
  EXPECT_NE(one.libraries.Problem("slow").find("timeout"), std::string::npos)
      << one.libraries.Problem("slow");
  EXPECT_EQ(Load(one, Text("a", "g")), "OK");  // The others are not kept waiting.
  EXPECT_EQ(one.Names(), "a ");
}

TEST_F(ClusterLibrariesTest, ChangesAreJournalled) {
  Member& one = Add(1);
  Member& two = Add(2);
  EXPECT_EQ(Load(one, Text("a")), "OK");
  EXPECT_EQ(Load(one, Text("b", "g")), "OK");
  one.libraries.Delete("a", Note());
  EXPECT_EQ(Outcome(), "OK");
  const std::string journal = two.Journal();
  EXPECT_NE(journal.find("FUNCTION LOAD REPLACE"), std::string::npos) << journal;
  EXPECT_NE(journal.find("FUNCTION DELETE a"), std::string::npos) << journal;
}

}  // namespace
}  // namespace slotmesh::functions
