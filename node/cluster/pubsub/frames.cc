#include "node/cluster/pubsub/frames.h"

#include "node/cluster/little_endian.h"
#include "node/cluster/pubsub/interest.h"

namespace slotmesh::node {
namespace {

constexpr char kMessage = 1;
constexpr char kInterest = 2;
constexpr char kChange = 3;
constexpr size_t kHashBytes = 8;

void AppendText(std::string* out, std::string_view text) {
  AppendVarint(out, text.size());
  *out += text;
}

void AppendHashes(std::string* out, const std::vector<uint64_t>& hashes) {
  AppendVarint(out, hashes.size());
  for (const uint64_t hash : hashes) AppendU64(out, hash);
}

bool TakeHashes(std::string_view* bytes, std::vector<uint64_t>* hashes) {
  const std::optional<uint64_t> count = TakeVarint(bytes);
  if (!count || *count > kHashesMax || *count * kHashBytes > bytes->size()) return false;
  hashes->reserve(*count);
  for (uint64_t i = 0; i < *count; ++i) {
    hashes->push_back(LoadU64(*bytes));
    bytes->remove_prefix(kHashBytes);
  }
  return true;
}

std::string Encode(const MessageFrame& frame) {
  std::string out;
  out.reserve(frame.channel.size() + frame.message.size() + 32);
  out += kMessage;
  out += static_cast<char>(frame.kind);
  AppendVarint(&out, frame.known_version);
  AppendText(&out, frame.channel);
  AppendText(&out, frame.message);
  return out;
}

std::string Encode(const InterestFrame& frame) {
  std::string out(1, kInterest);
  AppendVarint(&out, frame.version);
  out += frame.everything ? '\1' : '\0';
  AppendHashes(&out, frame.hashes);
  AppendVarint(&out, frame.patterns.size());
  for (const std::string_view pattern : frame.patterns) AppendText(&out, pattern);
  return out;
}

std::string Encode(const ChangeFrame& frame) {
  std::string out(1, kChange);
  AppendVarint(&out, frame.before);
  AppendVarint(&out, frame.version);
  AppendHashes(&out, frame.added);
  AppendHashes(&out, frame.removed);
  return out;
}

std::optional<PubSubFrame> DecodeMessage(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  MessageFrame frame;
  const auto kind = static_cast<uint8_t>(bytes[0]);
  if (kind != static_cast<uint8_t>(ChannelKind::kChannel) &&
      kind != static_cast<uint8_t>(ChannelKind::kShard)) {
    return std::nullopt;
  }
  frame.kind = static_cast<ChannelKind>(kind);
  bytes.remove_prefix(1);
  const std::optional<uint64_t> known = TakeVarint(&bytes);
  if (!known) return std::nullopt;
  frame.known_version = *known;
  const std::optional<std::string_view> channel = TakeBytes(&bytes);
  if (!channel) return std::nullopt;
  frame.channel = *channel;
  const std::optional<std::string_view> message = TakeBytes(&bytes);
  if (!message || !bytes.empty()) return std::nullopt;
  frame.message = *message;
  return frame;
}

std::optional<PubSubFrame> DecodeInterest(std::string_view bytes) {
  InterestFrame frame;
  const std::optional<uint64_t> version = TakeVarint(&bytes);
  if (!version || bytes.empty() || static_cast<uint8_t>(bytes[0]) > 1) return std::nullopt;
  frame.version = *version;
  frame.everything = bytes[0] == 1;
  bytes.remove_prefix(1);
  if (!TakeHashes(&bytes, &frame.hashes)) return std::nullopt;
  const std::optional<uint64_t> count = TakeVarint(&bytes);
  if (!count || *count > kPatternsMax) return std::nullopt;
  for (uint64_t i = 0; i < *count; ++i) {
    const std::optional<std::string_view> pattern = TakeBytes(&bytes);
    if (!pattern) return std::nullopt;
    frame.patterns.push_back(*pattern);
  }
  if (!bytes.empty()) return std::nullopt;
  return frame;
}

std::optional<PubSubFrame> DecodeChange(std::string_view bytes) {
  ChangeFrame frame;
  const std::optional<uint64_t> before = TakeVarint(&bytes);
  if (!before) return std::nullopt;
  const std::optional<uint64_t> version = TakeVarint(&bytes);
  if (!version) return std::nullopt;
  frame.before = *before;
  frame.version = *version;
  if (!TakeHashes(&bytes, &frame.added) || !TakeHashes(&bytes, &frame.removed)) {
    return std::nullopt;
  }
  if (!bytes.empty()) return std::nullopt;
  return frame;
}

}  // namespace

std::string EncodePubSub(const PubSubFrame& frame) {
  return std::visit([](const auto& one) { return Encode(one); }, frame);
}

std::optional<PubSubFrame> DecodePubSub(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const char kind = bytes[0];
  bytes.remove_prefix(1);
  if (kind == kMessage) return DecodeMessage(bytes);
  if (kind == kInterest) return DecodeInterest(bytes);
  if (kind == kChange) return DecodeChange(bytes);
  return std::nullopt;
}

}  // namespace slotmesh::node
