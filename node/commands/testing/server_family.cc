#include "node/commands/testing/server_family.h"

#include <memory>
#include <utility>

#include "node/command/access_control.h"
#include "node/commands/acl.h"
#include "node/commands/client.h"
#include "node/commands/connection.h"
#include "node/commands/server.h"
#include "node/commands/transactions.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

class FakeControl : public ServerControl {
 public:
  explicit FakeControl(FakeClock& clock) : clock_(clock) {}

  void Shutdown() override {}
  void Sleep(int64_t micros) override { clock_.wall_micros += micros; }
  void SetActiveExpiry(bool) override {}
  void SetTimerPaused(bool) override {}
  uint64_t lazyfree_pending() const override { return 0; }
  uint64_t lazyfreed() const override { return 0; }
  void ResetLazyfreed() override {}
  void SetReplyIdle(std::optional<int64_t>) override {}
  int port() const override { return 6379; }

 private:
  FakeClock& clock_;
};

// Remembers that it was asked to save; there are no files.
class FakePersistence : public Persistence {
 public:
  explicit FakePersistence(TestEngine& engine) : engine_(engine) {}

  absl::Status Save() override {
    status_.last_save_s = engine_.clock().wall_micros / 1'000'000;
    ++status_.saves;
    return absl::OkStatus();
  }
  Started SaveInBackground() override {
    return std::exchange(status_.saving, true) ? Started::kAlreadySaving : Started::kYes;
  }
  bool CancelBackgroundSave() override { return std::exchange(status_.saving, false); }
  bool has_save_points() const override { return false; }
  absl::Status Reload(const ReloadOptions&) override { return absl::OkStatus(); }
  PersistenceStatus Status() const override { return status_; }
  bool RewriteAof() override { return !std::exchange(rewriting_, true); }
  absl::Status ReloadAof() override { return absl::OkStatus(); }
  AofStatus StatusOfAof() const override { return {.rewriting = rewriting_}; }

 private:
  TestEngine& engine_;
  PersistenceStatus status_;
  bool rewriting_ = false;
};

class NoLog : public Log {
 public:
  void Write(Severity, std::string_view) override {}
};

struct ServerState {
  explicit ServerState(TestEngine& engine)
      : control(engine.clock()),
        persistence(engine),
        shutdown({.engine = engine.engine(),
                  .persistence = persistence,
                  .log = log,
                  .exit = [](bool) {}}),
        family{.dispatcher = engine.dispatcher(),
               .settings = engine.settings(),
               .clients = engine.clients(),
               .control = control,
               .persistence = persistence,
               .log = log,
               .memory_limit = engine.memory_limit(),
               .client_limit = engine.client_limit(),
               .shutdown = shutdown,
               .identity = {.version = "0.0.0",
                            .executable = "/usr/bin/slotmesh-node",
                            .run_id = std::string(40, 'a'),
                            .start_ms = FakeClock::kStartMicros / 1000}} {}

  FakeControl control;
  FakePersistence persistence;
  NoLog log;
  ShutdownSequence shutdown;
  ServerFamily family;
};

std::shared_ptr<void> MakeServer(TestEngine& engine) {
  auto state = std::make_shared<ServerState>(engine);
  return {state, &state->family};
}

struct AclState {
  NoLog log;
  AclFamily family{log};
};

std::shared_ptr<void> MakeAcl(TestEngine& engine) {
  engine.engine().access.set_describe_client(
      [](Client& client) { return StrCat("id=", client.id(), " name=", client.name); });
  auto state = std::make_shared<AclState>();
  return {state, &state->family};
}

}  // namespace

std::vector<TestFamily> SessionFamilies() {
  return {
      {TransactionCommands(),
       [](TestEngine& engine) {
         return std::make_shared<TransactionFamily>(TransactionFamily{engine.dispatcher()});
       }},
      {ConnectionCommands(),
       [](TestEngine& engine) {
         return std::make_shared<ConnectionFamily>(ConnectionFamily{engine.dispatcher()});
       }},
      {ClientCommands(),
       [](TestEngine& engine) {
         return std::make_shared<ClientFamily>(ClientFamily{engine.clients()});
       }},
      {AclCommandRows(), &MakeAcl},
      {ServerPlainCommands(), &MakeServer},
      {ServerContainerCommands(), &MakeServer},
  };
}

}  // namespace slotmesh::node
