// Golden scripts: commands with the replies, journal entries and notifications that they give, as
// plain text that reads as documentation.
//
//   # INCR on a missing key starts at 0.
//   > INCR n
//   (integer) 1
//   journal> INCR n
//   other> GET n
//   "1"
//
// A line "name> words" is a request of that client ("> words" of the main one), with quoting as in
// an inline command; the lines behind it are what came of it: the reply (reply_text.h), what other
// clients got ("[name] ..."), then journal and events if the script asked for them. Lines that
// start with '#' and empty lines are for the reader. Directives:
//
//   !reset               a fresh engine and fresh clients; `!cluster` the same in cluster mode
//   !journal on|off      show what entered the journal ("journal> words"; "journal[slot]>" in
//                        cluster mode, units of several effects between MULTI and EXEC)
//   !events on|off       show keyspace notifications ("event> database event key")
//   !advance MS          let time pass; what waits until then goes on
//   !await               go on until the main client's wait is over, which some thread ends
//   !resp 2|3 [name]     the protocol that a client (default: the main one) is spoken to
//   !run words           a request of the main client of which nothing is shown
//
// A test compares; `bazel run TARGET -- --rewrite` puts what came into the files. Not thread-safe.
#ifndef SLOTMESH_NODE_COMMANDS_TESTING_SCRIPT_RUNNER_H_
#define SLOTMESH_NODE_COMMANDS_TESTING_SCRIPT_RUNNER_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/command/client.h"
#include "node/commands/testing/test_engine.h"

namespace slotmesh::node {

class ScriptRunner {
 public:
  explicit ScriptRunner(TestEngine::Options options);
  ~ScriptRunner();

  // The script as it should read: comments, requests and directives as they are, all else as it
  // came. A line that cannot be understood is followed by one that starts with "(script error)".
  std::string Run(std::string_view script);

 private:
  class ScriptClient;

  void Reset(bool cluster);
  ScriptClient& ClientNamed(std::string_view name);
  void Directive(std::string_view line);
  void Request(std::string_view name, std::string_view words, bool show);
  // Goes on with clients whose wait is over, shows what came of it, drops those that are closed.
  void Settle(bool show);
  void ShowEffects(bool show);
  void Print(std::string_view line);

  TestEngine::Options options_;
  std::unique_ptr<TestEngine> engine_;
  std::map<std::string, std::unique_ptr<ScriptClient>, std::less<>> clients_;
  bool show_journal_ = false;
  bool show_events_ = false;
  size_t journal_seen_ = 0;
  std::string out_;
};

// main() of a test of scripts: argv holds their paths, and perhaps --rewrite. Returns the exit
// code.
int RunScriptTests(int argc, char** argv, const TestEngine::Options& options);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_TESTING_SCRIPT_RUNNER_H_
