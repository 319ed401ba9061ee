// What users were refused: the entries of ACL LOG.
//
// Engine thread only. Bounded: at most max_entries(), with texts of at most kTextMax bytes. The
// same refusal again within a minute counts in the entry that it has among the newest.
#ifndef SLOTMESH_NODE_ACL_LOG_H_
#define SLOTMESH_NODE_ACL_LOG_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "node/acl/request.h"

namespace slotmesh::node {

class AclLog {
 public:
  static constexpr size_t kTextMax = 4096;
  static constexpr int64_t kGroupMillis = 60'000;
  static constexpr size_t kNewestLookedAt = 10;

  enum class Context : uint8_t { kTopLevel = 0, kMulti = 1, kLua = 2, kModule = 3 };

  struct Event {
    AclDenial denial = AclDenial::kNone;
    Context context = Context::kTopLevel;
    std::string object;  // The command, key or channel.
    std::string user;
  };
  struct Entry {
    Event event;
    uint64_t id = 0;
    uint64_t count = 1;
    int64_t created_ms = 0;
    int64_t updated_ms = 0;
    std::string client;  // As CLIENT LIST shows it; the last one.
  };

  size_t max_entries() const { return max_entries_; }
  void set_max_entries(size_t entries) { max_entries_ = entries; }

  void Add(Event event, std::string client, int64_t now_ms);
  // Newest first.
  const std::list<Entry>& entries() const { return entries_; }
  void Clear() { entries_.clear(); }

 private:
  void Trim();

  size_t max_entries_ = 128;
  uint64_t next_id_ = 0;
  std::list<Entry> entries_;
};

// "command", "toplevel", ...: as ACL LOG says it.
std::string_view NameOf(AclDenial denial);
std::string_view NameOf(AclLog::Context context);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_ACL_LOG_H_
