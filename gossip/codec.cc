#include "gossip/codec.h"

#include <limits>
#include <utility>

#include "gossip/gossip.pb.h"

namespace slotmesh::gossip {
namespace {

constexpr size_t kIdBytes = 20;

template <typename Id>
std::string IdBytes(const Id& id) {
  return id.is_zero() ? std::string() : std::string(id.bytes());
}

// False if `bytes` are neither an id nor empty.
template <typename Id>
bool ReadId(const std::string& bytes, Id* id) {
  if (bytes.size() == kIdBytes) *id = Id::FromBytes(bytes);
  return bytes.empty() || bytes.size() == kIdBytes;
}

void WriteBeat(const Beat& beat, wire::Beat* out) {
  out->set_node(IdBytes(beat.node));
  out->set_boot(beat.boot);
  out->set_incarnation(beat.incarnation);
  out->set_number(beat.number);
  out->set_ledger_term(beat.ledger_term);
  wire::MapVersion* map = out->mutable_map();
  map->set_log(IdBytes(beat.map.log));
  map->set_generation(beat.map.generation);
  map->set_sequence(beat.map.sequence);
  out->set_map_digest(beat.map_digest);
  out->set_view_digest(beat.view_digest);
  out->set_replication_offset(beat.replication_offset);
  out->set_load_permille(beat.load_permille);
}

bool ReadBeat(const wire::Beat& in, Beat* beat) {
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

// An enum's number as this process knows it; 0, which none has, for what does not fit.
template <typename Enum>
Enum ReadEnum(uint32_t number) {
  return static_cast<Enum>(number > std::numeric_limits<uint8_t>::max() ? 0 : number);
}

bool ReadRecord(const wire::Record& in, MemberRecord* record) {
  record->boot = in.boot();
  record->incarnation = in.incarnation();
  record->state = ReadEnum<State>(in.state());
  record->accuser = in.accuser();
  return ReadId(in.node(), &record->node);
}

}  // namespace

std::string Encode(const Message& message) {
  wire::Message out;
  out.set_kind(static_cast<uint32_t>(message.kind));
  WriteBeat(message.beat, out.mutable_beat());
  out.set_probe(message.probe);
  out.set_target(IdBytes(message.target));
  for (const MemberRecord& record : message.updates) {
    wire::Record* update = out.add_updates();
    update->set_node(IdBytes(record.node));
    update->set_boot(record.boot);
    update->set_incarnation(record.incarnation);
    update->set_state(static_cast<uint32_t>(record.state));
    update->set_accuser(record.accuser);
  }
  out.mutable_buckets()->Add(message.buckets.begin(), message.buckets.end());
  out.set_wanted_buckets(message.wanted_buckets);
  return out.SerializeAsString();
}

absl::StatusOr<Message> Decode(std::string_view bytes) {
  wire::Message in;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError("not a gossip message");
  }
  if (static_cast<size_t>(in.updates_size()) > kSyncRecordsMax ||
      in.buckets_size() > kBucketCount) {
    return absl::InvalidArgumentError("a list is too long");
  }
  Message message;
  message.kind = ReadEnum<Kind>(in.kind());
  message.probe = in.probe();
  message.wanted_buckets = in.wanted_buckets();
  bool ids_fit = ReadBeat(in.beat(), &message.beat) && ReadId(in.target(), &message.target);
  message.updates.resize(in.updates_size());
  for (int i = 0; i < in.updates_size(); ++i) {
    ids_fit &= ReadRecord(in.updates(i), &message.updates[i]);
  }
  if (!ids_fit) return absl::InvalidArgumentError("an id has not 20 bytes");
  message.buckets.assign(in.buckets().begin(), in.buckets().end());
  absl::Status status = Validate(message);
  if (!status.ok()) return status;
  return message;
}

}  // namespace slotmesh::gossip
