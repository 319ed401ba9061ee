#include "node/cluster/migration/frames.h"

#include "node/cluster/little_endian.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kIdBytes = 20;
static_assert(kFrameHeaderBytes == 2 + kIdBytes + sizeof(uint64_t));

}  // namespace

std::string EncodeFrame(const MigrationFrame& frame) {
  std::string payload;
  payload.reserve(kFrameHeaderBytes + frame.bytes.size());
  payload += static_cast<char>(kFrameVersion);
  payload += static_cast<char>(frame.kind);
  payload += frame.plan.bytes();
  AppendU64(&payload, frame.offset);
  payload += frame.bytes;
  return payload;
}

absl::StatusOr<MigrationFrame> DecodeFrame(std::string_view payload) {
  if (payload.size() < kFrameHeaderBytes) {
    return absl::InvalidArgumentError(
        StrCat("a migration frame of ", payload.size(), " bytes is too short"));
  }
  const auto version = static_cast<uint8_t>(payload[0]);
  if (version != kFrameVersion) {
    return absl::UnimplementedError(StrCat("migration frame of version ", int{version}));
  }
  const auto kind = static_cast<uint8_t>(payload[1]);
  if (kind < static_cast<uint8_t>(FrameKind::kBegin) ||
      kind > static_cast<uint8_t>(FrameKind::kGiven)) {
    return absl::UnimplementedError(StrCat("migration frame of kind ", int{kind}));
  }
  MigrationFrame frame;
  frame.kind = static_cast<FrameKind>(kind);
  frame.plan = slots::PlanId::FromBytes(payload.substr(2, kIdBytes));
  frame.offset = LoadU64(payload.substr(2 + kIdBytes));
  frame.bytes = payload.substr(kFrameHeaderBytes);
  if (frame.kind != FrameKind::kData && frame.bytes.size() > kStopReasonMax) {
    return absl::InvalidArgumentError("a migration frame without data is too long");
  }
  return frame;
}

}  // namespace slotmesh::node
