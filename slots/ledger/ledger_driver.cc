#include "slots/ledger/ledger_driver.h"

#include <utility>

namespace slotmesh::ledger {

absl::StatusOr<std::unique_ptr<Ledger>> OpenLedger(const LedgerOptions& options,
                                                   const LogId& fresh_log, Storage& storage,
                                                   absl::Time now, absl::BitGenRef random,
                                                   std::vector<std::string>* notes) {
  absl::StatusOr<StoredLog> stored = storage.Load();
  if (!stored.ok()) return stored.status();
  *notes = std::move(stored->notes);
  if (stored->server == 0) {
    stored->server = Ledger::NewServerId(random);
    stored->log = fresh_log;
    absl::Status status = storage.Initialize(stored->server, fresh_log);
    if (!status.ok()) return status;
  }
  return Ledger::Create(options,
                        {.server = stored->server,
                         .log = stored->log,
                         .hard = stored->hard,
                         .snapshot = std::move(stored->snapshot),
                         .entries = std::move(stored->entries)},
                        now, random);
}

absl::Status StoreAll(Ledger& ledger, Storage& storage, absl::Time now, LedgerOutput* out) {
  while (!out->persists.empty()) {
    const std::vector<Persist> persists = std::exchange(out->persists, {});
    for (const Persist& persist : persists) {
      if (absl::Status status = storage.Write(persist); !status.ok()) return status;
    }
    ledger.Step(now, StoredInput{persists.back().id}, out);
  }
  return absl::OkStatus();
}

}  // namespace slotmesh::ledger
