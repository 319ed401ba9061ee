// The log's next generation, for when a majority of the voters is gone for good.
//
// Servers of the old generation may come back: they know this one under no server id, and the new
// one's members know none of theirs, so that neither hears the other's votes and entries. They
// learn from its version that it was given up (is_left_behind), and begin as new servers.
#include <utility>

#include "slots/check.h"
#include "slots/ledger/ledger_impl.h"

namespace slotmesh::ledger {
namespace {

// No index that the lost servers may have used comes again: who compares how far views have come
// by the log's index (NoticeRemoval) finds the new generation's ahead.
constexpr Index kIndexGap = Index{1} << 32;

}  // namespace

Recovery Ledger::Impl::Recover(absl::BitGenRef random) const {
  CHECK_NE(view().BootOf(options_.self), 0u);
  State state = pulled_is_newer() ? State::Of(pulled_) : state_;
  const uint64_t generation = state.view().map.version.generation;
  CHECK(state.Apply({{}, GenerationRaised{generation, generation + 1}}).ok());
  CHECK(state.Apply({{}, VotersChanged{{options_.self}}}).ok());
  const ServerId server = NewServerId(random);
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->index = std::max(raft_.log().last_index(), pulled_index_) + kIndexGap;
  snapshot->term = raft_.term() + 1;
  snapshot->configuration.voters = {{server, options_.self}};
  snapshot->data = state.Serialize();
  Recovery recovery{.server = server};
  recovery.persist = {.id = 1, .hard = {.term = snapshot->term}, .snapshot = std::move(snapshot)};
  return recovery;
}

bool Ledger::Impl::is_left_behind() const {
  const slots::MapVersion& own = state_.view().map.version;
  return !own.log.is_zero() && pulled_.map.version.log == own.log &&
         pulled_.map.version.generation > own.generation;
}

Recovery Ledger::Recover(absl::BitGenRef random) const { return impl_->Recover(random); }
bool Ledger::is_left_behind() const { return impl_->is_left_behind(); }

}  // namespace slotmesh::ledger
