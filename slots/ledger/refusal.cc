#include "slots/ledger/refusal.h"

#include <iterator>

namespace slotmesh::ledger {
namespace {

constexpr std::string_view kNames[] = {
    "None",           "NoLog",           "LogExists",      "Sealed",     "UnknownMember",
    "MemberExists",   "UnknownShard",    "ShardExists",    "EpochMoved", "InSyncMoved",
    "BootMoved",      "SlotBusy",        "SlotNotOwned",   "SlotMoving", "UnknownPlan",
    "PlanExists",     "NotReplica",      "NotInSync",      "NotEmpty",   "StillVoter",
    "NotLone",        "EpochAlreadySet", "OlderLog",       "Conflict",   "TooMany",
    "Invalid",        "TooOld",          "UnknownOutcome", "Cancelled",  "LibraryExists",
    "FunctionExists", "UnknownLibrary",
};
static_assert(std::size(kNames) == kRefusalMax + 1);

}  // namespace

std::string_view RefusalName(Refusal refusal) { return kNames[static_cast<uint8_t>(refusal)]; }

}  // namespace slotmesh::ledger
