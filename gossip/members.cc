#include "gossip/members.h"

#include <algorithm>
#include <utility>

#include "slots/check.h"

namespace slotmesh::gossip {

std::shared_ptr<const Members> Members::Make(std::vector<Member> members) {
  return std::shared_ptr<const Members>(new Members(std::move(members)));
}

Members::Members(std::vector<Member> members) : members_(std::move(members)) {
  std::sort(members_.begin(), members_.end(),
            [](const Member& a, const Member& b) { return a.id < b.id; });
  index_.reserve(members_.size());
  for (uint32_t i = 0; i < members_.size(); ++i) {
    CHECK(!members_[i].id.is_zero());
    CHECK(index_.emplace(members_[i].id, i).second);
  }
}

uint32_t Members::IndexOf(const slots::NodeId& id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? kNone : found->second;
}

const Member* Members::Find(const slots::NodeId& id) const {
  const uint32_t index = IndexOf(id);
  return index == kNone ? nullptr : &members_[index];
}

}  // namespace slotmesh::gossip
