// One member of a sorted set with its score, in one allocation: score, length, bytes. 14 bytes of
// member take 23.
//
// Made by ScoreSet, which owns it; tables and trees point to it.
#ifndef SLOTMESH_NODE_DATA_SCORED_MEMBER_H_
#define SLOTMESH_NODE_DATA_SCORED_MEMBER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace slotmesh::node {

struct ScoredMember {
  // Longer ones have their length in 8 bytes behind this mark.
  static constexpr size_t kShortMax = 254;

  double score;
  uint8_t short_length;
  char rest[];

  static constexpr size_t kHeader = sizeof(double) + 1;
  static size_t SizeFor(size_t length) {
    return kHeader + (length <= kShortMax ? 0 : sizeof(uint64_t)) + length;
  }
  size_t size() const { return SizeFor(member().size()); }

  std::string_view member() const {
    if (short_length <= kShortMax) [[likely]]
      return {rest, short_length};
    uint64_t length;
    std::memcpy(&length, rest, sizeof(length));
    return {rest + sizeof(length), static_cast<size_t>(length)};
  }
  // REQUIRES: room for SizeFor(bytes.size()).
  void Set(double new_score, std::string_view bytes) {
    score = new_score;
    char* to = rest;
    short_length = static_cast<uint8_t>(bytes.size());
    if (bytes.size() > kShortMax) {
      short_length = kShortMax + 1;
      const uint64_t length = bytes.size();
      std::memcpy(to, &length, sizeof(length));
      to += sizeof(length);
    }
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  }
};

// Order of sorted sets: by score, then by bytes. Negative, 0 or positive.
inline int CompareScored(double score, std::string_view member, const ScoredMember& other) {
  if (score != other.score) return score < other.score ? -1 : 1;
  return member.compare(other.member());
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_SCORED_MEMBER_H_
