// The golden scripts of REPLICAOF, REPLCONF, PSYNC, ROLE, WAIT and WAITAOF, on a node whose
// connections never come about.
#include "node/commands/strings.h"
#include "node/commands/testing/script_runner.h"
#include "node/commands/testing/server_family.h"
#include "node/replication/replication.h"

namespace slotmesh::node {
namespace {

class NoNetwork : public PeerNetwork {
 public:
  std::unique_ptr<PeerConnection> Connect(const std::string&, uint16_t,
                                          PeerConnection::Listener&) override {
    return std::make_unique<Nothing>();
  }

 private:
  class Nothing : public PeerConnection {
   public:
    void Send(std::string) override {}
    void EndSending() override {}
  };
};

class NoLog : public Log {
 public:
  void Write(Severity, std::string_view) override {}
};

class NoData : public CopiedData {
 public:
  absl::Status BeginReplacing(const std::string&, bool) override { return absl::OkStatus(); }
  absl::StatusOr<bool> StepReplacing() override { return true; }
  absl::StatusOr<FileNotes> EndReplacing(bool) override { return FileNotes(); }
  void AbortReplacing() override {}
  RdbNotes NotesOfNow() const override { return {}; }
  uint64_t synced_offset() const override { return 0; }
  AofStatus StatusOfAof() const override { return {}; }
};

struct Alone {
  explicit Alone(TestEngine& engine)
      : snapshots(engine.engine().keyspace, engine.engine().journal),
        replication({.engine = engine.engine(),
                     .dispatcher = engine.dispatcher(),
                     .clients = engine.clients(),
                     .snapshots = snapshots,
                     .settings = engine.settings(),
                     .network = network,
                     .log = log,
                     .data = data,
                     .post = [](const std::function<void()>&) {},
                     .port = [] { return 6379; }}) {}

  Snapshots snapshots;
  NoNetwork network;
  NoLog log;
  NoData data;
  Replication replication;
};

}  // namespace
}  // namespace slotmesh::node

int main(int argc, char** argv) {
  using namespace slotmesh::node;
  TestEngine::Options options{.families = SessionFamilies()};
  options.families.push_back({.rows = StringCommands()});
  options.families.push_back({ReplicationCommands(), [](TestEngine& engine) {
                                auto state = std::make_shared<Alone>(engine);
                                return std::shared_ptr<void>(state, &state->replication);
                              }});
  return RunScriptTests(argc, argv, options);
}
