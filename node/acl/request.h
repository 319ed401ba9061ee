// One request as the rules of a user look at it, and what they say.
//
// A request finds its keys and channels once, when the first rule asks. Borrows all that it is made
// of. Not thread-safe.
#ifndef SLOTMESH_NODE_ACL_REQUEST_H_
#define SLOTMESH_NODE_ACL_REQUEST_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "node/resp/args.h"
#include "slots/key_spec.h"

namespace slotmesh::node {

// Why a request is refused. A higher one tells more: some rules would allow what stands below it.
enum class AclDenial : uint8_t { kNone = 0, kCommand = 1, kKey = 2, kAuth = 3, kChannel = 4 };

struct AclVerdict {
  AclDenial denial = AclDenial::kNone;
  size_t word = 0;  // The key or channel that is not allowed.

  bool allowed() const { return denial == AclDenial::kNone; }
  friend bool operator==(const AclVerdict&, const AclVerdict&) = default;
};

// What is done with a key's value, as patterns of keys tell it apart.
enum class AclAccess : uint8_t { kNone = 0, kRead = 1, kWrite = 2, kBoth = 3 };
constexpr AclAccess operator|(AclAccess a, AclAccess b) {
  return static_cast<AclAccess>(static_cast<uint8_t>(a) | static_cast<uint8_t>(b));
}
constexpr bool Covers(AclAccess granted, AclAccess wanted) {
  return (static_cast<uint8_t>(wanted) & ~static_cast<uint8_t>(granted)) == 0;
}
AclAccess AccessOf(slots::KeyFlag flags);

class AclRequest {
 public:
  struct Command {
    uint32_t id = 0;              // As AclCommands has it.
    bool is_for_anybody = false;  // AUTH and its like: no rule forbids it.
    absl::Span<const slots::KeySpec> specs;
    slots::GetKeysFunction get_keys = nullptr;
    slots::GetKeysFunction get_channels = nullptr;  // Null: the specs tell them.
  };

  AclRequest(const Command& command, Args args) : command_(command), args_(args) {}

  const Command& command() const { return command_; }
  Args args() const { return args_; }
  const slots::KeyRefs& keys();
  // Those that are subscribed to or published on.
  const slots::KeyRefs& channels();

 private:
  Command command_;
  Args args_;
  bool has_keys_ = false;
  bool has_channels_ = false;
  slots::KeyRefs keys_;
  slots::KeyRefs channels_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_ACL_REQUEST_H_
