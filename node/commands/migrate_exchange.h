// What one MIGRATE says to its target on a connection, and what the target's replies mean, as a
// step machine: bytes out, bytes in.
//
//   1. AUTH and SELECT, where they are needed. Nothing else is sent until both are accepted, so
//   that
//      no key ends in a database that was not meant. A refusal ends the exchange.
//   2. RESTORE (RESTORE-ASKING in a cluster) of key after key. Values are asked for when there is
//      room to send them, so that at most about kFillBytes and one value wait in memory. A key that
//      has gone meanwhile is left out.
//
// Replies come in the order of the requests. Those after the first error count too: what the target
// has taken, it has. Thread-compatible; owns all it needs.
#ifndef SLOTMESH_NODE_COMMANDS_MIGRATE_EXCHANGE_H_
#define SLOTMESH_NODE_COMMANDS_MIGRATE_EXCHANGE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "node/resp/reply_reader.h"

namespace slotmesh::node {

class MigrateExchange {
 public:
  static constexpr size_t kFillBytes = 256 << 10;

  struct Login {
    std::string user;  // Empty: the default one.
    std::string password;
  };
  struct Wish {
    std::optional<Login> login;
    std::optional<int64_t> select;
    bool asking = false;
    bool replace = false;
    std::vector<std::string> keys;
  };
  struct Value {
    std::string payload;  // As DUMP gives it.
    int64_t ttl_ms = 0;   // 0: it does not expire.
  };
  // False if the key is not there.
  using ReadValue = absl::FunctionRef<bool(const std::string& key, Value* value)>;

  explicit MigrateExchange(Wish wish);

  // Appends what may be sent now until *out has kFillBytes.
  void Fill(ReadValue read, std::string* out);
  // Appends to *taken the keys that the target has confirmed. False if the bytes are not what a
  // target says: the connection is of no more use.
  bool OnBytes(std::string_view bytes, std::vector<std::string>* taken);

  // Nothing is left to say, and all is answered.
  bool done() const { return to_send_.empty() && open_.empty() && greetings_ == 0 && greeted_; }
  bool any_reply() const { return any_reply_; }
  // The first error of the target; empty if there was none.
  const std::string& error() const { return error_; }

 private:
  void Greet(std::string* out);
  bool OnReply(const ReplyValue& reply, std::vector<std::string>* taken);

  Wish wish_;
  std::deque<std::string> to_send_;
  std::deque<std::string> open_;  // Sent and not answered.
  int greetings_ = 0;             // AUTH and SELECT, not answered.
  bool greeted_ = false;          // They were sent.
  bool any_reply_ = false;
  std::string error_;
  ReplyReader reader_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_MIGRATE_EXCHANGE_H_
