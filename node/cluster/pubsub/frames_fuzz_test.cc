// Whatever a peer sends is read or refused; what was read means the same when it is sent on.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "node/cluster/pubsub/frames.h"
#include "slots/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto frame = slotmesh::node::DecodePubSub({reinterpret_cast<const char*>(data), size});
  if (!frame.has_value()) return 0;
  const std::string bytes = slotmesh::node::EncodePubSub(*frame);
  const auto again = slotmesh::node::DecodePubSub(bytes);
  CHECK(again.has_value());
  CHECK(slotmesh::node::EncodePubSub(*again) == bytes);
  return 0;
}
