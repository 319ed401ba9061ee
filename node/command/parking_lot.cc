#include "node/command/parking_lot.h"

#include <algorithm>

#include "slots/check.h"

namespace slotmesh::node {

void ParkingLot::Park(Client& client, Args args, ParkReason reason, int slot, int64_t now_ms) {
  CHECK(client.parked.empty());
  CHECK(client.host() != nullptr);
  client.parked = OwnedArgs(args);
  places_.push_back({&client, reason, slot, now_ms});
}

void ParkingLot::Release(absl::FunctionRef<bool(const Place&)> ready) {
  std::vector<Place> released;
  std::erase_if(places_, [&](const Place& place) {
    if (!ready(place)) return false;
    released.push_back(place);
    return true;
  });
  for (const Place& place : released) place.client->host()->Resume(*place.client);
}

void ParkingLot::Forget(Client& client) {
  client.parked = OwnedArgs();
  std::erase_if(places_, [&](const Place& place) { return place.client == &client; });
}

}  // namespace slotmesh::node
