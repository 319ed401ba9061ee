// The file of users: whatever it holds is read or refused, and what was read is written back the
// same.
#include <cstdint>
#include <string_view>

#include "node/acl/fake_commands.h"
#include "node/acl/users_text.h"
#include "slots/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace slotmesh::node;
  const FakeAclCommands commands;
  const AclEnvironment environment{commands};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<std::vector<AclUser>> read = ReadUsers(text, "users.acl", environment);
  if (!read.ok()) return 0;
  AclUsers users(environment);
  for (const AclUser& user : *read) users.Put(user);
  const std::string written = WriteUsers(users);
  const absl::StatusOr<std::vector<AclUser>> again = ReadUsers(written, "again", environment);
  CHECK(again.ok());
  for (const AclUser& user : *again) {
    CHECK(user.Describe() == users.Find(user.name())->Describe());
  }
  return 0;
}
