#include "gossip/bus/gossip_codec.h"

#include "gossip/bus/gossip.pb.h"

namespace slotmesh::bus {
namespace {

constexpr size_t kIdBytes = 20;

template <typename Id>
std::string IdBytes(const Id& id) {
  return id.is_zero() ? std::string() : std::string(id.bytes());
}

// False unless `bytes` is an id, or nothing for the zero id.
template <typename Id>
bool ReadId(const std::string& bytes, Id* id) {
  if (bytes.empty()) return true;
  if (bytes.size() != kIdBytes) return false;
  *id = Id::FromBytes(bytes);
  return true;
}

void WriteBeat(const gossip::Beat& beat, wire::Beat* out) {
  out->set_node(IdBytes(beat.node));
  out->set_boot(beat.boot);
  out->set_incarnation(beat.incarnation);
  out->set_number(beat.number);
  out->set_ledger_term(beat.ledger_term);
  out->mutable_map()->set_log(IdBytes(beat.map.log));
  out->mutable_map()->set_generation(beat.map.generation);
  out->mutable_map()->set_sequence(beat.map.sequence);
  out->set_map_digest(beat.map_digest);
  out->set_view_digest(beat.view_digest);
  out->set_replication_offset(beat.replication_offset);
  out->set_load_permille(beat.load_permille);
}

bool ReadBeat(const wire::Beat& in, gossip::Beat* beat) {
  beat->boot = in.boot();
  beat->incarnation = in.incarnation();
  beat->number = in.number();
  beat->ledger_term = in.ledger_term();
  beat->map.generation = in.map().generation();
  beat->map.sequence = in.map().sequence();
  beat->map_digest = in.map_digest();
  beat->view_digest = in.view_digest();
  beat->replication_offset = in.replication_offset();
  beat->load_permille = in.load_permille();
  return ReadId(in.node(), &beat->node) && ReadId(in.map().log(), &beat->map.log);
}

}  // namespace

std::string EncodeGossip(const gossip::Message& message) {
  wire::Gossip out;
  out.set_kind(static_cast<uint32_t>(message.kind));
  WriteBeat(message.beat, out.mutable_beat());
  out.set_probe(message.probe);
  out.set_target(IdBytes(message.target));
  for (const gossip::MemberRecord& record : message.updates) {
    wire::MemberRecord* update = out.add_updates();
    update->set_node(IdBytes(record.node));
    update->set_boot(record.boot);
    update->set_incarnation(record.incarnation);
    update->set_state(static_cast<uint32_t>(record.state));
    update->set_accuser(record.accuser);
  }
  for (const uint64_t bucket : message.buckets) out.add_buckets(bucket);
  out.set_wanted_buckets(message.wanted_buckets);
  return out.SerializeAsString();
}

absl::StatusOr<gossip::Message> DecodeGossip(std::string_view bytes) {
  wire::Gossip in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError("gossip: not a message");
  }
  if (in.kind() > UINT8_MAX) return absl::InvalidArgumentError("gossip: unknown kind");
  gossip::Message message;
  message.kind = static_cast<gossip::Kind>(in.kind());
  message.probe = in.probe();
  message.wanted_buckets = in.wanted_buckets();
  bool ids_right = ReadBeat(in.beat(), &message.beat) && ReadId(in.target(), &message.target);
  for (const wire::MemberRecord& update : in.updates()) {
    gossip::MemberRecord& record = message.updates.emplace_back();
    ids_right = ids_right && ReadId(update.node(), &record.node);
    record.boot = update.boot();
    record.incarnation = update.incarnation();
    if (update.state() > UINT8_MAX) return absl::InvalidArgumentError("gossip: unknown state");
    record.state = static_cast<gossip::State>(update.state());
    record.accuser = update.accuser();
  }
  message.buckets.assign(in.buckets().begin(), in.buckets().end());
  if (!ids_right) return absl::InvalidArgumentError("gossip: an id has a wrong length");
  const absl::Status valid = gossip::Validate(message);
  if (!valid.ok()) return valid;
  return message;
}

}  // namespace slotmesh::bus
