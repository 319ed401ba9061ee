// Transactions when memory is short, which a script cannot bring about.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/commands/strings.h"
#include "node/commands/testing/reply_text.h"
#include "node/commands/testing/server_family.h"

namespace slotmesh::node {
namespace {

class FullMemory : public testing::Test {
 protected:
  FullMemory() : engine_(Options()), client_(1, nullptr) {}

  static TestEngine::Options Options() {
    TestEngine::Options options;
    options.families = SessionFamilies();
    options.families.push_back({.rows = StringCommands()});
    options.config = "maxmemory 100\n";
    return options;
  }

  void FillMemory() {
    engine_.gauge().bytes = [] { return 200; };
  }

  std::string Ask(const std::vector<std::string_view>& words) {
    engine_.dispatcher().Execute(client_, words, RequestOrigin::kClient);
    std::string text;
    for (const std::string& line : ReplyText(client_.output.ToString())) text += line;
    client_.output.Clear();
    return text;
  }

  TestEngine engine_;
  Client client_;
};

constexpr char kOom[] = "(error) OOM command not allowed when used memory > 'maxmemory'.";

TEST_F(FullMemory, RefusesAWriteWhileQueueingAndThenExec) {
  FillMemory();
  EXPECT_EQ(Ask({"MULTI"}), "OK");
  EXPECT_EQ(Ask({"SET", "k", "v"}), kOom);
  // Queueing takes memory, whatever the command.
  EXPECT_EQ(Ask({"GET", "k"}), kOom);
  EXPECT_EQ(Ask({"EXEC"}), "(error) EXECABORT Transaction discarded because of previous errors.");
}

TEST_F(FullMemory, RefusesExecOfAWriteThatWasQueuedBeforeWithTheReason) {
  EXPECT_EQ(Ask({"MULTI"}), "OK");
  EXPECT_EQ(Ask({"SET", "k", "v"}), "QUEUED");
  FillMemory();
  EXPECT_EQ(Ask({"EXEC"}),
            "(error) EXECABORT Transaction discarded because of: OOM command not allowed when used "
            "memory > 'maxmemory'.");
  EXPECT_EQ(Ask({"EXEC"}), "(error) ERR EXEC without MULTI");
}

TEST_F(FullMemory, LetsATransactionBeDiscarded) {
  EXPECT_EQ(Ask({"MULTI"}), "OK");
  EXPECT_EQ(Ask({"SET", "k", "v"}), "QUEUED");
  FillMemory();
  EXPECT_EQ(Ask({"DISCARD"}), "OK");
  EXPECT_EQ(Ask({"GET", "k"}), "(nil)");
}

}  // namespace
}  // namespace slotmesh::node
