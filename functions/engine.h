// What runs scripts and functions: a language behind an interface.
//
// An engine compiles scripts and libraries, and calls what came of it. Each call plays by the
// ScriptRun that it is given: inner commands go through the dispatcher, and an engine looks at
// ScriptRun::killed and abandoned often enough for a script without an end to be ended. Engine
// thread only. An engine outlives the Callables that it gave.
#ifndef SLOTMESH_FUNCTIONS_ENGINE_H_
#define SLOTMESH_FUNCTIONS_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "functions/flags.h"
#include "node/command/client.h"
#include "node/command/dispatcher.h"
#include "node/command/script_run.h"
#include "node/resp/args.h"
#include "node/resp/reply.h"
#include "node/stats/log.h"

namespace slotmesh::functions {

// What engines have of the server around them. Borrows all.
struct Host {
  node::Engine& engine;
  node::Dispatcher& dispatcher;
  node::Log& log;
  std::string version;  // Of slotmesh: "1.2.3".
  // Lets other clients be served while a script takes long; returns soon. Null: nobody is.
  std::function<void()> serve_others;
};

class ScriptEngine;

// Compiled code, which goes when this does. Movable.
class Callable {
 public:
  Callable() = default;
  Callable(ScriptEngine* engine, int id) : engine_(engine), id_(id) {}
  Callable(Callable&& other) noexcept
      : engine_(std::exchange(other.engine_, nullptr)), id_(other.id_) {}
  Callable& operator=(Callable&& other) noexcept {
    std::swap(engine_, other.engine_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~Callable();

  ScriptEngine* engine() const { return engine_; }  // Null of an empty one.
  int id() const { return id_; }

 private:
  ScriptEngine* engine_ = nullptr;
  int id_ = 0;
};

struct CallRequest {
  const Callable& code;
  std::string_view name;  // For messages: a script's hash, a function's name.
  node::Args keys;
  node::Args args;
  node::ScriptRun& run;
  node::Client& inner;  // Plays the client of the script's commands. Has no host.
  node::Reply& reply;   // Gets exactly one reply.
  uint64_t& failures;   // One more if that is an error which was counted where it came from.
};

// A function that a library has registered while it was loaded.
struct LoadedFunction {
  std::string name;
  std::string description;
  bool has_description = false;
  ScriptFlag flags = ScriptFlag::kNone;
  Callable code;
};

class ScriptEngine {
 public:
  // A library's own code may run so long while it is loaded.
  static constexpr int64_t kLoadMillisMax = 500;

  virtual ~ScriptEngine() = default;

  // As libraries name it, "LUA".
  virtual std::string_view name() const = 0;
  // Compiles a script. The error's message is the compiler's.
  virtual absl::StatusOr<Callable> Compile(std::string_view body) = 0;
  // Compiles a library and runs it once, so that it registers its functions. An error's message is
  // ready for the client, without a code.
  virtual absl::StatusOr<std::vector<LoadedFunction>> LoadLibrary(std::string_view body) = 0;
  virtual void Call(const CallRequest& request) = 0;
  virtual size_t memory_bytes() const = 0;
  // Gives back what code that has gone occupied.
  virtual void Collect() = 0;

 private:
  friend class Callable;
  virtual void Release(int id) = 0;
};

inline Callable::~Callable() {
  if (engine_ != nullptr) engine_->Release(id_);
}

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_ENGINE_H_
