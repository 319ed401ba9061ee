// Database: the keys of one SELECT number. Typed operations that know no RESP; commands, scripts,
// modules, the replica link and file loading all use these.
//
// Reading: FindRead, FindString and friends give a const Entry* that is valid until the database
// changes. Writing: FindWrite gives an EntryRef, and the mutators take it by reference and keep it
// up to date when the entry moves; any change to *another* key invalidates it. Every mutator tells
// snapshots before and WATCH after; who changes an Object in place calls FindWrite first and
// SignalModified afterwards. Journal entries and keyspace notifications are the command's own
// affair, except for expired and evicted keys, which go to the RemovalListener.
//
// Engine thread only. Owns its entries. Invariants: each key is in the table of its slot; the
// counts per slot, expiring keys and the slot index agree with the tables; an entry's note in the
// table says roughly when it expires (see node/types/expiry_note.h). A look-up costs two dependent
// cache misses (bucket, entry), in cluster mode one more (the table); PrefetchTable, PrefetchBucket
// and PrefetchEntry, called some requests ahead, hide them.
#ifndef SLOTMESH_NODE_KEYSPACE_DATABASE_H_
#define SLOTMESH_NODE_KEYSPACE_DATABASE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/random/bit_gen_ref.h"
#include "absl/status/statusor.h"
#include "node/keyspace/entry.h"
#include "node/keyspace/hashed_key.h"
#include "node/keyspace/shared_state.h"
#include "node/keyspace/slot_index.h"
#include "node/keyspace/slot_table.h"
#include "slots/slot_set.h"

namespace slotmesh::node {

// How a look-up for reading behaves.
struct Lookup {
  bool touch = true;  // Update the access clock (false: TTL, TYPE, OBJECT, CLIENT NO-TOUCH).
  bool count = true;  // Count a hit or a miss.
};

// A found entry that may be changed. Null (false) when the key is absent.
struct EntryRef {
  Entry* entry = nullptr;
  SlotTable* table = nullptr;
  EntryTable::Position position;

  explicit operator bool() const { return entry != nullptr; }
  Entry* operator->() const { return entry; }
  Entry& operator*() const { return *entry; }
};

class Database {
 public:
  // `shared` outlives the database.
  Database(int index, SharedState& shared);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  int index() const { return index_; }

  // --- Looking up. An expired key is treated as the keyspace's ExpiryMode says. ---

  // Null if absent.
  const Entry* FindRead(const HashedKey& key, UnixMillis now, Lookup how = {});
  // As FindRead, with WRONGTYPE for a value of another kind. A null pointer if absent.
  absl::StatusOr<const Entry*> FindReadOf(const HashedKey& key, ValueKind kind, UnixMillis now,
                                          Lookup how = {});
  // No hit or miss is counted; the access clock is updated. What snapshots need of it is saved, so
  // the entry and its object may be changed until the next call of any other method.
  EntryRef FindWrite(const HashedKey& key, UnixMillis now);
  absl::StatusOr<EntryRef> FindWriteOf(const HashedKey& key, ValueKind kind, UnixMillis now);
  // Present, whatever its expiry says.
  bool ContainsRaw(const HashedKey& key) const;
  // Null if absent; an expired key is found and stays.
  const Entry* FindRaw(const HashedKey& key) const;

  // --- Strings. ---

  struct SetOptions {
    UnixMillis expiry = kNoExpiry;
    bool keep_ttl =
        false;  // Keep the expiry of the key that is replaced; `expiry` is then ignored.
  };
  // Creates the key or replaces its value, of whatever kind; an expired key is removed first.
  // `value` is not part of this database.
  void SetString(const HashedKey& key, std::string_view value, const SetOptions& options,
                 UnixMillis now);
  // The same on an entry at hand: one look-up less for SET NX|XX|GET, GETSET, SETRANGE, INCR...
  void SetString(EntryRef& ref, const HashedKey& key, std::string_view value,
                 const SetOptions& options);
  // Value becomes `value`, expiry stays. REQUIRES: ref, a string.
  void SetInteger(EntryRef& ref, const HashedKey& key, int64_t value);
  // Makes the string `length` long (new bytes zero) and raw; gives its bytes for writing, valid
  // until the next call. REQUIRES: ref, a string. Used by APPEND, SETRANGE, SETBIT.
  char* ResizeString(EntryRef& ref, const HashedKey& key, size_t length);
  // Makes the string raw and gives its bytes for writing, valid until the next call; who changes
  // them calls SignalModified afterwards. REQUIRES: ref, a string.
  char* MutableString(EntryRef& ref);
  // Appends to the string, in place where there is room. REQUIRES: ref, a string.
  void AppendString(EntryRef& ref, const HashedKey& key, std::string_view bytes);

  // --- Any kind. ---

  // Takes an entry made by Entry::New... whose key is key.bytes. REQUIRES: the key is absent
  // (FindWrite said so).
  EntryRef Insert(const HashedKey& key, Entry* entry, UnixMillis now);
  // kNoExpiry removes it (PERSIST).
  void SetExpiry(EntryRef& ref, const HashedKey& key, UnixMillis expiry);
  // DEL and UNLINK: true if the key was there. `lazy` leaves freeing a big value to the Reclaimer.
  bool Delete(const HashedKey& key, UnixMillis now, bool lazy = false);
  // Removes the entry and hands it over (RENAME, MOVE, tests). `ref` is null afterwards.
  Entry* Extract(EntryRef& ref, const HashedKey& key);
  // Removes a key that eviction has chosen, counts it and tells the listeners. `around` is called
  // with false right before its memory is freed (or given to the Reclaimer) and with true right
  // after, before anybody hears of it. False, and nothing is done, if it is absent or its slot is
  // frozen. `key` is not the entry's own.
  bool Evict(const HashedKey& key, bool lazy, absl::FunctionRef<void(bool gone)> around);
  bool Evict(const HashedKey& key, bool lazy) {
    return Evict(key, lazy, [](bool) {});
  }
  // Call after any change in place that may have given the object its first part that expires or
  // taken the last, or made one expire earlier; before the next call of any other method. `had`:
  // whether it had any before.
  void PartsChanged(EntryRef& ref, bool had);
  // An Object was changed in place.
  void SignalModified(const HashedKey& key) {
    if (shared_.touch_listener != nullptr) [[unlikely]] {
      shared_.touch_listener->OnTouched(index_, key);
    }
  }

  // --- Batches: call for a request some places ahead (for instance 40, 28 and 14). ---

  void PrefetchTable(const HashedKey& key) const;
  void PrefetchBucket(const HashedKey& key) const;
  void PrefetchEntry(const HashedKey& key) const;
  // For commands on other values than strings, after these: the object, then what it points to.
  void PrefetchObject(const HashedKey& key) const;
  void PrefetchValue(const HashedKey& key) const;

  // --- The whole. ---

  // DBSIZE: keys, expired ones not yet removed included.
  uint64_t size() const { return index_of_slots_.total(); }
  uint64_t expiring() const { return index_of_expiring_.total(); }
  // Keys of whose values parts expire (hashes with such fields).
  uint64_t with_expiring_parts() const { return with_expiring_parts_; }
  // In cluster mode, keys of one slot. REQUIRES: 0 <= slot < slot_count().
  uint64_t slot_size(int slot) const;
  // 1 or 16384.
  int slot_count() const { return slot_count_; }
  // CLUSTER GETKEYSINSLOT: up to `max` keys of the slot, in no order; expired ones are left out.
  void KeysInSlot(int slot, size_t max, UnixMillis now,
                  absl::FunctionRef<void(const Entry&)> visit) const;

  // FLUSHDB, and dropping one slot. The keys go to the Reclaimer as they are: no time is spent on
  // each.
  void Flush();
  void FlushSlot(int slot);
  void FlushSlots(const slots::SlotSet& slots);
  // Moving a slot between databases that share hash seed and cluster mode, without a look at its
  // keys: takes it out (null if it has none), and puts it in instead of what is there.
  std::unique_ptr<SlotTable> TakeSlot(int slot);
  void AdoptSlot(std::unique_ptr<SlotTable> table);

  // One step of SCAN from `cursor` (0 starts): visits some entries, gives the next cursor (0: all
  // done). Every key that is present throughout is visited at least once. Expired keys are visited
  // too (callers check). slot < 0: all slots. A cursor is data from outside: any value is safe.
  uint64_t Scan(uint64_t cursor, int slot, absl::FunctionRef<void(const Entry&)> visit) const;
  // Each key equally likely, also those that have expired; null if there is none.
  const Entry* RandomKey(absl::BitGenRef random) const;
  // `count` random entries, repeats possible (eviction, INFO). Cheaper than RandomKey: neighbours
  // come together.
  void Sample(absl::BitGenRef random, size_t count,
              absl::FunctionRef<void(int slot, const Entry&)> visit) const;
  // As Sample, of keys that expire. Looks for them in at most `buckets` buckets (10 ns each), so
  // there may be fewer or none; the next call goes on from there.
  void SampleExpiring(absl::BitGenRef random, size_t count, uint64_t buckets,
                      absl::FunctionRef<void(int slot, const Entry&)> visit);
  // Visits every entry.
  void ForEach(absl::FunctionRef<void(int slot, const Entry&)> visit) const;

  // --- Active expiry. ---

  struct ExpiryStep {
    uint64_t removed = 0;
    uint64_t buckets = 0;  // Looked at.
    bool wrapped = false;  // Went past the last bucket: a full round is done.
    // Keys of whose values parts are due: the caller's to remove. At least kDuePartsMax end the
    // step.
    std::vector<std::string> due_parts;
    // With Due::kName: keys that are due. At least kDuePartsMax end the step.
    std::vector<std::string> due_keys;
  };
  static constexpr size_t kDuePartsMax = 16;
  // What becomes of due keys: they are removed, or left to the caller, who does something between
  // one and the next.
  enum class Due : uint8_t { kRemove, kName };
  // Looks for due keys at the place where the last step ended, until `max_buckets` are looked at or
  // `out_of_time` says so (asked every 64 buckets). Looking at a bucket without due keys costs
  // under 10 ns per key and touches no entry.
  ExpiryStep ExpireSome(UnixMillis now, uint64_t max_buckets, absl::FunctionRef<bool()> out_of_time,
                        Due due = Due::kRemove);

  // Bytes of tables (not of entries). O(slots).
  size_t TableMemory() const;
  void CheckInvariants() const;

  // --- For node/snapshot and node/keyspace. ---
  bool never_used() const { return tables_.empty(); }
  SlotTable* table(int slot) const { return tables_.empty() ? nullptr : tables_[slot].get(); }

 private:
  friend class Keyspace;

  SlotTable& TableFor(int slot);
  void SaveBeforeChange(SlotTable& table, uint64_t hash) {
    if (shared_.change_guard != nullptr) [[unlikely]]
      shared_.change_guard->BeforeChange(*this, table, hash);
  }
  EntryRef Locate(const HashedKey& key) const;
  EntryRef FindLive(const HashedKey& key, UnixMillis now);
  void Touch(Entry& entry, UnixMillis now);
  EntryRef InsertNew(const HashedKey& key, Entry* entry);
  // What an entry counts as.
  struct Kinds {
    bool expires;
    bool has_expiring_parts;
  };
  static Kinds KindsOf(const Entry& entry) {
    return {entry.has_expiry(), entry.PartsDue() != kNoExpiry};
  }
  void Count(SlotTable& table, Kinds before, Kinds after);
  void Place(EntryRef& ref, Entry* entry, Kinds before);
  Entry* Remove(EntryRef& ref, const HashedKey& key);
  // Before the value goes. Listeners look keys up: `ref` is found again.
  void TellDeparture(EntryRef& ref, const HashedKey& key, Departure why) {
    if (shared_.departure_listener != nullptr) [[unlikely]]
      TellDepartureSlow(ref, key, why);
  }
  void TellDepartureSlow(EntryRef& ref, const HashedKey& key, Departure why);
  void Release(Entry* entry, bool lazy);
  void RemoveExpired(EntryRef& ref, const HashedKey& key);
  void DetachTable(int slot);
  uint64_t SweepBucket(SlotTable& table, uint32_t bucket, Due due_keys, ExpiryStep& step);

  int index_;
  int slot_count_;
  SharedState& shared_;
  std::vector<std::unique_ptr<SlotTable>> tables_;  // Empty until the first key.
  SlotIndex index_of_slots_;
  SlotIndex index_of_expiring_;
  uint64_t with_expiring_parts_ = 0;
  UnixMillis now_ = 0;  // Of the last operation that changes something.
  // Where active expiry goes on.
  int expiry_slot_ = 0;
  uint32_t expiry_bucket_ = 0;
  // Where a search for keys that expire goes on; slot -1: anywhere.
  int sample_slot_ = -1;
  uint32_t sample_bucket_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_DATABASE_H_
