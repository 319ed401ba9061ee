// Slot maps for the tests of administration.
#ifndef SLOTMESH_ADMIN_TESTING_H_
#define SLOTMESH_ADMIN_TESTING_H_

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "slots/check.h"
#include "slots/ids.h"
#include "slots/slot_map.h"
#include "slots/slot_set.h"

namespace slotmesh::admin {

// Node and shard number n have ids of bytes n; node n listens on port 7000 + n - 1.
inline slots::NodeId TestNode(int number) {
  return slots::NodeId::FromBytes(std::string(20, static_cast<char>(number * 0x11)));
}
inline slots::ShardId TestShard(int number) {
  return slots::ShardId::FromBytes(std::string(20, static_cast<char>(0xa0 + number)));
}

// One primary for each entry, with these slots; the data may be changed before Build().
inline slots::SlotMapData TestMapData(const std::vector<std::string>& slots_of_shards) {
  slots::SlotMapData data;
  data.version = {
      .log = slots::LogId::FromBytes(std::string(20, '\xee')), .generation = 0, .sequence = 12};
  data.current_epoch = slots_of_shards.size();
  for (size_t i = 0; i < slots_of_shards.size(); ++i) {
    const int number = static_cast<int>(i) + 1;
    data.nodes.push_back({.id = TestNode(number),
                          .shard = TestShard(number),
                          .ip = "127.0.0.1",
                          .port = static_cast<uint16_t>(7000 + i),
                          .bus_port = static_cast<uint16_t>(17000 + i),
                          .http_port = static_cast<uint16_t>(37000 + i),
                          .voter = true});
    data.shards.push_back({.id = TestShard(number),
                           .epoch = i + 1,
                           .primary = TestNode(number),
                           .primary_boot = 1,
                           .in_sync = {TestNode(number)},
                           .slots = *slots::SlotSet::Parse(slots_of_shards[i])});
  }
  return data;
}

inline std::shared_ptr<const slots::SlotMap> TestMap(slots::SlotMapData data) {
  const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
  std::sort(data.nodes.begin(), data.nodes.end(), by_id);
  std::sort(data.shards.begin(), data.shards.end(), by_id);
  auto map = slots::SlotMap::Build(std::move(data));
  CHECK(map.ok());
  return *std::move(map);
}
inline std::shared_ptr<const slots::SlotMap> TestMap(
    const std::vector<std::string>& slots_of_shards) {
  return TestMap(TestMapData(slots_of_shards));
}

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_TESTING_H_
