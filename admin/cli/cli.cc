#include "admin/cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "admin/cli/commands.h"
#include "admin/cli/completion.h"
#include "admin/cli/dev.h"

namespace slotmesh::admin {
namespace {

constexpr char kFooter[] = R"(
Nodes are named by HOST:PORT (their client port), by id, or by the start of an id.
The secret comes from --secret-file, else SLOTMESH_SECRET, else the node itself (its
CONFIG GET cluster-secret).

Exit codes:
  0  done
  1  not done, or check found errors
  2  wrong arguments
  3  no node answered
  4  not let in: secret, password or certificates)";

// The arguments as read. One object for all subcommands; each uses its part.
struct Arguments {
  ConnectOptions connect;
  std::string output = "table";
  bool json = false;
  DevOptions dev;
  std::vector<std::string> nodes;
  std::string node;
  int replicas = 0;
  std::string replica_of;
  std::string successor;
  bool force = false;
  bool yes = false;
  bool accept_data_loss = false;
  Commands::RestartOptions restart;
  bool dry_run = false;
  Commands::ReshardOptions reshard;
  std::vector<std::string> weights;
  double threshold_percent = 2;
  double interval_seconds = 1;
  int count = 0;
  int lines = 100;
  bool follow = false;
  std::string shell;
  std::string file;
  bool fix = false;
  std::string truncate_to;
  std::string library;
  bool replace = false;
};

class Cli {
 public:
  explicit Cli(const CliEnvironment& environment) : environment_(environment) {
    app_.footer(kFooter);
    app_.require_subcommand(1);
    app_.fallthrough();
    AddConnectOptions();
    AddViews();
    AddChanges();
    AddMemberChanges();
    AddRecovery();
    AddFunctions();
    AddModules();
    AddDev();
    AddFileChecks();
    CLI::App* const completion = app_.add_subcommand(
        "completion", "Print a shell's completion script: eval \"$(slotmesh completion bash)\"");
    completion->add_option("shell", arguments_.shell, "bash or zsh")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh"}));
    On(completion, [this] {
      environment_.out(CompletionScript(Words(), arguments_.shell));
      return kExitOk;
    });
  }

  int Run(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 reads a vector from its end.
    try {
      app_.parse(arguments);
    } catch (const CLI::CallForHelp&) {
      environment_.out(HelpOf());
      return kExitOk;
    } catch (const CLI::ParseError& error) {
      const std::vector<std::string> unknown = app_.remaining();
      const std::string what = unknown.empty()
                                   ? error.what()
                                   : absl::StrCat("there is no command or option ", unknown[0]);
      environment_.err(
          absl::StrCat("slotmesh: ", what, "\nslotmesh --help shows what there is.\n"));
      return kExitUsage;
    }
    arguments_.json = arguments_.output == "json";
    if (arguments_.connect.login.password.empty()) {
      arguments_.connect.login.password = environment_.getenv("SLOTMESH_PASSWORD").value_or("");
    }
    return run_();
  }

 private:
  // What `subcommand` does, after everything has been read.
  void On(CLI::App* subcommand, std::function<int()> run) {
    subcommand->callback([this, run = std::move(run)] { run_ = run; });
  }
  int Report(const absl::Status& status) { return status.ok() ? kExitOk : commands_.Fail(status); }

  // The help of the subcommand that was asked about.
  std::string HelpOf() {
    CLI::App* app = &app_;
    std::string before;
    while (!app->get_subcommands().empty()) {
      before += (before.empty() ? "" : " ") + app->get_name();
      app = app->get_subcommands()[0];
      app->footer(
          "\nslotmesh --help shows the options that all commands take, and the exit codes.");
    }
    return app->help(before);
  }

  void AddConnectOptions() {
    ConnectOptions& connect = arguments_.connect;
    app_.add_option("--node", connect.node, "Any member of the cluster, by its client port")
        ->capture_default_str();
    app_.add_option("-o,--output", arguments_.output, "table or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
    app_.add_option("--secret-file", connect.secret_file,
                    "File whose first line is the cluster's secret");
    app_.add_option("--secret", connect.secret,
                    "The cluster's secret (other users can see it in the process list)");
    app_.add_option("--user", connect.login.user, "User for the node's client port");
    app_.add_option("--password", connect.login.password,
                    "Password for the node's client port (or SLOTMESH_PASSWORD)");
    app_.add_option("--bus", connect.bus,
                    "The member's bus address, instead of asking its client port");
    app_.add_option("--tls-cert", connect.tls_certificate_file, "Certificate for the bus (PEM)");
    app_.add_option("--tls-key", connect.tls_key_file, "Its key (PEM)");
    app_.add_option("--tls-ca", connect.tls_ca_file,
                    "Certificate of the cluster's authority (PEM)");
    app_.add_option("--timeout", connect.timeout_seconds, "Seconds to wait for a single answer")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
  }

  void AddViews() {
    On(app_.add_subcommand("status", "The cluster at a glance"),
       [this] { return commands_.Status(); });
    On(app_.add_subcommand("nodes", "All members"), [this] { return commands_.Nodes(); });
    On(app_.add_subcommand("slots", "Who owns which slots"), [this] { return commands_.Slots(); });
    On(app_.add_subcommand("accept-empty",
                           "Lets --node serve its slots although it came up without their data"),
       [this] { return commands_.AcceptEmpty(); });
    On(app_.add_subcommand("check", "What is wrong, and what to do about it"),
       [this] { return commands_.Check(); });
    CLI::App* const watch = app_.add_subcommand("watch", "The status, again and again");
    watch->add_option("--interval", arguments_.interval_seconds, "Seconds between two looks")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    watch->add_option("--count", arguments_.count, "Stop after so many looks (0: never)")
        ->check(CLI::NonNegativeNumber);
    On(watch, [this] { return commands_.Watch(arguments_.interval_seconds, arguments_.count); });
    CLI::App* const logs = app_.add_subcommand("logs", "A member's latest log lines");
    logs->add_option("--lines", arguments_.lines, "How many")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    logs->add_flag("-f,--follow", arguments_.follow, "And those to come");
    On(logs, [this] { return commands_.Logs(arguments_.lines, arguments_.follow); });
  }

  void AddChanges() {
    CLI::App* const create = app_.add_subcommand("create", "Form a cluster of fresh nodes");
    create->add_option("nodes", arguments_.nodes, "HOST:PORT of each node")->required();
    create->add_option("--replicas", arguments_.replicas, "Replicas for each primary")
        ->capture_default_str();
    On(create, [this] { return commands_.Create(arguments_.nodes, arguments_.replicas); });

    CLI::App* const add = app_.add_subcommand("add-node", "Join a fresh node to the cluster");
    add->add_option("new", arguments_.node, "HOST:PORT of the new node")->required();
    add->add_option("--replica-of", arguments_.replica_of,
                    "A member of the shard that it becomes a replica of (else: a primary)");
    On(add, [this] { return commands_.AddNode(arguments_.node, arguments_.replica_of); });

    CLI::App* const reshard =
        app_.add_subcommand("reshard", "Move slots to a node while clients go on");
    reshard->add_option("--to", arguments_.reshard.to, "The node that gets them")->required();
    reshard->add_option("--slots", arguments_.reshard.slots, "How many")
        ->required()
        ->check(CLI::Range(1, 16384));
    reshard
        ->add_option("--from", arguments_.reshard.from,
                     "The nodes that give them (all others, if not named)")
        ->delimiter(',');
    reshard->add_flag("--yes", arguments_.reshard.yes, "Do not ask");
    reshard->add_flag("--dry-run", arguments_.reshard.dry_run, "Show the plan only");
    On(reshard, [this] { return commands_.Reshard(arguments_.reshard); });

    CLI::App* const rebalance = app_.add_subcommand("rebalance", "Even out the slots, by weight");
    rebalance
        ->add_option("--weight", arguments_.weights,
                     "NODE=WEIGHT; 1 where none is given, 0 empties a node")
        ->delimiter(',');
    rebalance
        ->add_option("--threshold", arguments_.threshold_percent,
                     "Do nothing if no node is off by more percent")
        ->check(CLI::Range(0.0, 100.0))
        ->capture_default_str();
    rebalance->add_flag("--dry-run", arguments_.dry_run, "Show the plan only");
    On(rebalance, [this] {
      return commands_.Rebalance(arguments_.weights, arguments_.threshold_percent,
                                 arguments_.dry_run);
    });
  }

  void AddMemberChanges() {
    CLI::App* const drain = app_.add_subcommand("drain", "Move a node's slots to the other shards");
    drain->add_option("member", arguments_.node, "The node")->required();
    On(drain, [this] { return commands_.Drain(arguments_.node); });

    CLI::App* const remove = app_.add_subcommand(
        "remove-node", "Take a member out of the cluster, its slots moved to the others first");
    remove->add_option("member", arguments_.node, "The member")->required();
    On(remove, [this] { return commands_.RemoveNode(arguments_.node); });

    CLI::App* const replace = app_.add_subcommand(
        "replace-node", "Put a fresh node in a member's place, with its data and its slots");
    replace->add_option("member", arguments_.node, "The member that goes")->required();
    replace->add_option("new", arguments_.successor, "HOST:PORT of the new node")->required();
    On(replace, [this] { return commands_.ReplaceNode(arguments_.node, arguments_.successor); });

    CLI::App* const failover = app_.add_subcommand(
        "failover", "Make a replica its shard's primary, without losing a write");
    failover->add_option("member", arguments_.node, "The replica, or the primary that makes way")
        ->required();
    CLI::Option* const force = failover->add_flag(
        "--force", arguments_.force, "Do not ask the primary; what it wrote last may be lost");
    failover
        ->add_flag("--accept-data-loss", arguments_.accept_data_loss,
                   "Also where writes that were acknowledged as synced are lost")
        ->needs(force);
    On(failover, [this] {
      return commands_.Failover(arguments_.node, arguments_.force, arguments_.accept_data_loss);
    });

    CLI::App* const restart = app_.add_subcommand(
        "rolling-restart", "Restart all nodes, one by one, while clients go on");
    restart->add_option("--command", arguments_.restart.command,
                        "Shell command that restarts {host}:{port} ({id}); else the node does it "
                        "itself");
    restart->add_flag("--allow-gaps", arguments_.restart.allow_gaps,
                      "Also primaries without a replica, whose slots nobody serves meanwhile");
    restart
        ->add_option("--node-timeout", arguments_.restart.seconds_per_node,
                     "Seconds that each node has to come back")
        ->check(CLI::Range(1.0, 1e6))
        ->capture_default_str();
    On(restart, [this] { return commands_.RollingRestart(arguments_.restart); });
  }

  void AddRecovery() {
    CLI::App* const recover = app_.add_subcommand(
        "recover-quorum",
        "Let the survivors decide alone, when a majority of the voters is lost for good");
    recover->add_flag("--yes", arguments_.yes, "Do not ask");
    On(recover, [this] { return commands_.RecoverQuorum(arguments_.yes); });
  }

  void AddFunctions() {
    CLI::App* const functions =
        app_.add_subcommand("functions", "The cluster's function libraries (FUNCTION, FCALL)");
    functions->require_subcommand(1);
    CLI::App* const load = functions->add_subcommand("load", "Make a file a library on every node");
    load->add_option("file", arguments_.library, "\"#!lua name=...\" and what follows")->required();
    load->add_flag("--replace", arguments_.replace, "In place of the library of the same name");
    On(load, [this] { return commands_.LoadLibrary(arguments_.library, arguments_.replace); });
    On(functions->add_subcommand("list", "All libraries, with what --node has of them"),
       [this] { return commands_.ListLibraries(); });
    CLI::App* const remove = functions->add_subcommand("delete", "Remove a library everywhere");
    remove->add_option("name", arguments_.library, "Its name")->required();
    On(remove, [this] { return commands_.DeleteLibrary(arguments_.library); });
    On(functions->add_subcommand("diff",
                                 "Where nodes have other libraries than the cluster (exit code 1)"),
       [this] { return commands_.DiffLibraries(); });
  }

  void AddModules() {
    On(app_.add_subcommand("modules", "Which node has which module; exit code 1 where they differ"),
       [this] { return commands_.ListModules(); });
  }

  void AddDev() {
    CLI::App* const dev =
        app_.add_subcommand("dev", "A cluster on this machine, for trying things out");
    dev->require_subcommand(1);
    DevOptions& options = arguments_.dev;
    const std::string where =
        "Where its data is (default: " + DefaultDevDirectory(environment_) + ")";
    CLI::App* const up = dev->add_subcommand("up", "Start it, or find it running");
    up->add_option("--primaries", options.primaries, "How many primaries")->capture_default_str();
    up->add_option("--replicas", options.replicas, "Replicas for each primary")
        ->capture_default_str();
    up->add_option("--port", options.port, "The first node's port; the others follow")
        ->capture_default_str();
    up->add_option("--dir", options.directory, where);
    up->add_option("--server-binary", options.server_binary, "The slotmesh-node program");
    up->add_option("--server-arg", options.server_arguments, "Further argument for every node")
        ->allow_extra_args(false);
    On(up, [this] { return Report(DevUp(arguments_.dev, environment_)); });
    CLI::App* const down = dev->add_subcommand("down", "Stop it; its data stays");
    down->add_option("--dir", options.directory, where);
    down->add_flag("--wipe", options.wipe, "Remove the data too");
    On(down, [this] { return Report(DevDown(arguments_.dev, environment_)); });
  }

  void AddFileChecks() {
    CLI::App* const rdb = app_.add_subcommand("check-rdb", "Whether an RDB file is in order");
    rdb->add_option("file", arguments_.file)->required();
    On(rdb, [this] {
      return CheckFile(node::CheckTool::kRdb, "slotmesh check-rdb", {arguments_.file},
                       environment_);
    });
    CLI::App* const aof = app_.add_subcommand(
        "check-aof", "Whether append-only files are in order; mends them (no server may run)");
    aof->add_option("file", arguments_.file, "A manifest, for all that it names, or one file")
        ->required();
    CLI::Option* const fix =
        aof->add_flag("--fix", arguments_.fix, "Cut off what is not in order at the end");
    aof->add_option("--truncate-to-timestamp", arguments_.truncate_to,
                    "Cut off what was noted to be later (Unix seconds)")
        ->excludes(fix);
    On(aof, [this] {
      std::vector<std::string> words;
      if (arguments_.fix) words.push_back("--fix");
      if (!arguments_.truncate_to.empty()) {
        words.insert(words.end(), {"--truncate-to-timestamp", arguments_.truncate_to});
      }
      words.push_back(arguments_.file);
      return CheckFile(node::CheckTool::kAof, "slotmesh check-aof", words, environment_);
    });
  }

  // Every subcommand ("", "status", "dev up") with the words that may follow it.
  std::vector<CompletionEntry> Words() { return WordsOf(&app_, ""); }
  std::vector<CompletionEntry> WordsOf(CLI::App* app, const std::string& name) {
    CompletionEntry entry{name, {}};
    std::vector<CompletionEntry> entries;
    for (CLI::App* const each : app->get_subcommands([](CLI::App*) { return true; })) {
      entry.words.push_back(each->get_name());
      const auto inner =
          WordsOf(each, name.empty() ? each->get_name() : name + " " + each->get_name());
      entries.insert(entries.end(), inner.begin(), inner.end());
    }
    for (const CLI::Option* const option : app->get_options()) {
      for (const std::string& word : option->get_lnames()) entry.words.push_back("--" + word);
    }
    if (name == "completion") entry.words = {"bash", "zsh"};
    entries.insert(entries.begin(), entry);
    return entries;
  }

  const CliEnvironment& environment_;
  Arguments arguments_;
  Commands commands_{arguments_.connect, environment_, arguments_.json};
  CLI::App app_{"Forms, watches and changes slotmesh clusters.", "slotmesh"};
  std::function<int()> run_;
};

}  // namespace

int CheckFile(node::CheckTool tool, const std::string& program,
              const std::vector<std::string>& words, const CliEnvironment& environment) {
  return node::RunCheckTool(tool, program, words,
                            {.now = absl::ToUnixMillis(environment.now()),
                             .print = environment.out,
                             .read_line = environment.read_line});
}

int RunCli(std::vector<std::string> arguments, const CliEnvironment& environment) {
  return Cli(environment).Run(std::move(arguments));
}

}  // namespace slotmesh::admin
