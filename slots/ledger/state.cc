#include "slots/ledger/state.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "slots/check.h"
#include "slots/ledger/apply.h"
#include "slots/ledger/fields.h"
#include "slots/ledger/map_codec.h"
#include "slots/ledger/wire.h"

namespace slotmesh::ledger {
namespace {

constexpr uint8_t kStateVersion = 1;

// What may still be applied while the log is sealed, and before its first entry.
bool AllowedWhenSealed(const Change& change) {
  return std::holds_alternative<LogSealed>(change) || std::holds_alternative<LogUnsealed>(change) ||
         std::holds_alternative<VotersChanged>(change) ||
         std::holds_alternative<GenerationRaised>(change) ||
         std::holds_alternative<LogJoined>(change);  // Refuses by itself, or was applied before.
}

bool AllowedWithoutLog(const Change& change) {
  return std::holds_alternative<LogCreated>(change) ||
         std::holds_alternative<VotersChanged>(change);
}

Verdict CheckGates(const View& view, const Change& change) {
  if (view.map.version.log.is_zero() && !AllowedWithoutLog(change)) {
    return Refuse(Refusal::kNoLog, "the log has no first entry yet");
  }
  if (view.seal.has_value() && !AllowedWhenSealed(change)) {
    return Refuse(Refusal::kSealed, "log ", view.map.version.log.ToHex(), " is sealed into log ",
                  view.seal->into.ToHex());
  }
  return Unchanged();
}

}  // namespace

// Reads and writes what State keeps to itself.
struct StateCodec {
  static void Write(const State& state, Writer& writer) {
    writer(kStateVersion, state.applied_);
    writer.PutBlob(EncodeView(state.view_));
    writer.PutVarint(state.windows_.size());
    for (const auto& [process, window] : state.windows_) {
      writer(process.first, process.second, window.last_used);
      writer.PutVarint(window.outcomes.size());
      for (const State::Outcome& outcome : window.outcomes) {
        const ApplyResult& result = outcome.result;
        writer(outcome.counter, static_cast<uint8_t>(result.refusal), result.message,
               result.sequence, result.changed);
      }
    }
    writer.PutChecksum();
  }

  static void ReadOutcome(Reader& reader, State::Outcome& outcome) {
    ApplyResult& result = outcome.result;
    uint8_t refusal = 0;
    reader(outcome.counter, refusal, result.message, result.sequence, result.changed);
    if (refusal > kRefusalMax) return reader.Fail("a refusal is unknown");
    result.refusal = static_cast<Refusal>(refusal);
  }

  static void ReadWindows(Reader& reader, State& state) {
    const uint64_t count = reader.GetVarint();
    if (count > kWindowsMax) return reader.Fail("the proposal windows are too many");
    for (uint64_t i = 0; i < count && reader.ok(); ++i) {
      State::Process process;
      State::Window window;
      reader(process.first, process.second, window.last_used);
      const uint64_t outcomes = reader.GetVarint();
      if (outcomes > kWindowSize) return reader.Fail("a proposal window is too long");
      for (uint64_t k = 0; k < outcomes && reader.ok(); ++k) {
        ReadOutcome(reader, window.outcomes.emplace_back());
      }
      state.windows_.emplace(process, std::move(window));
    }
  }
};

State::State() : map_(slots::SlotMap::Empty()) {}

const ApplyResult* State::FindOutcome(const ProposalId& proposal) const {
  const auto window = windows_.find({proposal.node, proposal.boot});
  if (window == windows_.end()) return nullptr;
  for (const Outcome& outcome : window->second.outcomes) {
    if (outcome.counter == proposal.counter) return &outcome.result;
  }
  return nullptr;
}

const ApplyResult* State::FindRepeated(const ProposalId& proposal, ApplyResult* too_old) const {
  if (const ApplyResult* outcome = FindOutcome(proposal)) return outcome;
  const auto window = windows_.find({proposal.node, proposal.boot});
  if (window == windows_.end()) return nullptr;
  if (proposal.counter + kWindowSize > window->second.outcomes.back().counter) return nullptr;
  too_old->refusal = Refusal::kTooOld;
  too_old->message = absl::StrCat("proposal ", proposal.counter, " is older than the last ",
                                  kWindowSize, " of its process");
  too_old->sequence = view_.map.version.sequence;
  return too_old;
}

void State::Remember(const ProposalId& proposal, const ApplyResult& result) {
  const Process process{proposal.node, proposal.boot};
  if (windows_.size() >= kWindowsMax && windows_.count(process) == 0) {
    windows_.erase(std::min_element(windows_.begin(), windows_.end(), [](auto& a, auto& b) {
      return a.second.last_used < b.second.last_used;
    }));
  }
  Window& window = windows_[process];
  window.last_used = applied_;
  const auto place = std::upper_bound(
      window.outcomes.begin(), window.outcomes.end(), proposal.counter,
      [](uint64_t counter, const Outcome& outcome) { return counter < outcome.counter; });
  window.outcomes.insert(place, {proposal.counter, result});
  const uint64_t newest = window.outcomes.back().counter;
  std::erase_if(window.outcomes, [newest](const Outcome& outcome) {
    return outcome.counter + kWindowSize <= newest;
  });
}

ApplyResult State::ApplyChange(const Change& change) {
  ApplyResult result{.sequence = view_.map.version.sequence};
  const auto refuse = [&result](Verdict verdict) {
    result.refusal = verdict.refusal;
    result.message = verdict.message.substr(0, kReasonMax);
    return result;
  };
  if (Verdict closed = CheckGates(view_, change); !closed.ok()) return refuse(std::move(closed));
  View next = view_;
  Verdict verdict =
      std::visit([&next](const auto& what) { return ledger::Apply(next, what); }, change);
  if (!verdict.ok()) return refuse(std::move(verdict));
  if (!verdict.changed) return result;
  ++next.map.version.sequence;
  // Only a join brings content from outside that the rules above may not have seen through.
  absl::StatusOr<std::shared_ptr<const slots::SlotMap>> map = slots::SlotMap::Build(next.map);
  absl::Status status = map.ok() ? CheckView(next) : map.status();
  if (!status.ok()) return refuse(Refuse(Refusal::kInvalid, status.message()));
  view_ = std::move(next);
  map_ = *std::move(map);
  result.sequence = view_.map.version.sequence;
  result.changed = true;
  return result;
}

ApplyResult State::Apply(const Entry& entry) {
  if (entry.proposal == ProposalId{}) return ApplyChange(entry.change);
  ApplyResult too_old;
  if (const ApplyResult* before = FindRepeated(entry.proposal, &too_old)) {
    ApplyResult result = *before;
    result.repeated = true;
    return result;
  }
  ++applied_;
  ApplyResult result = ApplyChange(entry.change);
  Remember(entry.proposal, result);
  return result;
}

std::string State::Serialize() const {
  Writer writer;
  StateCodec::Write(*this, writer);
  return writer.Take();
}

State State::Of(View view) {
  State state;
  state.map_ = *slots::SlotMap::Build(view.map);
  state.view_ = std::move(view);
  return state;
}

absl::StatusOr<State> State::Restore(std::string_view bytes) {
  constexpr char kWhat[] = "ledger state";
  if (bytes.size() < 4) return absl::InvalidArgumentError(absl::StrCat(kWhat, ": too short"));
  const std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (Reader(bytes.substr(body.size())).GetFixed32() != static_cast<uint32_t>(Checksum(body))) {
    return absl::InvalidArgumentError(absl::StrCat(kWhat, ": the checksum does not match"));
  }
  State state;
  Reader reader(body);
  uint8_t version = 0;
  reader(version);
  if (reader.ok() && version != kStateVersion) {
    return absl::UnimplementedError(
        absl::StrCat(kWhat, ": format version ", version, " is not known to this build"));
  }
  reader(state.applied_);
  const std::string_view view_bytes = reader.GetBlob(kViewBytesMax);
  StateCodec::ReadWindows(reader, state);
  if (absl::Status status = reader.Finish(kWhat); !status.ok()) return status;
  absl::StatusOr<View> view = DecodeView(view_bytes);
  if (!view.ok()) return view.status();
  state.view_ = *std::move(view);
  absl::StatusOr<std::shared_ptr<const slots::SlotMap>> map =
      slots::SlotMap::Build(state.view_.map);
  if (!map.ok()) return map.status();
  state.map_ = *std::move(map);
  return state;
}

void State::CheckInvariants() const {
  CHECK(CheckView(view_).ok());
  CHECK(map_->data() == view_.map);
  CHECK_LE(windows_.size(), kWindowsMax);
  for (const auto& [process, window] : windows_) {
    CHECK(!window.outcomes.empty());
    CHECK_LE(window.outcomes.size(), kWindowSize);
    CHECK_LE(window.last_used, applied_);
  }
}

}  // namespace slotmesh::ledger
