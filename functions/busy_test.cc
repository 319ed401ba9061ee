// Scripts that last too long, and what others can do about them.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "functions/testing/families.h"
#include "node/command/script_run.h"
#include "node/commands/generic.h"
#include "node/commands/strings.h"
#include "node/commands/testing/reply_text.h"
#include "node/commands/testing/server_family.h"

namespace slotmesh::functions {
namespace {

using node::Client;
using node::TestEngine;

constexpr char kLoop[] = "while true do end";

class BusyTest : public testing::Test {
 protected:
  BusyTest() : engine_(MakeOptions()) {}

  TestEngine::Options MakeOptions() {
    TestEngine::Options options;
    options.config = "busy-reply-threshold 1\n";
    options.families = node::SessionFamilies();
    options.families.push_back({.rows = node::StringCommands()});
    options.families.push_back({.rows = node::GenericCommands()});
    for (auto& family : FunctionFamilies([this](TestEngine&) { meanwhile_(); })) {
      options.families.push_back(family);
    }
    return options;
  }

  std::string Ask(Client& client, const std::vector<std::string_view>& words) {
    engine_.dispatcher().Execute(client, words, node::RequestOrigin::kClient);
    std::string text;
    for (const std::string& line : node::ReplyText(client.output.ToString())) text += line;
    client.output.Clear();
    return text;
  }

  // What others do, each time that they are served; what they have got.
  std::function<void()> meanwhile_;
  std::vector<std::string> heard_;
  TestEngine engine_;
  Client caller_{1, nullptr};
  Client other_{2, nullptr};
};

TEST_F(BusyTest, OthersAreRefusedUntilTheScriptIsKilled) {
  meanwhile_ = [&] {
    if (heard_.size() >= 3) return;
    heard_ = {Ask(other_, {"GET", "k"}), Ask(other_, {"FUNCTION", "KILL"}),
              Ask(other_, {"SCRIPT", "KILL"})};
  };
  const std::string reply = Ask(caller_, {"EVAL", kLoop, "0"});
  const std::string busy =
      "(error) BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
      "NOSAVE.";
  EXPECT_EQ(heard_, (std::vector<std::string>{busy, busy, "OK"}));
  EXPECT_TRUE(reply.starts_with("(error) ERR Script killed by user with SCRIPT KILL.")) << reply;
  EXPECT_EQ(Ask(other_, {"GET", "k"}), "(nil)");
  EXPECT_EQ(Ask(other_, {"SCRIPT", "KILL"}), "(error) NOTBUSY No scripts in execution right now.");
}

TEST_F(BusyTest, PcallDoesNotKeepAScriptAlive) {
  meanwhile_ = [&] { Ask(other_, {"SCRIPT", "KILL"}); };
  const std::string reply =
      Ask(caller_, {"EVAL", "while true do pcall(function() while true do end end) end", "0"});
  EXPECT_TRUE(reply.starts_with("(error) ERR Script killed by user")) << reply;
}

TEST_F(BusyTest, WhatHasWrittenCannotBeKilled) {
  meanwhile_ = [&] {
    if (!heard_.empty()) return;
    heard_.push_back(Ask(other_, {"SCRIPT", "KILL"}));
    engine_.engine().script->abandoned = true;
  };
  Ask(caller_, {"EVAL", "redis.call('set', 'k', 1) while true do end", "0"});
  ASSERT_EQ(heard_.size(), 1u);
  EXPECT_TRUE(heard_[0].starts_with("(error) UNKILLABLE ")) << heard_[0];
}

TEST_F(BusyTest, ShutdownEndsAWriterAndItsEffectsGoNowhere) {
  meanwhile_ = [&] {
    if (heard_.size() >= 2) return;
    heard_.push_back(Ask(other_, {"SHUTDOWN"}));
    heard_.push_back(Ask(other_, {"SHUTDOWN", "NOSAVE"}));
  };
  Ask(caller_, {"EVAL", "redis.call('set', 'k', 1) while true do end", "0"});
  ASSERT_EQ(heard_.size(), 2u);
  EXPECT_TRUE(heard_[0].starts_with("(error) BUSY ")) << heard_[0];
  EXPECT_TRUE(engine_.journal().units().empty());
}

TEST_F(BusyTest, FunctionsAreKilledAsFunctionsAndShowThemselves) {
  ASSERT_EQ(Ask(caller_, {"FUNCTION", "LOAD",
                          "#!lua name=lib\nserver.register_function('f', function() while true "
                          "do end end)"}),
            "\"lib\"");
  meanwhile_ = [&] {
    if (!heard_.empty()) return;
    heard_ = {Ask(other_, {"SCRIPT", "KILL"}), Ask(other_, {"FUNCTION", "STATS"}),
              Ask(other_, {"FUNCTION", "KILL"})};
  };
  const std::string reply = Ask(caller_, {"FCALL", "f", "0"});
  ASSERT_EQ(heard_.size(), 3u);
  EXPECT_EQ(heard_[0],
            "(error) BUSY Redis is busy running a script. You can only call FUNCTION KILL or "
            "SHUTDOWN NOSAVE.");
  EXPECT_NE(heard_[1].find("\"FCALL\""), std::string::npos) << heard_[1];
  EXPECT_EQ(heard_[2], "OK");
  EXPECT_TRUE(reply.starts_with("(error) ERR Script killed by user with FUNCTION KILL.")) << reply;
}

TEST_F(BusyTest, TimeStandsStillForTheScriptAlone) {
  int64_t others_time = 0;
  meanwhile_ = [&] {
    engine_.clock().wall_micros += 5'000'000;
    engine_.dispatcher().BeginTurn();
    others_time = engine_.engine().now_ms;
    Ask(other_, {"SCRIPT", "KILL"});
  };
  const int64_t begin = engine_.engine().now_ms;
  Ask(caller_, {"EVAL", kLoop, "0"});
  EXPECT_EQ(others_time, begin + 5000);
  EXPECT_EQ(engine_.engine().now_ms, begin);
}

TEST_F(BusyTest, LoadingALibraryEndsByItself) {
  meanwhile_ = [] {};
  EXPECT_EQ(Ask(caller_, {"FUNCTION", "LOAD", "#!lua name=lib\nwhile true do end"}),
            "(error) ERR Error registering functions: ERR FUNCTION LOAD timeout");
  EXPECT_EQ(Ask(caller_, {"FUNCTION", "LIST"}), "(empty array)");
}

}  // namespace
}  // namespace slotmesh::functions
