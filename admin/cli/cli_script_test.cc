// Runs the scripts of testdata/: what a user types and what he sees. With --rewrite (and the
// sources' folder) the outputs are written anew: bazel run //admin/cli:cli_script_test -- --rewrite
// $PWD/admin/cli
//
// A script: "# cluster SLOTS|SLOTS..." makes a fresh node with that map (SLOTS "-" for none), "#
// KEY VALUE" sets something about it, "$ slotmesh ..." runs a command, what follows up to an empty
// "." line is its output. Ports that differ from run to run are written {node}, {node1}, {node2}.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "admin/cli/cli.h"
#include "admin/cli/fake_node.h"
#include "gtest/gtest.h"

namespace slotmesh::admin {
namespace {

const char* rewrite_directory = nullptr;

class ScriptRunner {
 public:
  // The script with the outputs that its commands give.
  std::string Run(const std::string& script) {
    std::string result;
    bool in_output = false;
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(script, '\n'))) {
      if (in_output) {
        in_output = line != ".";
        continue;
      }
      result += line + "\n";
      if (line.starts_with("# ")) Set(line.substr(2));
      if (!line.starts_with("$ slotmesh")) continue;
      result += Named(RunCommand(Actual(line.substr(10)))) + ".\n";
      in_output = true;
    }
    result.pop_back();  // The split's last, empty part.
    return result;
  }

 private:
  void Set(const std::string& text) {
    const std::vector<std::string> words = absl::StrSplit(text, absl::MaxSplits(' ', 1));
    const std::string value = words.size() > 1 ? words[1] : "";
    if (words[0] == "cluster") {
      MakeNodes(value);
    } else if (words[0] == "secret") {
      options_.secret = value;
    } else if (words[0] == "password") {
      options_.password = value;
    } else if (words[0] == "silent") {
      options_.tells_secret = false;
    } else if (words[0] == "single") {
      options_.cluster_enabled = false;
    } else if (words[0] == "failed") {
      node_->control().health_[TestNode(std::stoi(value))] = NodeHealth::kFailed;
    } else if (words[0] == "abort") {
      node_->control().abort_move_ = std::stoi(value);
    } else if (words[0] == "answer") {
      answer_ = value;
    } else if (words[0] == "terminal") {
      terminal_ = value == "yes";
    } else if (words[0] == "env") {
      const std::vector<std::string> parts = absl::StrSplit(value, '=');
      env_[parts[0]] = parts[1];
    }
  }

  void MakeNodes(const std::string& map) {
    std::vector<std::string> parts = absl::StrSplit(map, '|');
    for (std::string& part : parts) {
      if (part == "-") part = "";
    }
    others_.clear();
    node_ = std::make_unique<FakeNode>(options_, TestMapData(parts));
    ASSERT_TRUE(node_->status().ok()) << node_->status();
    node_->control().logs_ = {{1, absl::FromUnixSeconds(1'700'000'000), "notice", "ready"},
                              {2, absl::FromUnixMillis(1'700'000'001'500), "warning", "slow disk"}};
    for (int i = 1; i <= 2; ++i) {
      others_.push_back(std::make_unique<FakeNode>(options_, TestMapData({""})));
      slots::NodeInfo info = TestMapData(std::vector<std::string>(8)).nodes[parts.size() - 1 + i];
      info.port = static_cast<uint16_t>(others_.back()->port());
      info.bus_port = static_cast<uint16_t>(others_.back()->bus_port());
      node_->control().reachable_.push_back(info);
    }
  }

  std::vector<std::pair<std::string, std::string>> Names() const {
    std::vector<std::pair<std::string, std::string>> names;
    const auto address = [](const FakeNode& node) {
      return absl::StrCat("127.0.0.1:", node.port());
    };
    if (node_ != nullptr) names.emplace_back("{node}", address(*node_));
    for (size_t i = 0; i < others_.size(); ++i) {
      names.emplace_back(absl::StrCat("{node", i + 1, "}"), address(*others_[i]));
    }
    return names;
  }
  std::string Actual(const std::string& text) const { return absl::StrReplaceAll(text, Names()); }
  std::string Named(const std::string& text) const {
    auto names = Names();
    for (auto& [name, address] : names) std::swap(name, address);
    return absl::StrReplaceAll(text, names);
  }

  std::string RunCommand(const std::string& line) {
    std::vector<std::string> arguments = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (node_ != nullptr && line.find("--node") == std::string::npos) {
      arguments.push_back("--node");
      arguments.push_back(absl::StrCat("127.0.0.1:", node_->port()));
    }
    std::string output;
    const absl::Time start = absl::Now();
    int looks = 0;
    const CliEnvironment environment{
        .out = [&](const std::string& text) { output += text; },
        .err = [&](const std::string& text) { output += text; },
        .read_line =
            [&] {
              output += answer_ + "\n";
              return answer_;
            },
        .in_terminal = terminal_,
        .out_terminal = terminal_,
        .width = 100,
        .now = [&] { return start + ++looks * absl::Milliseconds(250); },
        .sleep = [](absl::Duration) {},
        .random = [this] { return ++nonce_; },
        .getenv = [&](const char* name) -> std::optional<std::string> {
          const auto found = env_.find(name);
          return found == env_.end() ? std::nullopt : std::optional(found->second);
        },
        .own_path = "/nowhere/slotmesh"};
    const int code = RunCli(arguments, environment);
    // Control characters are shown, so that the script stays text.
    output = absl::StrReplaceAll(
        output, {{"\r\x1b[K", "<rewrite>\n"}, {"\x1b[H\x1b[2J\x1b[3J", "<clear>\n"}});
    if (!output.empty() && output.back() != '\n') output += "\n";
    return code == 0 ? output : absl::StrCat(output, "[exit code ", code, "]\n");
  }

  FakeNodeOptions options_;
  std::unique_ptr<FakeNode> node_;
  std::vector<std::unique_ptr<FakeNode>> others_;
  std::map<std::string, std::string> env_ = {{"HOME", "/example/user"}};
  std::string answer_;
  bool terminal_ = false;
  uint64_t nonce_ = 0;
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class CliScript : public testing::TestWithParam<const char*> {};

TEST_P(CliScript, OutputsAreAsWritten) {
  const std::string name = absl::StrCat("testdata/", GetParam(), ".script");
  const std::string source =
      rewrite_directory == nullptr ? "admin/cli/" : absl::StrCat(rewrite_directory, "/");
  const std::string script = ReadFile(source + name);
  ASSERT_FALSE(script.empty()) << source + name;
  const std::string now = ScriptRunner().Run(script);
  if (rewrite_directory != nullptr) {
    std::ofstream(source + name) << now;
  } else {
    EXPECT_EQ(now, script);
  }
}

INSTANTIATE_TEST_SUITE_P(Scripts, CliScript,
                         testing::Values("views", "changes", "functions", "errors", "help"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace slotmesh::admin

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 3 && std::string(argv[1]) == "--rewrite")
    slotmesh::admin::rewrite_directory = argv[2];
  return RUN_ALL_TESTS();
}
