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

std::vector<ParkingLot::Place> ParkingLot::Take(absl::FunctionRef<bool(const Place&)> which) {
  std::vector<Place> taken;
  std::erase_if(places_, [&](const Place& place) {
    if (!which(place)) return false;
    taken.push_back(place);
    return true;
  });
  return taken;
}

void ParkingLot::Release(absl::FunctionRef<bool(const Place&)> ready) {
  for (const Place& place : Take(ready)) place.client->host()->Resume(*place.client);
}

void ParkingLot::GiveUp(absl::FunctionRef<bool(const Place&)> gives_up,
                        absl::FunctionRef<void(Client&)> refuse) {
  for (const Place& place : Take(gives_up)) {
    refuse(*place.client);
    CHECK(place.client->parked.empty());
  }
}

void ParkingLot::Forget(Client& client) {
  client.parked = OwnedArgs();
  std::erase_if(places_, [&](const Place& place) { return place.client == &client; });
}

}  // namespace slotmesh::node
