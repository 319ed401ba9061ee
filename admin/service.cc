#include "admin/service.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "admin/admin.grpc.pb.h"
#include "admin/check.h"
#include "admin/operations.h"
#include "admin/wire.h"
#include "gossip/bus/grpc_call.h"
#include "slots/strings.h"

namespace slotmesh::admin {
namespace {

constexpr uint32_t kPortMax = 65535;
// A library's texts have to reach the voters.
constexpr absl::Duration kLibrariesTimeout = absl::Seconds(30);

absl::StatusOr<NodeAddress> FromWire(const wire::Address& address) {
  if (address.host().empty() || address.port() == 0 || address.port() > kPortMax ||
      address.bus_port() > kPortMax) {
    return absl::InvalidArgumentError(
        StrCat("not a node's address: ", address.host(), ":", address.port()));
  }
  return NodeAddress{address.host(), static_cast<uint16_t>(address.port()),
                     static_cast<uint16_t>(address.bus_port())};
}

class AdminServiceImpl final : public AdminService, public wire::Admin::Service {
 public:
  AdminServiceImpl(ClusterControl* control, bus::Authenticator* auth, AdminServiceOptions options)
      : control_(*control), auth_(*auth), options_(std::move(options)) {}

  grpc::Service* service() override { return this; }
  void Stop() override { stopping_ = true; }
  uint64_t refused() const override { return refused_; }

  grpc::Status Status(grpc::ServerContext* context, const wire::StatusRequest*,
                      wire::ClusterStatus* reply) override {
    return Run(context, "Status", [&] { return Fill(reply); });
  }

  grpc::Status Watch(grpc::ServerContext* context, const wire::WatchRequest* request,
                     grpc::ServerWriter<wire::ClusterStatus>* writer) override {
    return Run(context, "Watch", [&]() -> absl::Status {
      const absl::Duration every =
          std::max(kWatchEveryMin, absl::Milliseconds(request->interval_ms()));
      for (;;) {
        wire::ClusterStatus status;
        if (auto filled = Fill(&status); !filled.ok()) return filled;
        if (!writer->Write(status) || !Rest(context, every)) return absl::OkStatus();
      }
    });
  }

  grpc::Status AcceptEmpty(grpc::ServerContext* context, const wire::AcceptEmptyRequest*,
                           wire::AcceptEmptyReply*) override {
    return Run(context, "AcceptEmpty", [&] { return control_.AcceptEmpty(); });
  }

  grpc::Status RecoverQuorum(grpc::ServerContext* context, const wire::RecoverQuorumRequest*,
                             wire::RecoverQuorumReply*) override {
    return Run(context, "RecoverQuorum", [&] { return control_.RecoverQuorum(kStepTimeout); });
  }

  grpc::Status Restart(grpc::ServerContext* context, const wire::RestartRequest*,
                       wire::RestartReply*) override {
    return Run(context, "Restart", [&] { return control_.Restart(); });
  }

  grpc::Status Check(grpc::ServerContext* context, const wire::CheckRequest*,
                     wire::CheckReply* reply) override {
    return Run(context, "Check", [&]() -> absl::Status {
      const auto view = control_.View();
      if (view.ok()) *reply = ToWire(*view, admin::Check(*view));
      return view.status();
    });
  }

  grpc::Status Form(grpc::ServerContext* context, const wire::FormRequest* request,
                    grpc::ServerWriter<wire::Progress>* writer) override {
    return Change(context, "Form", writer, [&](Operations& operations) -> absl::Status {
      std::vector<NodeAddress> others;
      for (const wire::Address& address : request->others()) {
        const auto other = FromWire(address);
        if (!other.ok()) return other.status();
        others.push_back(*other);
      }
      return operations.Form(others, static_cast<int>(request->replicas()));
    });
  }

  grpc::Status AddNode(grpc::ServerContext* context, const wire::AddNodeRequest* request,
                       grpc::ServerWriter<wire::Progress>* writer) override {
    return Change(context, "AddNode", writer, [&](Operations& operations) {
      const auto node = FromWire(request->node());
      return node.ok() ? operations.AddNode(*node, request->replica_of()) : node.status();
    });
  }

  grpc::Status RemoveNode(grpc::ServerContext* context, const wire::RemoveNodeRequest* request,
                          grpc::ServerWriter<wire::Progress>* writer) override {
    return Change(context, "RemoveNode", writer,
                  [&](Operations& operations) { return operations.RemoveNode(request->node()); });
  }

  grpc::Status Drain(grpc::ServerContext* context, const wire::DrainRequest* request,
                     grpc::ServerWriter<wire::Progress>* writer) override {
    return Change(context, "Drain", writer,
                  [&](Operations& operations) { return operations.Drain(request->node()); });
  }

  grpc::Status Failover(grpc::ServerContext* context, const wire::FailoverRequest* request,
                        grpc::ServerWriter<wire::Progress>* writer) override {
    return Change(context, "Failover", writer, [&](Operations& operations) {
      return operations.Failover(request->force(), request->accept_data_loss());
    });
  }

  grpc::Status Reshard(grpc::ServerContext* context, const wire::ReshardRequest* request,
                       grpc::ServerWriter<wire::Progress>* writer) override {
    return Change(context, "Reshard", writer, [&](Operations& operations) {
      const int slots =
          static_cast<int>(std::min<uint32_t>(request->slots(), slots::kSlotCount + 1));
      return operations.Reshard(request->to(), slots,
                                {request->from().begin(), request->from().end()},
                                request->dry_run());
    });
  }

  grpc::Status Rebalance(grpc::ServerContext* context, const wire::RebalanceRequest* request,
                         grpc::ServerWriter<wire::Progress>* writer) override {
    return Change(context, "Rebalance", writer, [&](Operations& operations) {
      std::vector<std::pair<std::string, double>> weights;
      for (const wire::Weight& weight : request->weights())
        weights.emplace_back(weight.node(), weight.weight());
      return operations.Rebalance(weights, request->threshold_percent(), request->dry_run());
    });
  }

  grpc::Status Libraries(grpc::ServerContext* context, const wire::LibrariesRequest*,
                         wire::LibrariesReply* reply) override {
    return Run(context, "Libraries", [&]() -> absl::Status {
      const auto libraries = control_.Libraries();
      if (libraries.ok()) *reply = ToWire(*libraries);
      return libraries.status();
    });
  }

  grpc::Status Modules(grpc::ServerContext* context, const wire::ModulesRequest*,
                       wire::ModulesReply* reply) override {
    return Run(context, "Modules", [&]() -> absl::Status {
      const auto modules = control_.Modules();
      if (modules.ok()) *reply = ToWire(*modules);
      return modules.status();
    });
  }

  grpc::Status LoadLibrary(grpc::ServerContext* context, const wire::LoadLibraryRequest* request,
                           wire::LoadLibraryReply* reply) override {
    return Run(context, "LoadLibrary", [&]() -> absl::Status {
      auto name = control_.LoadLibrary(request->text(), request->replace(), kLibrariesTimeout);
      if (name.ok()) reply->set_name(*std::move(name));
      return name.status();
    });
  }

  grpc::Status DeleteLibrary(grpc::ServerContext* context,
                             const wire::DeleteLibraryRequest* request,
                             wire::DeleteLibraryReply*) override {
    return Run(context, "DeleteLibrary",
               [&] { return control_.DeleteLibrary(request->name(), kLibrariesTimeout); });
  }

  grpc::Status Logs(grpc::ServerContext* context, const wire::LogsRequest* request,
                    grpc::ServerWriter<wire::LogLine>* writer) override {
    return Run(context, "Logs", [&] {
      size_t limit = std::clamp<size_t>(request->lines(), 1, kLogLinesMax);
      for (uint64_t after = 0;; limit = kLogLinesMax) {
        for (const LogEntry& entry : control_.Logs(after, limit)) {
          after = entry.number;
          wire::LogLine line;
          line.set_unix_ms(absl::ToUnixMillis(entry.time));
          line.set_level(entry.level);
          line.set_text(entry.text);
          if (!writer->Write(line)) return absl::OkStatus();
        }
        if (!request->follow() || !Rest(context, kWatchEveryMin)) return absl::OkStatus();
      }
    });
  }

 private:
  absl::Status Fill(wire::ClusterStatus* status) {
    const auto view = control_.View();
    if (view.ok()) *status = ToWire(*view);
    return view.status();
  }

  // False if the caller has gone or the service stops meanwhile.
  bool Rest(grpc::ServerContext* context, absl::Duration duration) {
    const absl::Time end = options_.now() + duration;
    while (!stopping_ && !context->IsCancelled()) {
      const absl::Duration left = end - options_.now();
      if (left <= absl::ZeroDuration()) return true;
      options_.sleep(std::min(left, kWatchEveryMin));
    }
    return false;
  }

  // Checks the caller and the number of calls, then runs `call`.
  template <typename Call>
  grpc::Status Run(grpc::ServerContext* context, const char* method, Call call) {
    const auto caller =
        bus::CheckCaller(auth_, StrCat("/slotmesh.admin.wire.Admin/", method).c_str(),
                         bus::kProtocolVersion, *context);
    if (!caller.ok()) {
      ++refused_;
      return bus::ToGrpc(caller.status());
    }
    bus::AddAnswerer(auth_, options_.self(), *caller, context);
    grpc::Status status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                        "too many administrative calls at a time");
    if (++calls_ <= kAdminCallsMax) status = bus::ToGrpc(call());
    --calls_;
    return status;
  }

  template <typename Body>
  grpc::Status Change(grpc::ServerContext* context, const char* method,
                      grpc::ServerWriter<wire::Progress>* writer, Body body) {
    return Run(context, method, [&]() -> absl::Status {
      if (changing_.exchange(true)) {
        return absl::FailedPreconditionError(
            "this node is already changing the cluster for somebody: wait until that is done "
            "(slotmesh watch)");
      }
      bool gone = false;
      Operations operations(
          control_, {.now = options_.now,
                     .sleep = options_.sleep,
                     .cancelled = [&] { return gone || stopping_ || context->IsCancelled(); },
                     .report =
                         [&](const ProgressReport& report) {
                           const auto view = control_.View();
                           const auto map = view.ok() ? view->map : slots::SlotMap::Empty();
                           if (!writer->Write(ToWire(report, *map))) gone = true;
                         }});
      const absl::Status status = body(operations);
      changing_ = false;
      return status;
    });
  }

  ClusterControl& control_;
  bus::Authenticator& auth_;
  const AdminServiceOptions options_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> changing_ = false;
  std::atomic<int> calls_ = 0;
  std::atomic<uint64_t> refused_ = 0;
};

}  // namespace

std::unique_ptr<AdminService> MakeAdminService(ClusterControl* control, bus::Authenticator* auth,
                                               AdminServiceOptions options) {
  return std::make_unique<AdminServiceImpl>(control, auth, std::move(options));
}

}  // namespace slotmesh::admin
