// Scripts when memory is short.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "functions/testing/families.h"
#include "node/commands/generic.h"
#include "node/commands/strings.h"
#include "node/commands/testing/reply_text.h"
#include "node/commands/testing/server_family.h"

namespace slotmesh::functions {
namespace {

using node::TestEngine;

class FullMemory : public testing::Test {
 protected:
  FullMemory() : engine_(Options()) {
    engine_.gauge().bytes = [] { return 200; };
  }

  static TestEngine::Options Options() {
    TestEngine::Options options;
    options.config = "maxmemory 100\n";
    options.families = node::SessionFamilies();
    options.families.push_back({.rows = node::StringCommands()});
    options.families.push_back({.rows = node::GenericCommands()});
    for (auto& family : FunctionFamilies()) options.families.push_back(family);
    return options;
  }

  std::string Ask(const std::vector<std::string_view>& words) {
    engine_.dispatcher().Execute(client_, words, node::RequestOrigin::kClient);
    std::string text;
    for (const std::string& line : node::ReplyText(client_.output.ToString())) text += line;
    client_.output.Clear();
    return text;
  }

  TestEngine engine_;
  node::Client client_{1, nullptr};
};

constexpr std::string_view kOom = "(error) OOM command not allowed when used memory > 'maxmemory'.";

TEST_F(FullMemory, ScriptThatDeclaresNothingFailsAtItsFirstGrowingCommand) {
  const std::string reply = Ask({"EVAL", "redis.call('set', 'k', 1) return 1", "0"});
  EXPECT_TRUE(reply.starts_with(kOom)) << reply;
  EXPECT_EQ(Ask({"EVAL", "return redis.call('get', 'k')", "0"}), "(nil)");
}

TEST_F(FullMemory, WhatHasWrittenGoesOn) {
  EXPECT_EQ(Ask({"EVAL", "redis.call('del', 'k') redis.call('set', 'k', 1) return 1", "0"}),
            "(integer) 1");
}

TEST_F(FullMemory, DeclaredScriptIsRefusedBeforeItRuns) {
  EXPECT_EQ(Ask({"EVAL", "#!lua\nreturn 1", "0"}), kOom);
  EXPECT_EQ(Ask({"EVAL", "#!lua flags=no-writes\nreturn 1", "0"}), "(integer) 1");
  EXPECT_EQ(Ask({"EVAL", "#!lua flags=allow-oom\nreturn redis.call('set', 'k', 1)", "0"}), "OK");
}

TEST_F(FullMemory, QueuedScriptsCountByWhatTheyDeclare) {
  for (const auto& [script, reply] :
       {std::pair(
            "#!lua\nreturn 1",
            "(error) EXECABORT Transaction discarded because of: OOM command not allowed when "
            "used memory > 'maxmemory'."),
        std::pair("#!lua flags=no-writes\nreturn 1", "1) (integer) 1")}) {
    engine_.gauge().bytes = [] { return 0; };
    EXPECT_EQ(Ask({"MULTI"}), "OK");
    EXPECT_EQ(Ask({"EVAL", script, "0"}), "QUEUED");
    engine_.gauge().bytes = [] { return 200; };
    EXPECT_EQ(Ask({"EXEC"}), reply);
  }
}

TEST_F(FullMemory, NoLibraryIsLoaded) {
  EXPECT_EQ(Ask({"FUNCTION", "LOAD", "#!lua name=a\nserver.register_function('f', print)"}), kOom);
}

}  // namespace
}  // namespace slotmesh::functions
