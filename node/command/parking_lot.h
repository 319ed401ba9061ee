// Clients whose request waits for a condition and then runs again from its start.
//
// A parked client's later requests wait too, so its order is kept; the loop goes on. Engine thread
// only.
#ifndef SLOTMESH_NODE_COMMAND_PARKING_LOT_H_
#define SLOTMESH_NODE_COMMAND_PARKING_LOT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "node/command/client.h"

namespace slotmesh::node {

enum class ParkReason : uint8_t {
  kPause = 0,       // CLIENT PAUSE
  kFence = 1,       // Its slot is about to change hands (SAFETY 20, 22).
  kSavedValue = 2,  // A big value is half saved (DESIGN section 5).
  kHeldKey = 3,     // A key of it is on the way to another server (HeldKeys).
};

class ParkingLot {
 public:
  struct Place {
    Client* client = nullptr;
    ParkReason reason = ParkReason::kPause;
    int slot = -1;  // Of a fence; -1: waits until there is no fence at all.
    int64_t since_ms = 0;
  };

  // Keeps a copy of the request in client.parked. REQUIRES: the client is not parked and has a
  // host.
  void Park(Client& client, Args args, ParkReason reason, int slot, int64_t now_ms);
  // Resumes, in the order of arrival, those of whom `ready` says so.
  void Release(absl::FunctionRef<bool(const Place&)> ready);
  // Takes out, in the order of arrival, those of whom `gives_up` says so, for `refuse` to answer:
  // it empties client.parked and resumes the client.
  void GiveUp(absl::FunctionRef<bool(const Place&)> gives_up,
              absl::FunctionRef<void(Client&)> refuse);
  // The client is going away.
  void Forget(Client& client);

  size_t size() const { return places_.size(); }

 private:
  std::vector<Place> Take(absl::FunctionRef<bool(const Place&)> which);

  std::vector<Place> places_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_PARKING_LOT_H_
