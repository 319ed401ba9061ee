#include "modules/testing/families.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "modules/modules.h"
#include "node/commands/command_family.h"
#include "node/commands/generic.h"
#include "node/commands/hashes.h"
#include "node/commands/lists.h"
#include "node/commands/persistence.h"
#include "node/commands/pubsub.h"
#include "node/commands/sets.h"
#include "node/commands/streams.h"
#include "node/commands/strings.h"
#include "node/commands/testing/server_family.h"
#include "node/commands/zsets.h"

namespace slotmesh::modules {
namespace {

// What a module writes goes where the test's output goes.
class StderrLog : public node::Log {
 public:
  void Write(Severity, std::string_view text) override {
    (void)fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  }
};

// A node without files.
class NoFiles : public node::Persistence {
 public:
  absl::Status Save() override { return absl::UnimplementedError("no files"); }
  Started SaveInBackground() override { return Started::kFailed; }
  bool CancelBackgroundSave() override { return false; }
  bool has_save_points() const override { return false; }
  absl::Status Reload(const node::ReloadOptions&) override {
    return absl::UnimplementedError("no files");
  }
  node::PersistenceStatus Status() const override { return {}; }
  bool RewriteAof() override { return false; }
  absl::Status ReloadAof() override { return absl::UnimplementedError("no files"); }
  node::AofStatus StatusOfAof() const override { return {}; }
};

struct State {
  explicit State(node::TestEngine& engine)
      : modules({.engine = engine.engine(),
                 .dispatcher = engine.dispatcher(),
                 .clients = engine.clients(),
                 .settings = engine.settings(),
                 .persistence = files,
                 .log = log,
                 .post = [&engine](std::function<void()> task) { engine.Post(std::move(task)); },
                 .post_after =
                     [&engine](std::chrono::nanoseconds delay, std::function<void()> task) {
                       engine.PostAfter(delay, std::move(task));
                     },
                 .version = "1.2.3"}) {}

  StderrLog log;
  NoFiles files;
  Modules modules;
};

}  // namespace

std::vector<node::TestFamily> ModuleFamilies() {
  const auto make = [](node::TestEngine& engine) -> std::shared_ptr<void> {
    auto state = std::make_shared<State>(engine);
    return {state, &state->modules};
  };
  return {{ModuleCommands(), make}};
}

node::TestEngine::Options ModuleTestOptions() {
  node::TestEngine::Options options;
  options.config = "enable-debug-command yes\nenable-module-command yes\n";
  options.families = node::SessionFamilies();
  for (const auto rows :
       {node::CommandCommands(), node::StringCommands(), node::GenericCommands(),
        node::HashCommands(), node::SetCommands(), node::ListCommands(), node::StreamCommands(),
        node::PubSubCommands(), node::SortedSetReadCommands(), node::SortedSetWriteCommands()}) {
    options.families.push_back({.rows = rows});
  }
  for (auto& family : ModuleFamilies()) options.families.push_back(family);
  return options;
}

}  // namespace slotmesh::modules
