#include "node/cluster/pubsub/interest.h"

#include <algorithm>

#include "node/data/hash.h"
#include "node/resp/glob.h"

namespace slotmesh::node {

uint64_t ChannelHash(ChannelKind kind, std::string_view name) {
  return HashBytes(name, /*seed=*/static_cast<uint64_t>(kind));
}

bool Interest::Wants(ChannelKind kind, std::string_view channel) const {
  if (everything || hashes.contains(ChannelHash(kind, channel))) return true;
  return kind == ChannelKind::kChannel &&
         std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return GlobMatches(pattern, channel); });
}

bool OwnInterest::Change(ChannelKind kind, std::string_view name, bool present, uint64_t* hash) {
  *hash = 0;
  if (kind == ChannelKind::kPattern) {
    if (present) {
      patterns_.emplace(name);
      pattern_bytes_ += name.size();
    } else {
      patterns_.erase(std::string(name));
      pattern_bytes_ -= name.size();
    }
    return true;
  }
  *hash = ChannelHash(kind, name);
  if (present) return ++counts_[*hash] == 1;
  const auto found = counts_.find(*hash);
  if (--found->second > 0) return false;
  counts_.erase(found);
  return true;
}

}  // namespace slotmesh::node
