// Scripts and functions of one engine: the caches, the engines that run them, and the commands'
// state.
//
// Engine thread only. Borrows what Host does. Owns a thread (the watchdog).
#ifndef SLOTMESH_FUNCTIONS_FUNCTIONS_H_
#define SLOTMESH_FUNCTIONS_FUNCTIONS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "functions/engine.h"
#include "functions/library_registry.h"
#include "functions/script_cache.h"
#include "node/command/command_context.h"
#include "node/command/command_spec.h"
#include "node/commands/server.h"

namespace slotmesh::functions {

// EVAL, EVALSHA, SCRIPT and their relatives; FCALL and FUNCTION. Handlers expect a Functions as
// their family's state.
absl::Span<const node::CommandSpec> ScriptCommands();
absl::Span<const node::CommandSpec> FunctionCommands();

// What is to be run, as EVAL and FCALL find it.
struct Invocation {
  const Callable& code;
  std::string_view name;
  ScriptFlag flags = ScriptFlag::kNone;
  bool eval = true;
  size_t key_count = 0;  // The keys begin at word 3; what follows them are the arguments.
};

enum class RestorePolicy : uint8_t { kAppend, kReplace, kFlush };

// Decides which libraries there are, in a node's place: its cluster. What it is given has been
// checked against this node's libraries; `done` comes later, when this node has what was decided.
// An error changes nothing; its message is ready for the client, code and all.
class LibraryAuthority {
 public:
  using Done = std::function<void(const absl::Status&)>;

  virtual ~LibraryAuthority() = default;
  virtual void Load(std::unique_ptr<Library> library, bool replace, Done done) = 0;
  virtual void Restore(LibraryRegistry libraries, RestorePolicy policy, Done done) = 0;
  virtual void Delete(std::string name, Done done) = 0;
  virtual void Flush(Done done) = 0;
};

class Functions : public node::ScriptUsageSource {
 public:
  explicit Functions(Host host);
  ~Functions() override;
  Functions(const Functions&) = delete;
  Functions& operator=(const Functions&) = delete;

  ScriptCache& scripts() { return scripts_; }
  const LibraryRegistry& libraries() const { return libraries_; }
  absl::Span<ScriptEngine* const> library_engines() const { return library_engines_; }
  const Host& host() const { return host_; }

  // Runs it for the context's client, which gets exactly one reply.
  void Run(node::CommandContext& ctx, node::Args args, const Invocation& invocation);

  // Borrowed; null (as at first): this node alone decides. FUNCTION LOAD and its like then ask it.
  void set_authority(LibraryAuthority* authority) { authority_ = authority; }
  LibraryAuthority* authority() const { return authority_; }

  // What FUNCTION LOAD and RESTORE check before anything changes: compiles, and looks whether the
  // libraries that are there leave room. Errors' messages are ready for the client, without a code.
  absl::StatusOr<std::unique_ptr<Library>> Prepare(std::string_view text, bool replace);
  absl::StatusOr<LibraryRegistry> PrepareAll(std::string_view payload, RestorePolicy policy);
  // FUNCTION LOAD, RESTORE, FLUSH and DELETE, for whoever decides what libraries there are. Errors
  // change nothing.
  absl::StatusOr<std::string> Load(std::string_view text, bool replace);  // The library's name.
  absl::Status Restore(std::string_view payload, RestorePolicy policy);
  absl::Status Add(std::unique_ptr<Library> library, bool replace);
  bool Delete(std::string_view name);
  void FlushLibraries();
  // Rises with each change of the libraries.
  uint64_t library_changes() const { return library_changes_; }

  // ScriptUsageSource.
  node::ScriptUsage Measure() const override;
  void ResetStats() override { scripts_.ResetStats(); }

 private:
  struct Engines;

  // Empty, or why it may not run now.
  std::string_view Refusal(node::CommandContext& ctx, const Invocation& invocation) const;
  void PrepareInner(const node::Client& caller);

  Host host_;
  std::unique_ptr<Engines> engines_;
  std::vector<ScriptEngine*> library_engines_;
  ScriptCache scripts_;
  LibraryRegistry libraries_;
  uint64_t library_changes_ = 0;
  LibraryAuthority* authority_ = nullptr;
  node::Client inner_;
};

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_FUNCTIONS_H_
