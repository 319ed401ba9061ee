// What each subcommand does, once the arguments are read. Each prints its result and returns an
// exit code.
#ifndef SLOTMESH_ADMIN_CLI_COMMANDS_H_
#define SLOTMESH_ADMIN_CLI_COMMANDS_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "admin/cli/client.h"
#include "admin/cli/environment.h"
#include "admin/cli/session.h"

namespace slotmesh::admin {

enum ExitCode {
  kExitOk = 0,
  kExitFailed = 1,       // Not done, or `check` found errors.
  kExitUsage = 2,        // Wrong arguments, or something that cannot be asked for.
  kExitUnreachable = 3,  // No node answered.
  kExitRefused = 4,      // Secret, password or certificates.
};

class Commands {
 public:
  // Both outlive this.
  Commands(const ConnectOptions& connect, const CliEnvironment& environment, const bool& json)
      : connect_(connect), environment_(environment), json_(json) {}

  int Status() { return Show(View::kStatus); }
  int Nodes() { return Show(View::kNodes); }
  int Slots() { return Show(View::kSlots); }
  int Check();
  int AcceptEmpty();
  int Watch(double interval_seconds, int count);  // count 0: until interrupted.
  int Logs(int lines, bool follow);
  int Create(const std::vector<std::string>& nodes, int replicas);
  struct ReshardOptions {
    std::string to;
    int slots = 0;
    std::vector<std::string> from;
    bool yes = false;
    bool dry_run = false;
  };
  int Reshard(const ReshardOptions& options);
  // Weights are "NODE=WEIGHT".
  int Rebalance(const std::vector<std::string>& weights, double threshold_percent, bool dry_run);

  // Single members (member_commands.cc).
  int AddNode(const std::string& node, const std::string& replica_of);
  int Drain(const std::string& node);
  int RemoveNode(const std::string& node);
  int ReplaceNode(const std::string& old_name, const std::string& new_address);
  // `name`: a replica, or a primary whose best replica is meant.
  int Failover(const std::string& name, bool force, bool accept_data_loss);
  struct RestartOptions {
    std::string command;  // Instead of asking the node itself; {host}, {port}, {id}.
    bool allow_gaps = false;
    double seconds_per_node = 600;
  };
  int RollingRestart(const RestartOptions& options);
  int RecoverQuorum(bool yes);

  // modules_commands.cc.
  int ListModules();

  // Function libraries (functions_commands.cc).
  int LoadLibrary(const std::string& file, bool replace);
  int ListLibraries();
  int DeleteLibrary(const std::string& name);
  // kExitFailed if a member runs anything but the cluster's libraries, or does not answer.
  int DiffLibraries();

  // Prints the error with what to do next.
  int Fail(const absl::Status& status);

 private:
  enum class View { kStatus, kNodes, kSlots };
  int Show(View view);
  bool Confirm(const std::string& question);
  // Shows progress and result of the call.
  int Run(absl::FunctionRef<absl::Status(const AdminClient::OnProgress&)> call);

  const ConnectOptions& connect_;
  const CliEnvironment& environment_;
  const bool& json_;
};

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_COMMANDS_H_
