#include "node/journal/journal.h"

#include <algorithm>
#include <charconv>

#include "node/resp/request_text.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

// Buffers larger than this are given back after use.
constexpr size_t kKeptBufferMax = size_t{1} << 20;

void ClearBuffer(std::string& buffer) {
  if (buffer.capacity() > kKeptBufferMax) {
    std::string().swap(buffer);
  } else {
    buffer.clear();
  }
}

}  // namespace

void Journal::Subscribe(JournalSink& sink) {
  CHECK(pending_.empty() && !emitting_);
  CHECK(std::find(sinks_.begin(), sinks_.end(), &sink) == sinks_.end());
  sinks_.push_back(&sink);
  if (sink.wants_resp()) {
    resp_sinks_.push_back(&sink);
    ForceSelect();
  }
}

void Journal::Unsubscribe(JournalSink& sink) {
  CHECK(!emitting_);
  std::erase(sinks_, &sink);
  std::erase(resp_sinks_, &sink);
}

void Journal::set_offset(uint64_t offset) {
  CHECK(pending_.empty());
  offset_ = data_offset_ = offset;
}

void Journal::AppendActive(const Effect& effect) {
  CHECK(!emitting_ && !effect.argv.empty());
  if (sinks_.empty() && !keep_stream_) return;
  const Audience audience = effect.origin == Origin::kExpiry ? Audience::kAll : audience_;
  if (depth_ == 0) {
    Effect alone = effect;
    alone.audience = audience;
    Emit({&alone, 1});
    return;
  }
  pending_.push_back({effect.database, effect.slot, effect.origin, audience,
                      pending_lengths_.size(), effect.argv.size()});
  for (const std::string_view arg : effect.argv) {
    pending_lengths_.push_back(arg.size());
    pending_bytes_ += arg;
  }
}

void Journal::EndUnit() {
  CHECK_GT(depth_, 0);
  if (--depth_ == 0 && !pending_.empty()) FlushUnit();
}

void Journal::AbandonUnit() {
  CHECK_GT(depth_, 0);
  pending_.clear();
  pending_lengths_.clear();
  ClearBuffer(pending_bytes_);
}

void Journal::FlushUnit() {
  pending_args_.clear();
  const char* bytes = pending_bytes_.data();
  for (const size_t length : pending_lengths_) {
    pending_args_.emplace_back(bytes, length);
    bytes += length;
  }
  pending_effects_.clear();
  for (const Pending& pending : pending_) {
    pending_effects_.push_back(
        {pending.database, pending.slot, pending.origin,
         absl::MakeConstSpan(pending_args_).subspan(pending.first_arg, pending.arg_count),
         pending.audience});
  }
  Emit(pending_effects_);
  pending_.clear();
  pending_lengths_.clear();
  ClearBuffer(pending_bytes_);
}

void Journal::Emit(absl::Span<const Effect> effects) {
  const bool for_all = std::all_of(effects.begin(), effects.end(), [](const Effect& effect) {
    return effect.audience == Audience::kAll;
  });
  if (!for_all) return EmitApart(effects);
  JournalUnit unit = {.effects = effects, .begin_offset = offset_};
  if (!resp_sinks_.empty() || keep_stream_) {
    EncodeUnit(effects);
    if (!relaying_) offset_ += resp_.size();
    unit.resp = resp_;
  }
  unit.end_offset = offset_;
  // A unit is of one kind, but for messages that a transaction publishes between its writes.
  if (effects.size() > 1 || effects[0].changes_data()) data_offset_ = offset_;
  emitting_ = true;
  for (JournalSink* sink : sinks_) sink->OnUnit(unit);
  emitting_ = false;
  ClearBuffer(resp_);
}

void Journal::EmitApart(absl::Span<const Effect> effects) {
  for (const Audience audience : {Audience::kFiles, Audience::kReplicas}) {
    std::vector<Effect> heard;
    for (const Effect& effect : effects) {
      if (Includes(effect.audience, audience)) heard.push_back(effect);
    }
    if (!heard.empty()) EmitTo(audience, heard);
  }
  // The two are in different databases now, maybe.
  ForceSelect();
}

void Journal::EmitTo(Audience audience, absl::Span<const Effect> effects) {
  JournalUnit unit = {.effects = effects, .begin_offset = offset_};
  std::string resp;
  if (!resp_sinks_.empty() || keep_stream_) {
    ForceSelect();
    EncodeUnit(effects);
    resp = resp_;
    if (audience == Audience::kReplicas && !relaying_) offset_ += resp.size();
  }
  unit.end_offset = offset_;
  emitting_ = true;
  for (JournalSink* sink : sinks_) {
    if (sink->audience() != audience) continue;
    unit.resp = sink->wants_resp() ? resp : std::string_view();
    sink->OnUnit(unit);
  }
  emitting_ = false;
  ClearBuffer(resp_);
}

void Journal::EncodeUnit(absl::Span<const Effect> effects) {
  resp_.clear();
  const bool wrap = effects.size() > 1;
  for (size_t i = 0; i < effects.size(); ++i) {
    const Effect& effect = effects[i];
    if (i == 0 && wrap) AppendRequest(resp_, {"MULTI"});
    if (effect.origin != Origin::kControl && effect.database != stream_database_) {
      char digits[16];
      const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), effect.database);
      const std::string_view select[] = {"SELECT", {digits, static_cast<size_t>(end - digits)}};
      AppendRequest(resp_, select);
      stream_database_ = effect.database;
    }
    AppendRequest(resp_, effect.argv);
  }
  if (wrap) AppendRequest(resp_, {"EXEC"});
}

}  // namespace slotmesh::node
