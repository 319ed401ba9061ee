// RedisModuleCommand: a command that a module has registered, with the row that it stands in the
// registry by.
//
// Owned by its Module for as long as the process runs. Its row is completed until OnLoad is over.
// Engine thread only.
#ifndef SLOTMESH_MODULES_COMMAND_H_
#define SLOTMESH_MODULES_COMMAND_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modules/module.h"
#include "modules/sdk/abi.h"
#include "node/command/command_spec.h"
#include "node/command/registry.h"

namespace slotmesh::modules {

class Modules;

// What CreateCommand's flags string says.
struct CommandWords {
  node::Flag flags = node::Flag::kNone;
  bool gets_keys = false;      // getkeys-api
  bool gets_channels = false;  // getchannels-api
  bool no_cluster = false;
};
// Nothing for a word that is none of them.
std::optional<CommandWords> ParseCommandWords(std::string_view words);

// The numbers that CreateCommand gets.
struct LegacyKeyNumbers {
  int first = 0;  // 0: none.
  int last = 0;
  int step = 0;
};

}  // namespace slotmesh::modules

struct RedisModuleCommand {
  // For whoever keeps texts that the row shows.
  std::string_view Keep(std::string_view text) { return texts.emplace_back(text); }

  slotmesh::modules::Modules* modules = nullptr;
  slotmesh::modules::Module* module = nullptr;
  RedisModuleCommand* container = nullptr;  // Of a subcommand.
  RedisModuleCmdFunc function = nullptr;    // Null: a container without a form of its own.
  slotmesh::modules::CommandWords words;
  slotmesh::node::CommandSpec row;
  const slotmesh::node::Command* command = nullptr;  // In the registry.
  bool has_info = false;                             // SetCommandInfo was called.
  std::deque<std::string> texts;                     // What the row's views show.
};

namespace slotmesh::modules {

// Registers a command of the module that is being loaded, `container`'s if that is given. Null if
// the name is not one or is taken, or the words are wrong.
RedisModuleCommand* AddCommand(Modules& modules, Module& module, RedisModuleCommand* container,
                               std::string_view name, RedisModuleCmdFunc function,
                               std::string_view words, const LegacyKeyNumbers& keys);

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_COMMAND_H_
