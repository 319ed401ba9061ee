// Which clients CLIENT LIST shows and CLIENT KILL closes: filters as word pairs, all of which must
// match.
//
// Pure; views point into the request's words.
#ifndef SLOTMESH_NODE_COMMANDS_CLIENT_FILTER_H_
#define SLOTMESH_NODE_COMMANDS_CLIENT_FILTER_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "node/command/client.h"

namespace slotmesh::node {

enum class ClientType : uint8_t { kNormal = 0, kReplica = 1, kPubSub = 2, kPrimary = 3 };

struct ClientFilter {
  absl::flat_hash_set<uint64_t> ids;  // Empty: any.
  std::optional<ClientType> type;
  std::optional<std::string_view> user;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<int64_t> min_age_seconds;
  std::optional<bool> skip_me;

  // "ID id [id ...]", "TYPE t", "USER u", "ADDR a", "LADDR a", "SKIPME yes|no", "MAXAGE s" in any
  // order. An error is a wire error (errors.h).
  // `is_user`: there is a user of that name.
  static absl::StatusOr<ClientFilter> Parse(Args words,
                                            absl::FunctionRef<bool(std::string_view)> is_user);

  bool Matches(const Client& client, int64_t now_ms) const;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_CLIENT_FILTER_H_
