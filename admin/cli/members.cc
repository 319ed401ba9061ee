#include "admin/cli/members.h"

#include <thread>
#include <utility>
#include <vector>

#include "admin/cli/locate.h"

namespace slotmesh::admin {

void Members::Ask(wire::Node* node, AdminClient& client) {
  const auto answer = client.Status();
  if (!answer.ok()) return;
  for (const wire::Node& own : answer->nodes()) {
    if (!own.myself() || own.id() != node->id()) continue;
    node->set_measured(true);
    node->set_version(own.version());
    node->set_keys(own.keys());
    node->set_memory_bytes(own.memory_bytes());
    node->set_clients(own.clients());
    node->set_commands_per_second(own.commands_per_second());
  }
}

AdminClient* Members::ClientOf(const wire::Node& node) {
  const std::string address = ToText({node.host(), static_cast<uint16_t>(node.bus_port())});
  std::unique_ptr<AdminClient>& client = clients_[address];
  if (client == nullptr) {
    auto made = MakeAdminClient(address, &auth_, kTimeout);
    if (!made.ok()) return nullptr;
    client = *std::move(made);
  }
  return client.get();
}

absl::Status Members::With(const wire::Node& node,
                           absl::FunctionRef<absl::Status(AdminClient&)> call) {
  AdminClient* const client = ClientOf(node);
  if (client != nullptr) return call(*client);
  const HostPort address{node.host(), static_cast<uint16_t>(node.port())};
  return absl::UnavailableError(ToText(address) + " cannot be reached");
}

template <typename Reply>
std::vector<Members::Answer<Reply>> Members::AskAll(
    const wire::ClusterStatus& status, absl::StatusOr<Reply> (AdminClient::*question)(),
    bool online_only) {
  std::vector<Answer<Reply>> members;
  for (const wire::Node& node : status.nodes()) {
    const bool asked = !online_only || node.health() == "online";
    if (asked && node.bus_port() != 0) members.push_back({.node = &node});
  }
  std::vector<std::thread> askers;
  for (Answer<Reply>& member : members) {
    AdminClient* const client = ClientOf(*member.node);
    if (client == nullptr) continue;
    askers.emplace_back([&member, client, question] { member.reply = (client->*question)(); });
  }
  for (std::thread& asker : askers) asker.join();
  return members;
}

std::vector<Members::MemberLibraries> Members::AskLibraries(const wire::ClusterStatus& status) {
  return AskAll(status, &AdminClient::Libraries);
}

std::vector<Members::Answer<wire::ClusterStatus>> Members::AskStatus(
    const wire::ClusterStatus& status) {
  return AskAll(status, &AdminClient::Status, /*online_only=*/false);
}

std::vector<Members::MemberModules> Members::AskModules(const wire::ClusterStatus& status) {
  return AskAll(status, &AdminClient::Modules);
}

void Members::Complete(wire::ClusterStatus* status) {
  std::vector<std::thread> askers;
  for (wire::Node& node : *status->mutable_nodes()) {
    if (node.measured() || node.health() != "online" || node.bus_port() == 0) continue;
    AdminClient* const client = ClientOf(node);
    if (client == nullptr) continue;
    askers.emplace_back([this, &node, client] { Ask(&node, *client); });
  }
  for (std::thread& asker : askers) asker.join();
}

}  // namespace slotmesh::admin
