// The modules of one node: loads and unloads them, answers GetApi, runs their commands, and holds
// what the groups of the API keep between calls.
//
// Engine thread only, apart from post(). Borrows what Host names. One per process (process.h).
#ifndef SLOTMESH_MODULES_MODULES_H_
#define SLOTMESH_MODULES_MODULES_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "modules/api_table.h"
#include "modules/arg_frames.h"
#include "modules/call_clients.h"
#include "modules/cluster_view.h"
#include "modules/module.h"
#include "modules/runtime/descriptors.h"
#include "node/command/client_table.h"
#include "node/command/dispatcher.h"
#include "node/commands/persistence.h"
#include "node/commands/server.h"
#include "node/config/config_store.h"
#include "node/stats/log.h"

struct RedisModuleCommand;

namespace slotmesh::modules {

class Defragmenter;
class KeyPool;
class SharedFunctions;
class TypeTable;

// MODULE; handlers expect a Modules as their family's state.
absl::Span<const node::CommandSpec> ModuleCommands();

struct Host {
  node::Engine& engine;
  node::Dispatcher& dispatcher;
  node::ClientTable& clients;
  node::ConfigStore& settings;
  node::Persistence& persistence;
  node::Log& log;
  std::function<void(std::function<void()>)> post;  // To the engine thread, from any.
  std::function<void(std::chrono::nanoseconds, std::function<void()>)> post_after;
  std::string version;  // Of slotmesh: "1.2.3".
  // Null: modules cannot wait for descriptors.
  Descriptors* descriptors = nullptr;
  // Gives null outside cluster mode; may be null itself.
  std::function<ClusterView*()> cluster;
  // All data becomes what the RDB file at a path holds, as Replication::ReplaceData has it. Null:
  // modules cannot load files.
  std::function<absl::Status(const std::string& path, absl::FunctionRef<void()> between)>
      replace_data;
  // Lets other clients be served within a command that takes long; may be null.
  std::function<void()> serve_others;
};

struct LoadRequest {
  std::string path;
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> configs;  // LOADEX: full names and values.
  bool extended = false;                                     // LOADEX.
};

// What a group of the API keeps of modules between calls.
class ModulePart {
 public:
  virtual ~ModulePart() = default;
  // OnLoad has gone well: what else must hold. An error, which says what to do, undoes the loading.
  virtual absl::Status AfterLoad(Module& module, const LoadRequest& request) {
    return absl::OkStatus();
  }
  // It has been loaded, or is about to be forgotten: for those who listen for that.
  virtual void OnLoaded(const Module& module) {}
  virtual void OnUnloaded(const Module& module) {}
  // Why the module cannot be unloaded now, for the client; empty if it can.
  virtual std::string_view HoldsBack(const Module& module) const { return {}; }
  // The module is going: nothing of it may be called any more.
  virtual void Forget(Module& module) = 0;
};

class Modules : public node::ModulesReport {
 public:
  explicit Modules(Host host);
  ~Modules() override;
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;

  // Errors are logged here, with what to do; nothing of the module stays then. The message is for
  // the client, without a code.
  absl::Status Load(LoadRequest request);
  absl::Status Unload(std::string_view name);
  // Those of the configuration file; an error ends the start.
  absl::Status LoadConfigured();

  // In the order of loading.
  const std::vector<std::unique_ptr<Module>>& loaded() const { return loaded_; }
  // Null if there is none.
  Module* Find(std::string_view name) const;
  // Whose OnLoad runs; null if none does.
  Module* loading() const { return loading_; }
  // LOADEX's settings that nobody has taken yet, of the module that is being loaded; null if there
  // is none.
  std::vector<std::pair<std::string, std::string>>* given_configs() const { return given_configs_; }
  // Those of the configuration file are being loaded.
  bool starting() const { return starting_; }

  std::vector<std::string> DescribeModules() const override;
  std::string InfoSections(node::Args names) const override;  // api/info.cc
  bool has_child() const override { return has_child_; }
  void set_has_child(bool has) { has_child_ = has; }

  const Host& host() const { return host_; }
  node::Engine& engine() const { return host_.engine; }

  // The function of an API name with its prefix; null if there is none.
  void* FindFunction(std::string_view prefixed_name) const;

  // Parts join here with the groups that they belong to, and are asked before a module goes.
  template <typename Part>
  Part& AddPart(std::unique_ptr<Part> part) {
    Part& added = *part;
    parts_by_type_[typeid(Part)] = &added;
    parts_.push_back(std::move(part));
    return added;
  }
  // The one of that type. REQUIRES: it has joined.
  template <typename Part>
  Part& part() const {
    return static_cast<Part&>(*parts_by_type_.at(typeid(Part)));
  }

  // Words and clients of the calls that are under way.
  ArgFrames& arg_frames() { return arg_frames_; }
  CallClients& call_clients() { return call_clients_; }
  // Handles on keys.
  KeyPool& keys() { return *keys_; }
  // Data types.
  TypeTable& types() { return *types_; }
  Defragmenter& defragmenter() { return *defragmenter_; }
  SharedFunctions& shared_functions() { return *shared_functions_; }

  // Rises with whatever a module's call may have done to the keyspace: what a module's key knew of
  // its entry is then looked up again.
  uint64_t keyspace_stamp() const { return keyspace_stamp_; }
  void TouchKeyspace() { ++keyspace_stamp_; }

  // Nothing can be changed: a key is about to go, and modules look at it. Gives what held before.
  bool set_read_only(bool read_only) { return std::exchange(read_only_, read_only); }
  bool read_only() const { return read_only_; }

  // Calls a module's code outside of commands: `code` gets a context. The module is null where the
  // code was registered through a context that is nobody's. What it replicates is one unit.
  void CallBack(Module* module, absl::FunctionRef<void(RedisModuleCtx&)> code);
  // Within the outermost unit of a module's work outside of commands: what was put off to its end.
  void RunUnitEnd();
  // Work of the loop that no request has begun (a timer, an arriving message): the time that is
  // seen is refreshed before, and who waited for a key that is there now is served after.
  void RunOutsideRequests(absl::FunctionRef<void()> work);

 private:
  absl::Status Open(Module& module);
  absl::Status CallOnLoad(Module& module, const LoadRequest& request);
  // Takes back all that the module has registered and closes its library.
  void Discard(Module& module);

  Host host_;
  absl::flat_hash_map<std::string, void*> functions_;
  std::vector<std::unique_ptr<Module>> loaded_;
  std::vector<std::unique_ptr<Module>> gone_;  // Their commands may still be named.
  Module* loading_ = nullptr;
  bool starting_ = false;
  std::vector<std::pair<std::string, std::string>>* given_configs_ = nullptr;
  ArgFrames arg_frames_;
  CallClients call_clients_;
  std::unique_ptr<KeyPool> keys_;
  TypeTable* types_ = nullptr;            // Among parts_.
  Defragmenter* defragmenter_ = nullptr;  // Too, as those below.
  SharedFunctions* shared_functions_ = nullptr;
  std::vector<std::unique_ptr<ModulePart>> parts_;
  absl::flat_hash_map<std::type_index, ModulePart*> parts_by_type_;
  uint64_t keyspace_stamp_ = 0;
  bool read_only_ = false;
  bool has_child_ = false;
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_MODULES_H_
