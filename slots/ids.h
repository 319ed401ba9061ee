// Names of things that a cluster agrees on: slots, nodes, shards, processes, logs.
//
// Plain values: copyable, comparable, hashable; safe to use from any thread. Node and shard ids are
// 160 random bits, written as 40 lower-case hex digits, as Redis Cluster writes them.
#ifndef SLOTMESH_SLOTS_IDS_H_
#define SLOTMESH_SLOTS_IDS_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/random/bit_gen_ref.h"

namespace slotmesh::slots {

using Slot = uint16_t;
inline constexpr int kSlotCount = 16384;

// 160 bits, told apart by Tag so that a node's id cannot stand where a shard's is meant.
template <typename Tag>
class Id160 {
 public:
  static constexpr int kHexLength = 40;

  constexpr Id160() = default;  // The zero id: "none".
  static Id160 Random(absl::BitGenRef random);
  // Absent unless `hex` is exactly 40 hex digits of either case.
  static std::optional<Id160> FromHex(std::string_view hex);
  // REQUIRES: bytes.size() == 20.
  static Id160 FromBytes(std::string_view bytes);

  std::string ToHex() const;
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  bool is_zero() const { return *this == Id160(); }

  // The order of the bytes, which is also that of ToHex().
  friend auto operator<=>(const Id160&, const Id160&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Id160& id) {
    return H::combine(std::move(h), id.bytes());
  }

 private:
  std::array<unsigned char, 20> bytes_{};
};

struct NodeTag;
struct ShardTag;
struct LogTag;
struct PlanTag;
struct LibraryTag;
using NodeId = Id160<NodeTag>;
using ShardId = Id160<ShardTag>;
using LogId = Id160<LogTag>;
using PlanId = Id160<PlanTag>;  // A planned move of slots.
// A function library's text: the first 160 bits of its SHA-256.
using LibraryDigest = Id160<LibraryTag>;

// New at each start of a process (SAFETY 1). 0 is "none".
using BootId = uint64_t;
// A shard's epoch: rises with each change of its primary (SAFETY 3).
using Epoch = uint64_t;

extern template class Id160<NodeTag>;
extern template class Id160<ShardTag>;
extern template class Id160<LogTag>;
extern template class Id160<PlanTag>;
extern template class Id160<LibraryTag>;

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_IDS_H_
