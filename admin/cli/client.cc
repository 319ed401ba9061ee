#include "admin/cli/client.h"

#include <grpcpp/create_channel.h>

#include <utility>

#include "admin/admin.grpc.pb.h"
#include "gossip/bus/grpc_call.h"

namespace slotmesh::admin {
namespace {

class AdminClientImpl final : public AdminClient {
 public:
  AdminClientImpl(const std::shared_ptr<grpc::Channel>& channel, bus::Authenticator* auth,
                  absl::Duration timeout)
      : stub_(wire::Admin::NewStub(channel)), auth_(*auth), timeout_(timeout) {}

  absl::StatusOr<wire::ClusterStatus> Status() override {
    return Ask<wire::ClusterStatus>("Status", &wire::Admin::Stub::Status, wire::StatusRequest());
  }
  absl::StatusOr<wire::CheckReply> Check() override {
    return Ask<wire::CheckReply>("Check", &wire::Admin::Stub::Check, wire::CheckRequest());
  }
  absl::Status AcceptEmpty() override {
    return Ask<wire::AcceptEmptyReply>("AcceptEmpty", &wire::Admin::Stub::AcceptEmpty,
                                       wire::AcceptEmptyRequest())
        .status();
  }
  absl::Status RecoverQuorum() override {
    return Ask<wire::RecoverQuorumReply>("RecoverQuorum", &wire::Admin::Stub::RecoverQuorum,
                                         wire::RecoverQuorumRequest())
        .status();
  }
  absl::Status Restart() override {
    return Ask<wire::RestartReply>("Restart", &wire::Admin::Stub::Restart, wire::RestartRequest())
        .status();
  }
  absl::Status Drain(const wire::DrainRequest& request, const OnProgress& on_progress) override {
    return Change("Drain", &wire::Admin::Stub::Drain, request, on_progress);
  }
  absl::Status Failover(const wire::FailoverRequest& request,
                        const OnProgress& on_progress) override {
    return Change("Failover", &wire::Admin::Stub::Failover, request, on_progress);
  }
  absl::StatusOr<wire::ModulesReply> Modules() override {
    return Ask<wire::ModulesReply>("Modules", &wire::Admin::Stub::Modules, wire::ModulesRequest());
  }
  absl::StatusOr<wire::LibrariesReply> Libraries() override {
    return Ask<wire::LibrariesReply>("Libraries", &wire::Admin::Stub::Libraries,
                                     wire::LibrariesRequest());
  }
  absl::StatusOr<wire::LoadLibraryReply> LoadLibrary(
      const wire::LoadLibraryRequest& request) override {
    return Ask<wire::LoadLibraryReply>("LoadLibrary", &wire::Admin::Stub::LoadLibrary, request);
  }
  absl::Status DeleteLibrary(const wire::DeleteLibraryRequest& request) override {
    return Ask<wire::DeleteLibraryReply>("DeleteLibrary", &wire::Admin::Stub::DeleteLibrary,
                                         request)
        .status();
  }
  absl::Status Watch(const wire::WatchRequest& request,
                     const std::function<bool(const wire::ClusterStatus&)>& on_status) override {
    return Read<wire::ClusterStatus>("Watch", &wire::Admin::Stub::Watch, request, on_status);
  }
  absl::Status Form(const wire::FormRequest& request, const OnProgress& on_progress) override {
    return Change("Form", &wire::Admin::Stub::Form, request, on_progress);
  }
  absl::Status AddNode(const wire::AddNodeRequest& request,
                       const OnProgress& on_progress) override {
    return Change("AddNode", &wire::Admin::Stub::AddNode, request, on_progress);
  }
  absl::Status RemoveNode(const wire::RemoveNodeRequest& request,
                          const OnProgress& on_progress) override {
    return Change("RemoveNode", &wire::Admin::Stub::RemoveNode, request, on_progress);
  }
  absl::Status Reshard(const wire::ReshardRequest& request,
                       const OnProgress& on_progress) override {
    return Change("Reshard", &wire::Admin::Stub::Reshard, request, on_progress);
  }
  absl::Status Rebalance(const wire::RebalanceRequest& request,
                         const OnProgress& on_progress) override {
    return Change("Rebalance", &wire::Admin::Stub::Rebalance, request, on_progress);
  }
  absl::Status Logs(const wire::LogsRequest& request,
                    const std::function<void(const wire::LogLine&)>& on_line) override {
    return Read<wire::LogLine>("Logs", &wire::Admin::Stub::Logs, request,
                               [&](const wire::LogLine& line) {
                                 on_line(line);
                                 return true;
                               });
  }

 private:
  std::string Prove(const char* method, grpc::ClientContext* context) {
    // The command line is no node: its id is zero.
    return bus::AddCaller(auth_, (std::string("/slotmesh.admin.wire.Admin/") + method).c_str(),
                          bus::Sender(), bus::Channel::kControl, context);
  }
  absl::Status CheckAnswer(const std::string& proof, const grpc::ClientContext& context) const {
    return bus::CheckAnswerer(auth_, bus::kProtocolVersion, proof, context).status();
  }

  template <typename Reply, typename Request, typename Method>
  absl::StatusOr<Reply> Ask(const char* name, Method method, const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                     gpr_time_from_millis(absl::ToInt64Milliseconds(timeout_), GPR_TIMESPAN)));
    const std::string proof = Prove(name, &context);
    Reply reply;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &reply);
    if (!status.ok()) return bus::FromGrpc(status);
    if (auto checked = CheckAnswer(proof, context); !checked.ok()) return checked;
    return reply;
  }

  template <typename Reply, typename Request, typename Method>
  absl::Status Read(const char* name, Method method, const Request& request,
                    const std::function<bool(const Reply&)>& on_reply) {
    grpc::ClientContext context;
    const std::string proof = Prove(name, &context);
    std::unique_ptr<grpc::ClientReader<Reply>> reader = (stub_.get()->*method)(&context, request);
    Reply reply;
    bool checked = false;
    while (reader->Read(&reply)) {
      if (!checked) {
        if (auto status = CheckAnswer(proof, context); !status.ok()) {
          context.TryCancel();
          (void)reader->Finish();
          return status;
        }
        checked = true;
      }
      if (on_reply(reply)) continue;
      context.TryCancel();
      (void)reader->Finish();
      return absl::OkStatus();
    }
    return bus::FromGrpc(reader->Finish());
  }

  template <typename Request, typename Method>
  absl::Status Change(const char* name, Method method, const Request& request,
                      const OnProgress& on_progress) {
    bool finished = false;
    const absl::Status status =
        Read<wire::Progress>(name, method, request, [&](const wire::Progress& progress) {
          finished = finished || progress.finished();
          on_progress(progress);
          return true;
        });
    if (status.ok() && !finished)
      return absl::UnavailableError("the node ended the work without a result");
    return status;
  }

  const std::unique_ptr<wire::Admin::Stub> stub_;
  bus::Authenticator& auth_;
  const absl::Duration timeout_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AdminClient>> MakeAdminClient(const std::string& bus_address,
                                                             bus::Authenticator* auth,
                                                             absl::Duration timeout) {
  auto credentials = bus::MakeChannelCredentials(auth->options());
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto channel = grpc::CreateCustomChannel(bus_address, *credentials, arguments);
  return std::make_unique<AdminClientImpl>(channel, auth, timeout);
}

}  // namespace slotmesh::admin
