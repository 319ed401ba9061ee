#include "node/commands/testing/script_runner.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>

#include "node/commands/testing/reply_text.h"
#include "node/resp/numbers.h"
#include "node/resp/split_args.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kMainClient = "";

bool IsClientName(std::string_view name) {
  return name != "journal" && name != "event" && std::all_of(name.begin(), name.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0;
         });
}

// The client's name of a request line "name> words".
std::optional<std::string_view> RequestName(std::string_view line) {
  const size_t mark = line.find("> ");
  if (mark == std::string_view::npos || !IsClientName(line.substr(0, mark))) return std::nullopt;
  // "1> ..." is an element of a push.
  if (mark > 0 && std::isdigit(static_cast<unsigned char>(line[0])) != 0) return std::nullopt;
  return line.substr(0, mark);
}

bool NeedsQuotes(std::string_view word) {
  return word.empty() || std::any_of(word.begin(), word.end(), [](char c) {
           return std::isgraph(static_cast<unsigned char>(c)) == 0 || c == '"' || c == '\'' ||
                  c == '\\';
         });
}

std::string JoinWords(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += NeedsQuotes(word) ? QuoteArg(word) : word;
  }
  return line;
}

}  // namespace

// A client whose replies are read as text. What the engine asks of a connection is kept until the
// running request is done.
class ScriptRunner::ScriptClient : public ClientHost {
 public:
  ScriptClient(uint64_t id, int64_t now_ms) : client(id, this) {
    client.address = StrCat("127.0.0.1:", 50000 + id);
    client.local_address = "127.0.0.1:6379";
    client.created_ms = client.last_interaction_ms = now_ms;
  }

  void Resume(Client&) override { resume = true; }
  void Flush(Client&) override {}
  void Close(Client&, bool) override { closed = true; }

  std::vector<std::string> TakeLines() {
    std::vector<std::string> lines = ReplyText(client.output.ToString());
    client.output.Clear();
    if (closed && !std::exchange(told_closed, true)) lines.emplace_back("(closed)");
    return lines;
  }

  Client client;
  bool resume = false;
  bool closed = false;
  bool told_closed = false;
};

ScriptRunner::ScriptRunner(TestEngine::Options options) : options_(std::move(options)) {}
ScriptRunner::~ScriptRunner() = default;

std::string ScriptRunner::Run(std::string_view script) {
  out_.clear();
  show_journal_ = show_events_ = false;
  Reset(false);
  while (!script.empty()) {
    const size_t end = std::min(script.find('\n'), script.size());
    const std::string_view line = script.substr(0, end);
    script.remove_prefix(std::min(end + 1, script.size()));
    if (line.empty() || line[0] == '#') {
      Print(line);
    } else if (line[0] == '!') {
      Print(line);
      Directive(line.substr(1));
    } else if (const auto name = RequestName(line)) {
      Print(line);
      Request(*name, line.substr(name->size() + 2), /*show=*/true);
    }
  }
  return out_;
}

void ScriptRunner::Reset(bool cluster) {
  for (auto& [name, client] : clients_) engine_->Forget(client->client);
  clients_.clear();
  engine_.reset();
  options_.cluster = cluster;
  engine_ = std::make_unique<TestEngine>(options_);
  journal_seen_ = 0;
}

ScriptRunner::ScriptClient& ScriptRunner::ClientNamed(std::string_view name) {
  auto& client = clients_[std::string(name)];
  if (client == nullptr) {
    client = std::make_unique<ScriptClient>(engine_->clients().NextId(), engine_->engine().now_ms);
    engine_->engine().access.Welcome(client->client);
    engine_->clients().Add(client->client);
  }
  return *client;
}

void ScriptRunner::Directive(std::string_view line) {
  const std::vector<std::string> words = SplitArgs(line).value_or(std::vector<std::string>());
  const std::string verb = words.empty() ? "" : words[0];
  const std::string value = words.size() < 2 ? "" : words[1];
  if (verb == "reset" || verb == "cluster") {
    Reset(verb == "cluster");
  } else if (verb == "journal" && (value == "on" || value == "off")) {
    show_journal_ = value == "on";
  } else if (verb == "events" && (value == "on" || value == "off")) {
    show_events_ = value == "on";
  } else if (verb == "advance" && ParseInt64(value)) {
    engine_->AdvanceMillis(*ParseInt64(value));
    Settle(/*show=*/true);
  } else if (verb == "await") {
    while (ClientNamed(kMainClient).client.blocked != 0) {
      if (!engine_->AwaitPost()) return Print("(script error) nothing came");
      engine_->EndTurn();
    }
    Settle(/*show=*/true);
  } else if (verb == "resp" && (value == "2" || value == "3")) {
    ClientNamed(words.size() > 2 ? std::string_view(words[2]) : kMainClient)
        .client.reply()
        .set_protocol(value == "3" ? Protocol::kResp3 : Protocol::kResp2);
  } else if (verb == "run" && words.size() > 1) {
    Request(kMainClient, line.substr(4), /*show=*/false);
  } else {
    Print("(script error) unknown directive");
  }
}

void ScriptRunner::Request(std::string_view name, std::string_view text, bool show) {
  const auto words = SplitArgs(text);
  if (!words || words->empty()) return Print("(script error) not a request");
  const std::vector<std::string_view> views(words->begin(), words->end());
  ScriptClient& asking = ClientNamed(name);
  engine_->dispatcher().BeginTurn();
  using Result = Dispatcher::Result;
  const Result result = engine_->dispatcher().Execute(asking.client, views, RequestOrigin::kClient);
  if (result == Result::kClose) asking.closed = true;
  std::vector<std::string> lines = asking.TakeLines();
  if (result == Result::kWaits) lines.emplace_back("(waits)");
  if (show) {
    for (const std::string& line : lines) Print(line);
  }
  Settle(show);
}

void ScriptRunner::Settle(bool show) {
  engine_->EndTurn();
  for (auto& [name, client] : clients_) {
    while (std::exchange(client->resume, false)) {
      const Dispatcher::Result result = engine_->dispatcher().ExecuteParked(client->client);
      if (result == Dispatcher::Result::kClose) client->closed = true;
    }
    const std::string shown = name.empty() ? "main" : name;
    for (const std::string& line : client->TakeLines()) Print(StrCat("[", shown, "] ", line));
  }
  std::erase_if(clients_, [&](const auto& entry) {
    if (!entry.second->closed) return false;
    engine_->Forget(entry.second->client);
    return true;
  });
  ShowEffects(show);
}

void ScriptRunner::ShowEffects(bool show) {
  const auto& units = engine_->journal().units();
  for (; journal_seen_ < units.size(); ++journal_seen_) {
    if (!show || !show_journal_) continue;
    const auto& unit = units[journal_seen_];
    if (unit.size() > 1) Print("journal> MULTI");
    for (const MemorySink::Seen& effect : unit) {
      const std::string slot =
          options_.cluster && effect.slot != kNoSlot ? StrCat("[", effect.slot, "]") : "";
      Print(StrCat("journal", slot, "> ", JoinWords(effect.argv)));
    }
    if (unit.size() > 1) Print("journal> EXEC");
  }
  for (const std::string& event : engine_->TakeEvents()) {
    if (show && show_events_) Print(StrCat("event> ", event));
  }
}

void ScriptRunner::Print(std::string_view line) {
  out_ += line;
  out_ += '\n';
}

namespace {

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The first line that differs, with its number, in both texts.
std::string Difference(std::string_view want, std::string_view got) {
  for (int number = 1;; ++number) {
    const std::string_view want_line = want.substr(0, want.find('\n'));
    const std::string_view got_line = got.substr(0, got.find('\n'));
    if (want_line != got_line || want.size() <= want_line.size() || got.size() <= got_line.size()) {
      return StrCat("line ", number, "\n  want: ", want_line, "\n   got: ", got_line);
    }
    want.remove_prefix(want_line.size() + 1);
    got.remove_prefix(got_line.size() + 1);
  }
}

}  // namespace

int RunScriptTests(int argc, char** argv, const TestEngine::Options& options) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  const bool rewrite = std::erase(paths, "--rewrite") > 0;
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  int failed = paths.empty() ? 1 : 0;
  for (const std::string& path : paths) {
    const std::string real = rewrite && workspace != nullptr ? StrCat(workspace, "/", path) : path;
    const std::optional<std::string> want = ReadFile(real);
    if (!want) {
      std::cerr << "cannot read " << real << "\n";
      ++failed;
      continue;
    }
    const std::string got = ScriptRunner(options).Run(*want);
    if (got == *want) continue;
    if (rewrite) {
      std::ofstream(real, std::ios::binary) << got;
      std::cerr << "rewrote " << path << "\n";
    } else {
      std::cerr << path << " " << Difference(*want, got) << "\n";
      ++failed;
    }
  }
  if (failed > 0) std::cerr << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}

}  // namespace slotmesh::node
