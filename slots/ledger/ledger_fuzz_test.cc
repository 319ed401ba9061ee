// Everything of the ledger's that reads bytes from outside: entries, views, states, messages,
// consensus. What decodes must encode to the same bytes again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "slots/check.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/ledger_messages.h"
#include "slots/ledger/map_codec.h"
#include "slots/ledger/raft_types.h"
#include "slots/ledger/state.h"
#include "slots/ledger/wire.h"

namespace slotmesh::ledger {
namespace {

// Behind a checksum that fits, so that more than the checksum is tried.
std::string Sealed(std::string_view body) {
  Writer writer;
  writer.PutFixed32(static_cast<uint32_t>(Checksum(body)));
  return std::string(body) + writer.bytes();
}

void Try(uint8_t what, std::string_view body) {
  const std::string bytes = Sealed(body);
  switch (what % 7) {
    case 0:
      if (const auto entry = DecodeEntry(bytes); entry.ok()) CHECK(EncodeEntry(*entry) == bytes);
      return;
    case 1:
      if (const auto view = DecodeView(bytes); view.ok()) CHECK(EncodeView(*view) == bytes);
      return;
    case 2:
      if (const auto map = DecodeMap(bytes); map.ok()) CHECK(EncodeMap(*map) == bytes);
      return;
    case 3:
      if (const auto state = State::Restore(bytes); state.ok()) state->CheckInvariants();
      return;
    case 4:
      if (const auto message = DecodeRaftMessage(bytes); message.ok()) {
        CHECK(EncodeRaftMessage(*message) == bytes);
      }
      return;
    case 5:
      if (const auto snapshot = DecodeSnapshot(bytes); snapshot.ok()) {
        CHECK(EncodeSnapshot(*snapshot) == bytes);
      }
      return;
    default:
      (void)DecodeLedgerMessage(body);
  }
}

}  // namespace
}  // namespace slotmesh::ledger

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  slotmesh::ledger::Try(data[0], body);
  return 0;
}
