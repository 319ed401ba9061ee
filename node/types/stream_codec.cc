// The stream as the engine sees every value: freeing, measuring, writing, loading.
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "node/codec/rdb_writer.h"
#include "node/types/stream.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

const Stream& AsStream(const Object& object) { return static_cast<const Stream&>(object); }

void WriteId(RdbWriter& writer, StreamId id) {
  writer.Length(id.ms);
  writer.Length(id.seq);
}

std::string_view RawId(StreamId id, char* room) {
  EncodeStreamId(id, room);
  return {room, kStreamIdBytes};
}

StreamId Further(const SerialPlace& place) { return {place.further[0], place.further[1]}; }

void SetFurther(StreamId id, SerialPlace* place) {
  place->further[0] = id.ms;
  place->further[1] = id.seq;
}

// True when all are written.
bool WriteBlocks(const Stream& stream, SerialPlace* place, size_t bytes, RdbWriter& writer) {
  char room[kStreamIdBytes];
  const size_t begin = writer.size();
  auto at = stream.blocks().begin();
  if (std::exchange(place->begun, true)) {
    at = stream.blocks().upper_bound(Further(*place));
  } else {
    writer.Length(stream.blocks().size());
  }
  for (; at != stream.blocks().end() && writer.size() - begin < bytes; ++at) {
    const auto& [id, block] = *at;
    writer.String(RawId(id, room));
    writer.String(block.pack().raw());
    SetFurther(id, place);
  }
  return at == stream.blocks().end();
}

void WriteHeader(const Stream& stream, RdbWriter& writer) {
  writer.Length(stream.size());
  WriteId(writer, stream.last_id());
  WriteId(writer, stream.first_id());
  WriteId(writer, stream.max_deleted_id());
  writer.Length(stream.entries_added());
  writer.Length(stream.groups().size());
}

// A group's own facts and what is pending in it. True when all is written.
bool WritePending(const std::string& name, const StreamGroup& group, SerialPlace* place,
                  size_t bytes, RdbWriter& writer) {
  char room[kStreamIdBytes];
  const size_t begin = writer.size();
  auto at = group.pending().begin();
  if (std::exchange(place->begun, true)) {
    at = group.pending().upper_bound(Further(*place));
  } else {
    writer.String(name);
    WriteId(writer, group.last_id);
    writer.Length(static_cast<uint64_t>(group.entries_read));
    writer.Length(group.pending().size());
    SetFurther({}, place);
  }
  for (; at != group.pending().end() && writer.size() - begin < bytes; ++at) {
    const auto& [id, pending] = *at;
    writer.Raw(RawId(id, room));
    writer.Millis(pending.delivered_ms);
    writer.Length(pending.deliveries);
    SetFurther(id, place);
  }
  return at == group.pending().end();
}

// The consumers, each with what is pending for it. place->at is the one that was begun last. True
// when all are written.
bool WriteConsumers(const StreamGroup& group, SerialPlace* place, size_t bytes, RdbWriter& writer) {
  char room[kStreamIdBytes];
  const size_t begin = writer.size();
  const StreamGroup::Consumers& consumers = group.consumers();
  auto at = consumers.begin();
  if (std::exchange(place->begun, true)) {
    at = consumers.find(static_cast<const StreamConsumer*>(place->at)->name);
  } else {
    writer.Length(consumers.size());
    place->at = nullptr;
  }
  for (; at != consumers.end(); ++at) {
    const StreamConsumer& consumer = *at->second;
    if (std::exchange(place->at, &consumer) != &consumer) {
      writer.String(consumer.name);
      writer.Millis(consumer.seen_ms);
      writer.Length(consumer.pending.size());
      SetFurther({}, place);
    }
    auto id = consumer.pending.upper_bound(Further(*place));
    for (; id != consumer.pending.end() && writer.size() - begin < bytes; ++id) {
      writer.Raw(RawId(*id, room));
      SetFurther(*id, place);
    }
    const bool whole = id == consumer.pending.end();
    if (writer.size() - begin >= bytes) return whole && std::next(at) == consumers.end();
  }
  return true;
}

bool WriteOfGroup(const Stream& stream, SerialPlace* place, size_t bytes, RdbWriter& writer) {
  const auto number = static_cast<ptrdiff_t>((place->next - 1) / 2);
  const auto& [name, group] = *std::next(stream.groups().begin(), number);
  if (place->next % 2 == 1) return WritePending(name, *group, place, bytes, writer);
  return WriteConsumers(*group, place, bytes, writer);
}

}  // namespace

class StreamValueType : public ValueType {
 public:
  ValueKind kind() const override { return ValueKind::kStream; }
  std::string_view name() const override { return "stream"; }
  Encoding EncodingOf(const Object&) const override { return Encoding::kStream; }
  void Free(Object* object) const override { delete static_cast<Stream*>(object); }
  size_t FreeEffort(const Object& object) const override {
    const Stream& stream = AsStream(object);
    size_t effort = stream.blocks().size() + stream.groups().size();
    for (const auto& [name, group] : stream.groups()) {
      effort += group->pending().size() + group->consumers().size();
    }
    return effort;
  }
  Object* Copy(const Object& object) const override { return AsStream(object).Copy(); }
  RdbType RdbTypeOf(const Object&) const override { return RdbType::kStreamListpacks2; }
  size_t MemoryUsage(const Object& object, size_t samples) const override {
    return AsStream(object).MemoryUsage(samples);
  }

  void Serialise(const Object& object, RdbWriter& writer) const override {
    SerialPlace place;
    while (!SerialisePart(object, &place, SIZE_MAX, writer)) continue;
  }

  // Blocks and the header (next is 0), then for each group what is pending and its consumers, all
  // of them as far as `further` says.
  bool SerialisePart(const Object& object, SerialPlace* place, size_t bytes,
                     RdbWriter& writer) const override {
    const Stream& stream = AsStream(object);
    if (place->next == 0) {
      if (!WriteBlocks(stream, place, bytes, writer)) return false;
      WriteHeader(stream, writer);
    } else if (!WriteOfGroup(stream, place, bytes, writer)) {
      return false;
    }
    place->begun = false;
    return place->next++ == 2 * stream.groups().size();
  }

  void Digest(const Object& object, DigestSink& sink) const override {
    ListpackText text;
    AsStream(object).Walk({}, kStreamIdMax, /*backwards=*/false,
                          [&](const StreamBlock& block, const StreamEntry& entry) {
                            // With a dot, as Redis has it.
                            sink.Ordered(absl::StrCat(entry.id.ms, ".", entry.id.seq));
                            block.ForEachPair(entry, [&](ListpackValue field, ListpackValue value) {
                              sink.Ordered(field.Text(text));
                              sink.Ordered(value.Text(text));
                            });
                            return true;
                          });
  }
};

const ValueType& StreamType() {
  static const StreamValueType type;
  return type;
}

// Reads a stream: blocks and what follows them, then group by group. Every number of parts is
// followed by parts of at least a byte, so a wrong one ends at the end of the bytes.
class StreamLoader final : public ValueLoader {
 public:
  explicit StreamLoader(RdbType form) : form_(form) {}

  bool Add(RdbReader& part) override {
    while (!complete() && !part.at_end()) {
      if (!Step(part)) return false;
    }
    return true;
  }
  bool complete() const override { return next_ == Next::kNothing; }
  Object* Release() override { return stream_.release(); }

 private:
  // What stands next in the bytes.
  enum class Next : uint8_t {
    kNumberOfBlocks,
    kBlock,
    kHeader,
    kGroup,
    kPending,
    kNumberOfConsumers,
    kConsumer,
    kConsumersId,
    kNothing,
  };

  bool Step(RdbReader& part) {
    switch (next_) {
      case Next::kNumberOfBlocks:
        return part.Length(&left_) && GoOn(left_ > 0 ? Next::kBlock : Next::kHeader);
      case Next::kBlock:
        return Block(part) && GoOn(--left_ > 0 ? Next::kBlock : Next::kHeader);
      case Next::kHeader:
        return Header(part) && part.Length(&groups_) && NextGroup();
      case Next::kGroup:
        return Group(part) && part.Length(&left_) &&
               GoOn(left_ > 0 ? Next::kPending : Next::kNumberOfConsumers);
      case Next::kPending:
        return PendingEntry(part) && GoOn(--left_ > 0 ? Next::kPending : Next::kNumberOfConsumers);
      case Next::kNumberOfConsumers:
        return part.Length(&consumers_) && NextConsumer(part);
      case Next::kConsumer:
        return Consumer(part) && part.Length(&left_) &&
               (left_ > 0 ? GoOn(Next::kConsumersId) : NextConsumer(part));
      case Next::kConsumersId:
        return ConsumersId(part) && (--left_ > 0 || NextConsumer(part));
      case Next::kNothing:
        break;
    }
    return true;
  }

  bool GoOn(Next next) {
    next_ = next;
    return true;
  }
  bool NextGroup() { return GoOn(groups_-- > 0 ? Next::kGroup : Next::kNothing); }
  bool NextConsumer(RdbReader& part) {
    if (consumers_-- > 0) return GoOn(Next::kConsumer);
    if (group_->pending().size() != pending_.size()) {
      return part.Fail("a pending entry without a consumer");
    }
    pending_.clear();
    return NextGroup();
  }

  static bool Id(RdbReader& part, StreamId* id) {
    return part.Length(&id->ms) && part.Length(&id->seq);
  }
  static bool RawId(RdbReader& part, StreamId* id) {
    std::string_view bytes;
    if (!part.Raw(kStreamIdBytes, &bytes)) return false;
    *id = DecodeStreamId(bytes);
    return true;
  }

  bool Block(RdbReader& part) {
    Stream& stream = *stream_;
    std::string scratch;
    std::string_view bytes;
    if (!part.String(&bytes, &scratch)) return false;
    if (bytes.size() != kStreamIdBytes) return part.Fail("a stream's block without an id");
    const StreamId id = DecodeStreamId(bytes);
    if (!part.String(&bytes, &scratch)) return false;
    const std::optional<StreamBlock::Summary> block = StreamBlock::Validate(id, bytes);
    if (!block.has_value()) return part.Fail("not a stream's block");
    if (block->live == 0) return true;
    if (!stream.blocks_.empty() && id <= last_) return part.Fail("a stream out of order");
    if (stream.blocks_.empty()) stream.first_id_ = block->first;
    last_ = block->last;
    stream.size_ += block->live;
    stream.blocks_.try_emplace(stream.blocks_.end(), id, bytes);
    return true;
  }

  bool Header(RdbReader& part) {
    Stream& stream = *stream_;
    uint64_t size;
    if (!part.Length(&size) || !Id(part, &stream.last_id_)) return false;
    if (size != stream.size_) return part.Fail("a stream of another length");
    if (stream.last_id_ < last_) return part.Fail("a stream whose last id is not the last");
    if (form_ == RdbType::kStreamListpacks) {
      stream.entries_added_ = size;
      return true;
    }
    StreamId first;  // Known already.
    return Id(part, &first) && Id(part, &stream.max_deleted_id_) &&
           part.Length(&stream.entries_added_);
  }

  bool Group(RdbReader& part) {
    std::string scratch;
    std::string_view name;
    StreamId last;
    if (!part.String(&name, &scratch) || !Id(part, &last)) return false;
    int64_t read = stream_->EstimateRead(last);
    if (form_ != RdbType::kStreamListpacks) {
      uint64_t number;
      if (!part.Length(&number)) return false;
      read = static_cast<int64_t>(number);
      if (read < StreamGroup::kReadUnknown) return part.Fail("a group that read too much");
    }
    group_ = stream_->AddGroup(name, last, read);
    return group_ != nullptr || part.Fail("two groups of one name");
  }

  bool PendingEntry(RdbReader& part) {
    StreamId id;
    StreamPending entry;
    if (!RawId(part, &id) || !part.Millis(&entry.delivered_ms) || !part.Length(&entry.deliveries)) {
      return false;
    }
    return pending_.try_emplace(id, entry).second || part.Fail("an entry pending twice");
  }

  bool Consumer(RdbReader& part) {
    std::string scratch;
    std::string_view name;
    int64_t seen;
    if (!part.String(&name, &scratch) || !part.Millis(&seen)) return false;
    if (group_->FindConsumer(name) != nullptr) {
      return part.Fail("Duplicate stream consumer detected");
    }
    consumer_ = group_->AddConsumer(name, seen);
    consumer_->active_ms = seen;
    return form_ != RdbType::kStreamListpacks3 || part.Millis(&consumer_->active_ms);
  }

  bool ConsumersId(RdbReader& part) {
    StreamId id;
    if (!RawId(part, &id)) return false;
    const auto found = pending_.find(id);
    if (found == pending_.end() || group_->FindPending(id) != nullptr) {
      return part.Fail("a consumer's entry that is not pending");
    }
    group_->Assign(id, consumer_, found->second.delivered_ms, found->second.deliveries);
    return true;
  }

  const RdbType form_;
  std::unique_ptr<Stream> stream_ = std::make_unique<Stream>();
  Next next_ = Next::kNumberOfBlocks;
  uint64_t left_ = 0;  // Of what stands next.
  StreamId last_;      // Of the last live entry.
  uint64_t groups_ = 0;
  uint64_t consumers_ = 0;
  StreamGroup* group_ = nullptr;  // That is being read, as is its consumer.
  StreamConsumer* consumer_ = nullptr;
  StreamGroup::Pending pending_;  // In it, of whatever consumer.
};

std::unique_ptr<ValueLoader> NewStreamLoader(RdbType form) {
  return std::make_unique<StreamLoader>(form);
}

absl::StatusOr<Object*> LoadStream(RdbType form, RdbReader& reader, const TypeSettings&) {
  CHECK(form == RdbType::kStreamListpacks || form == RdbType::kStreamListpacks2 ||
        form == RdbType::kStreamListpacks3);
  StreamLoader loader(form);
  return LoadWhole(loader, reader);
}

}  // namespace slotmesh::node
