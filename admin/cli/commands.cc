#include "admin/cli/commands.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "admin/cli/members.h"
#include "admin/cli/progress.h"
#include "admin/cli/render.h"

namespace slotmesh::admin {
namespace {

constexpr char kClearScreen[] = "\x1b[H\x1b[2J\x1b[3J";

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
      return kExitUsage;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitRefused;
    default:
      return kExitFailed;
  }
}

}  // namespace

int Commands::Fail(const absl::Status& status) {
  const std::string text(status.message());
  const int code = ExitCodeOf(status);
  if (json_) environment_.out(ErrorJson(text));
  environment_.err(absl::StrCat("slotmesh: ", text, "\n"));
  if (code == kExitUnreachable) {
    environment_.err(
        "Is it running? --node HOST:PORT names any member; slotmesh dev up starts a cluster on "
        "this machine.\n");
  }
  return code;
}

int Commands::Show(View view) {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  auto status = session->client->Status();
  if (!status.ok()) return Fail(status.status());
  Members(*session->auth).Complete(&*status);
  switch (view) {
    case View::kStatus:
      environment_.out(json_ ? StatusJson(*status) : StatusText(*status));
      break;
    case View::kNodes:
      environment_.out(json_ ? NodesJson(*status) : NodesText(*status));
      break;
    case View::kSlots:
      environment_.out(json_ ? SlotsJson(*status) : SlotsText(*status));
      break;
  }
  return kExitOk;
}

int Commands::AcceptEmpty() {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  const absl::Status accepted = session->client->AcceptEmpty();
  if (!accepted.ok()) return Fail(accepted);
  environment_.out(json_ ? "{\"accepted\": true}\n"
                         : "The node serves its slots from now on, without what was in them.\n");
  return kExitOk;
}

int Commands::Check() {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  const auto reply = session->client->Check();
  if (!reply.ok()) return Fail(reply.status());
  environment_.out(json_ ? CheckJson(*reply) : CheckText(*reply));
  for (const wire::Finding& finding : reply->findings()) {
    if (finding.severity() == wire::Finding::ERROR) return kExitFailed;
  }
  return kExitOk;
}

int Commands::Watch(double interval_seconds, int count) {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  wire::WatchRequest request;
  request.set_interval_ms(static_cast<uint32_t>(interval_seconds * 1000));
  int seen = 0;
  Members members(*session->auth);
  const auto status = session->client->Watch(request, [&](const wire::ClusterStatus& heard) {
    wire::ClusterStatus now = heard;
    members.Complete(&now);
    if (json_) {
      environment_.out(StatusJson(now));
    } else {
      environment_.out(absl::StrCat(environment_.out_terminal ? kClearScreen
                                    : seen > 0                ? "\n"
                                                              : "",
                                    StatusText(now)));
    }
    return ++seen != count;
  });
  return status.ok() ? kExitOk : Fail(status);
}

int Commands::Logs(int lines, bool follow) {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  wire::LogsRequest request;
  request.set_lines(static_cast<uint32_t>(lines));
  request.set_follow(follow);
  const auto status = session->client->Logs(request, [&](const wire::LogLine& line) {
    environment_.out(
        absl::StrCat(absl::FormatTime("%Y-%m-%d %H:%M:%E3S", absl::FromUnixMillis(line.unix_ms()),
                                      absl::UTCTimeZone()),
                     " ", line.level(), "  ", line.text(), "\n"));
  });
  return status.ok() ? kExitOk : Fail(status);
}

int Commands::Run(absl::FunctionRef<absl::Status(const AdminClient::OnProgress&)> call) {
  const absl::Time start = environment_.now();
  ProgressLine line(environment_.out_terminal && !json_, environment_.width, start);
  // Scripts read one JSON object from the output; what happens meanwhile goes to the error stream.
  const auto& show = json_ ? environment_.err : environment_.out;
  wire::Progress last;
  const absl::Status status = call([&](const wire::Progress& progress) {
    const std::string text = line.Update(progress, environment_.now());
    if (!text.empty()) show(text);
    last = progress;
  });
  if (const std::string end = line.Close(); !end.empty()) show(end);
  if (!status.ok()) return Fail(status);
  if (json_) environment_.out(ResultJson(last, absl::ToDoubleSeconds(environment_.now() - start)));
  return kExitOk;
}

int Commands::Create(const std::vector<std::string>& nodes, int replicas) {
  ConnectOptions connect = connect_;
  connect.node = nodes[0];
  const auto session = Connect(connect, environment_);
  if (!session.ok()) return Fail(session.status());
  wire::FormRequest request;
  request.set_replicas(static_cast<uint32_t>(replicas));
  for (size_t i = 1; i < nodes.size(); ++i) {
    auto address = LocateForJoin(nodes[i], connect_);
    if (!address.ok()) return Fail(address.status());
    *request.add_others() = *std::move(address);
  }
  return Run([&](const AdminClient::OnProgress& on_progress) {
    return session->client->Form(request, on_progress);
  });
}

bool Commands::Confirm(const std::string& question) {
  environment_.out(question + " [y/N] ");
  const std::string answer = absl::AsciiStrToLower(environment_.read_line());
  return answer == "y" || answer == "yes";
}

int Commands::Reshard(const ReshardOptions& options) {
  const bool ask = !options.yes && !options.dry_run;
  if (ask && (json_ || !environment_.in_terminal)) {
    return Fail(
        absl::InvalidArgumentError("there is no terminal to ask on: add --yes to move the slots, "
                                   "or --dry-run to see the plan"));
  }
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  const auto names = session->client->Status();
  if (!names.ok()) return Fail(names.status());
  wire::ReshardRequest request;
  request.set_to(options.to);
  request.set_slots(static_cast<uint32_t>(options.slots));
  for (const std::string& from : options.from) request.add_from(from);
  request.set_dry_run(true);
  wire::Progress plan;
  const absl::Status planned =
      session->client->Reshard(request, [&](const wire::Progress& progress) {
        if (progress.phase() == "plan") plan = progress;
      });
  if (!planned.ok()) return Fail(planned);
  if (options.dry_run && json_) environment_.out(PlanJson(plan));
  if (!json_) environment_.out(PlanText(plan, *names));
  if (options.dry_run) return kExitOk;
  if (ask && !Confirm(absl::StrCat("Move ", plan.slots_total(), " slots?"))) {
    return Fail(absl::CancelledError("nothing was moved"));
  }
  request.set_dry_run(false);
  return Run([&](const AdminClient::OnProgress& on_progress) {
    return session->client->Reshard(request, on_progress);
  });
}

int Commands::Rebalance(const std::vector<std::string>& weights, double threshold_percent,
                        bool dry_run) {
  wire::RebalanceRequest request;
  request.set_threshold_percent(threshold_percent);
  request.set_dry_run(dry_run);
  for (const std::string& text : weights) {
    wire::Weight* const weight = request.add_weights();
    const size_t equals = text.rfind('=');
    double value = 0;
    if (equals == std::string::npos || !absl::SimpleAtod(text.substr(equals + 1), &value)) {
      return Fail(
          absl::InvalidArgumentError(absl::StrCat("not a weight: ", text, " (NODE=NUMBER)")));
    }
    weight->set_node(text.substr(0, equals));
    weight->set_weight(value);
  }
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  const auto names = session->client->Status();
  if (!names.ok()) return Fail(names.status());
  bool planned = false;
  const auto rebalance = [&](const AdminClient::OnProgress& on_progress) {
    return session->client->Rebalance(request, [&](const wire::Progress& progress) {
      if (progress.phase() == "plan" && !progress.plan().empty()) {
        planned = true;
        if (json_ && dry_run) environment_.out(PlanJson(progress));
        if (!json_) environment_.out(PlanText(progress, *names));
      }
      on_progress(progress);
    });
  };
  if (!json_ || !dry_run) return Run(rebalance);
  const absl::Status status = rebalance([](const wire::Progress&) {});
  if (!status.ok()) return Fail(status);
  if (!planned) environment_.out(PlanJson(wire::Progress()));
  return kExitOk;
}

}  // namespace slotmesh::admin
