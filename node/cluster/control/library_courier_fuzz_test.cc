// What other nodes ask about function libraries: any bytes.
#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "gossip/sim/disk.h"
#include "node/cluster/control/library_courier.h"
#include "slots/check.h"
#include "slots/ledger/log_disk_sim.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace slotmesh;  // NOLINT: a program of one function.
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  sim::SimDisk disk{sim::Random(1)};
  ledger::SimLogDisk folder{disk};
  std::vector<std::string> notes;
  const auto store = *node::LibraryStore::Open(folder, &notes);
  std::mt19937_64 random(1);
  node::LibraryCourier courier(*store, random);
  const ledger::View view;
  node::LibraryCourier::Own own;
  own.view = &view;
  if (size > 21) own.log = slots::LogId::FromBytes(bytes.substr(1, 20));
  absl::Status final;
  courier.AnswerKeep(own, absl::UnixEpoch(), bytes, &final).IgnoreError();
  CHECK(final.ok());
  CHECK_LE(store->bytes(), size);
  courier.AnswerGet(bytes).IgnoreError();
  return 0;
}
