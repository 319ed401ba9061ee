// DUMP payloads: a value's type byte and body, then two bytes RDB version and eight bytes CRC-64,
// both little-endian. What DUMP, RESTORE, MIGRATE and slot migration carry.
//
// Pure functions; safe from any thread.
#ifndef SLOTMESH_NODE_CODEC_DUMP_H_
#define SLOTMESH_NODE_CODEC_DUMP_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "node/codec/rdb_format.h"

namespace slotmesh::node {

inline constexpr size_t kDumpFooterSize = 10;

struct DumpedValue {
  RdbType type = RdbType::kString;
  std::string_view body;  // Of the payload: type and footer are cut off.
  uint16_t version = 0;
};

// Appends the footer to a type byte and body that the caller has written with RdbWriter.
void SealDump(std::string* payload);

// What stands before the footer, which may be nothing. Checks length, version (1 to 11) and
// checksum. Error as of OpenDump.
absl::StatusOr<std::string_view> OpenSealed(std::string_view payload, uint16_t* version);

// Checks length, version (1 to 11) and checksum. Error: the text that RESTORE replies,
// errors::kBadPayload without its code. The type may be one that nobody can load.
absl::StatusOr<DumpedValue> OpenDump(std::string_view payload);

// The whole way for strings.
std::string DumpString(std::string_view value, bool compress = true);
std::string DumpInteger(int64_t value);
// REQUIRES: value.type == RdbType::kString. Error for a malformed body.
absl::StatusOr<std::string> LoadString(const DumpedValue& value);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CODEC_DUMP_H_
