// A ledger on a storage that it waits for: opens it, and performs what its steps want stored. For
// nodes whose ledger has a thread of its own, and for tests.
#ifndef SLOTMESH_SLOTS_LEDGER_LEDGER_DRIVER_H_
#define SLOTMESH_SLOTS_LEDGER_LEDGER_DRIVER_H_

#include <memory>
#include <string>
#include <vector>

#include "slots/ledger/ledger.h"
#include "slots/ledger/storage.h"

namespace slotmesh::ledger {

// Goes on with the log that `storage` holds, or begins one: `fresh_log` is the id of the log to
// create or to follow if nothing is stored. What Load had to say goes to *notes. Errors are
// Storage's and Ledger::Create's.
absl::StatusOr<std::unique_ptr<Ledger>> OpenLedger(const LedgerOptions& options,
                                                   const LogId& fresh_log, Storage& storage,
                                                   absl::Time now, absl::BitGenRef random,
                                                   std::vector<std::string>* notes);

// Writes out->persists and steps the ledger with the news, until nothing is left to write. Then the
// rest of *out is to be performed. After an error the node must stop: it cannot promise anything
// any more.
absl::Status StoreAll(Ledger& ledger, Storage& storage, absl::Time now, LedgerOutput* out);

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_LEDGER_DRIVER_H_
