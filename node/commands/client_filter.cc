#include "node/commands/client_filter.h"

#include "node/acl/user.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
using IsUser = absl::FunctionRef<bool(std::string_view)>;

struct TypeName {
  std::string_view name;
  ClientType type;
};
constexpr TypeName kTypeNames[] = {
    {"normal", ClientType::kNormal},   {"replica", ClientType::kReplica},
    {"slave", ClientType::kReplica},   {"pubsub", ClientType::kPubSub},
    {"primary", ClientType::kPrimary}, {"master", ClientType::kPrimary},
};

std::optional<ClientType> TypeOf(std::string_view name) {
  for (const TypeName& entry : kTypeNames) {
    if (EqualsIgnoreCase(entry.name, name)) return entry.type;
  }
  return std::nullopt;
}

// The ids that stand at the front of `words`, at least one. How many words they took.
absl::StatusOr<size_t> ParseIds(Args words, absl::flat_hash_set<uint64_t>* ids) {
  size_t taken = 0;
  for (; taken < words.size(); ++taken) {
    const std::optional<int64_t> id = ParseInt64(words[taken]);
    if (!id.has_value() || *id < 1) {
      if (taken > 0 && !id.has_value()) break;
      return WireStatus("ERR client-id should be greater than 0");
    }
    ids->insert(static_cast<uint64_t>(*id));
  }
  return taken;
}

absl::StatusOr<int64_t> ParseMaxAge(std::string_view word) {
  const std::optional<int64_t> seconds = ParseInt64(word);
  if (!seconds.has_value()) return WireStatus("ERR maxage is not an integer or out of range");
  if (*seconds <= 0) return WireStatus("ERR maxage should be greater than 0");
  return *seconds;
}

// One option with one value.
absl::Status ParseOption(std::string_view option, std::string_view value, IsUser is_user,
                         ClientFilter* filter) {
  if (EqualsIgnoreCase(option, "TYPE")) {
    filter->type = TypeOf(value);
    if (filter->type.has_value()) return absl::OkStatus();
    return WireStatus(StrCat("ERR Unknown client type '", value, "'"));
  }
  if (EqualsIgnoreCase(option, "USER")) {
    filter->user = value;
    if (is_user(value)) return absl::OkStatus();
    return WireStatus(StrCat("ERR No such user '", value, "'"));
  }
  if (EqualsIgnoreCase(option, "ADDR")) {
    filter->address = value;
    return absl::OkStatus();
  }
  if (EqualsIgnoreCase(option, "LADDR")) {
    filter->local_address = value;
    return absl::OkStatus();
  }
  if (EqualsIgnoreCase(option, "SKIPME")) {
    filter->skip_me = EqualsIgnoreCase(value, "yes");
    if (*filter->skip_me || EqualsIgnoreCase(value, "no")) return absl::OkStatus();
    return WireStatus(errors::kSyntax);
  }
  if (EqualsIgnoreCase(option, "MAXAGE")) {
    const absl::StatusOr<int64_t> seconds = ParseMaxAge(value);
    if (seconds.ok()) filter->min_age_seconds = *seconds;
    return seconds.status();
  }
  return WireStatus(errors::kSyntax);
}

}  // namespace

absl::StatusOr<ClientFilter> ClientFilter::Parse(Args words, IsUser is_user) {
  ClientFilter filter;
  for (size_t i = 0; i < words.size();) {
    if (i + 1 >= words.size()) return WireStatus(errors::kSyntax);
    if (EqualsIgnoreCase(words[i], "ID")) {
      const absl::StatusOr<size_t> taken = ParseIds(words.subspan(i + 1), &filter.ids);
      if (!taken.ok()) return taken.status();
      i += 1 + *taken;
      continue;
    }
    const absl::Status status = ParseOption(words[i], words[i + 1], is_user, &filter);
    if (!status.ok()) return status;
    i += 2;
  }
  return filter;
}

bool ClientFilter::Matches(const Client& client, int64_t now_ms) const {
  if (!ids.empty() && !ids.contains(client.id())) return false;
  // There are no other connections yet than those of clients.
  const ClientType own = client.is_primary                 ? ClientType::kPrimary
                         : client.is_replica               ? ClientType::kReplica
                         : client.subscriptions != nullptr ? ClientType::kPubSub
                                                           : ClientType::kNormal;
  if (type.has_value() && *type != own) return false;
  if (user.has_value() && (client.user == nullptr || client.user->name() != *user)) return false;
  if (address.has_value() && client.address != *address) return false;
  if (local_address.has_value() && client.local_address != *local_address) return false;
  if (min_age_seconds.has_value() &&
      (now_ms - client.created_ms) / kMillisPerSecond < *min_age_seconds) {
    return false;
  }
  return true;
}

}  // namespace slotmesh::node
