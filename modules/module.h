// One loaded module: its library, what it calls itself, and what it has registered.
//
// Made by Modules while it is loaded; its OnLoad fills it in. Engine thread only, apart from `name`
// and `id`, which stay as they are. Commands are kept here as long as the process runs, unloaded or
// not: queued transactions may name them.
#ifndef SLOTMESH_MODULES_MODULE_H_
#define SLOTMESH_MODULES_MODULE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct RedisModuleCommand;

namespace slotmesh::modules {

class Module {
 public:
  // Which header it was compiled with, as the names say that it asks for: what Redis 8 and Valkey 9
  // number differently is decided by that.
  enum class Lineage : uint8_t { kUnknown = 0, kRedis = 1, kValkey = 2 };

  // Bits of SetModuleOptions.
  static constexpr int kHandlesIoErrors = 1 << 0;
  static constexpr int kSignalsModified = 1 << 1;  // Itself: not done for it when a key is closed.
  static constexpr int kHandlesAsyncLoad = 1 << 2;
  static constexpr int kNestedNotifications = 1 << 3;

  Module(std::string library_path, std::vector<std::string> load_args);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  bool HasOption(int option) const { return (options & option) != 0; }

  const std::string path;
  std::vector<std::string> args;
  std::string name;  // Empty until SetModuleAttribs.
  int version = 0;
  int api_version = 0;
  Lineage lineage = Lineage::kUnknown;
  int options = 0;
  void* library = nullptr;  // Of dlopen; null of one that is built in.
  bool loading = true;      // OnLoad runs.
  bool unloaded = false;
  size_t categories = 0;  // Of commands, that it has added.
  int calls = 0;          // Of its code, under way on the engine thread (RM_Call's depth).
  std::vector<std::unique_ptr<RedisModuleCommand>> commands;  // Subcommands too.
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_MODULE_H_
