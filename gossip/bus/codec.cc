#include "gossip/bus/codec.h"

#include <limits>

#include "gossip/bus/gossip.pb.h"

namespace slotmesh::bus {
namespace {

constexpr size_t kIdBytes = 20;

template <typename Id>
std::string IdBytes(const Id& id) {
  return id.is_zero() ? std::string() : std::string(id.bytes());
}

// False unless `bytes` are an id or, standing for the zero id, none.
template <typename Id>
bool ReadId(const std::string& bytes, Id* id) {
  if (bytes.empty()) return true;
  if (bytes.size() != kIdBytes) return false;
  *id = Id::FromBytes(bytes);
  return true;
}

// False if `number` does not fit the enum's byte; Validate() says whether it is a known one.
template <typename Enum>
bool ReadEnum(uint32_t number, Enum* value) {
  if (number > std::numeric_limits<uint8_t>::max()) return false;
  *value = static_cast<Enum>(number);
  return true;
}

void Write(const gossip::Beat& beat, wire::GossipBeat* out) {
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

bool Read(const wire::GossipBeat& in, gossip::Beat* beat) {
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

bool Read(const wire::GossipRecord& in, gossip::MemberRecord* record) {
  record->boot = in.boot();
  record->incarnation = in.incarnation();
  record->accuser = in.accuser();
  return ReadId(in.node(), &record->node) && ReadEnum(in.state(), &record->state);
}

}  // namespace

std::string EncodeGossip(const gossip::Message& message) {
  wire::GossipMessage out;
  out.set_kind(static_cast<uint32_t>(message.kind));
  Write(message.beat, out.mutable_beat());
  out.set_probe(message.probe);
  out.set_target(IdBytes(message.target));
  for (const gossip::MemberRecord& record : message.updates) {
    wire::GossipRecord* const update = out.add_updates();
    update->set_node(IdBytes(record.node));
    update->set_boot(record.boot);
    update->set_incarnation(record.incarnation);
    update->set_state(static_cast<uint32_t>(record.state));
    update->set_accuser(record.accuser);
  }
  for (const uint64_t digest : message.buckets) out.add_buckets(digest);
  out.set_wanted_buckets(message.wanted_buckets);
  return out.SerializeAsString();
}

absl::StatusOr<gossip::Message> DecodeGossip(std::string_view bytes) {
  wire::GossipMessage in;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError("no gossip message");
  }
  gossip::Message message;
  bool fits = ReadEnum(in.kind(), &message.kind) && Read(in.beat(), &message.beat) &&
              ReadId(in.target(), &message.target);
  message.probe = in.probe();
  message.wanted_buckets = in.wanted_buckets();
  message.updates.resize(in.updates_size());
  for (int i = 0; i < in.updates_size(); ++i)
    fits = fits && Read(in.updates(i), &message.updates[i]);
  message.buckets.assign(in.buckets().begin(), in.buckets().end());
  if (!fits) return absl::InvalidArgumentError("an id or a number has a wrong size");
  if (auto status = gossip::Validate(message); !status.ok()) return status;
  return message;
}

}  // namespace slotmesh::bus
