// Example module "words": sorted lists of words, to complete what somebody types.
//
//   words.add key word [word ...]          how many are new
//   words.remove key word [word ...]       how many were there
//   words.complete key prefix [count]      the first words with that prefix, ten if it is not said
//   words.take key prefix milliseconds     takes the first of them out; waits until there is one,
//                                          null when the time is over (0: it never is)
//   words.import key set                   adds the members of a set, with the caller's rights
//
// What it shows:
// - A type of values that counts its memory, knows what freeing it costs and copies itself; its
//   containers use the server's memory. (They do not move: rate_limit.c shows defragmentation.)
// - Key specifications, by which clients and the cluster find keys and know what happens to them.
// - A client that waits for a key. The key may change without having what it waits for.
// - Keys are signalled as modified where they are, not whenever they were open: WATCH holds.
// - A command of the server's, run in the caller's name: what the caller may not do, it may not.
// - An emptied value goes: there are no empty keys.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "counted_new.hpp"
#include "slotmesh_module.hpp"

namespace {

using slotmesh::sdk::Allocator;
using slotmesh::sdk::CallReply;
using slotmesh::sdk::Key;
using slotmesh::sdk::ParseInteger;
using slotmesh::sdk::View;

constexpr int kEncoding = 0;
constexpr long long kCountMax = 10'000;
constexpr std::size_t kWordMax = 4096;

using Word = std::basic_string<char, std::char_traits<char>, Allocator<char>>;
using Args = std::span<RedisModuleString* const>;
using Views = std::vector<std::string_view, Allocator<std::string_view>>;

// The words of a key. Bytes are counted as they come and go, so that MEMORY USAGE costs nothing.
class WordList {
 public:
  bool Add(std::string_view word) {
    if (words_.find(word) != words_.end()) return false;
    bytes_ += CostOf(*words_.emplace(word).first);
    return true;
  }
  bool Remove(std::string_view word) {
    const auto found = words_.find(word);
    if (found == words_.end()) return false;
    bytes_ -= CostOf(*found);
    words_.erase(found);
    return true;
  }
  // The first word with that prefix, null if there is none.
  const Word* First(std::string_view prefix) const {
    const auto found = words_.lower_bound(prefix);
    return found == words_.end() || !found->starts_with(prefix) ? nullptr : &*found;
  }

  const auto& words() const { return words_; }
  std::size_t bytes() const { return sizeof(*this) + bytes_; }

 private:
  static constexpr std::size_t kNodeBytes = 4 * sizeof(void*);
  static std::size_t CostOf(const Word& word) {
    const bool elsewhere = word.capacity() > Word().capacity();
    return kNodeBytes + sizeof(Word) + (elsewhere ? word.capacity() + 1 : 0);
  }

  std::set<Word, std::less<>, Allocator<Word>> words_;
  std::size_t bytes_ = 0;
};

RedisModuleType* list_type;

// --- What the server does with values. ---

void* Load(RedisModuleIO* io, int encoding) {
  if (encoding != kEncoding) return nullptr;  // Of a newer version of this module.
  auto* list = new WordList;
  for (uint64_t left = RedisModule_LoadUnsigned(io); left > 0 && !RedisModule_IsIOError(io);
       --left) {
    std::size_t size = 0;
    char* bytes = RedisModule_LoadStringBuffer(io, &size);
    if (bytes == nullptr) break;
    list->Add({bytes, size});
    RedisModule_Free(bytes);
  }
  if (!RedisModule_IsIOError(io) && !list->words().empty()) return list;
  delete list;
  return nullptr;
}

void Save(RedisModuleIO* io, void* value) {
  const auto& list = *static_cast<const WordList*>(value);
  RedisModule_SaveUnsigned(io, list.words().size());
  for (const Word& word : list.words()) {
    RedisModule_SaveStringBuffer(io, word.data(), word.size());
  }
}

void Rewrite(RedisModuleIO* io, RedisModuleString* key, void* value) {
  for (const Word& word : static_cast<const WordList*>(value)->words()) {
    RedisModule_EmitAOF(io, "words.add", "sb", key, word.data(), word.size());
  }
}

std::size_t MemUsage(const void* value) { return static_cast<const WordList*>(value)->bytes(); }

std::size_t FreeEffort(RedisModuleString*, const void* value) {
  return static_cast<const WordList*>(value)->words().size();
}

void Free(void* value) { delete static_cast<WordList*>(value); }

void Digest(RedisModuleDigest* digest, void* value) {
  for (const Word& word : static_cast<const WordList*>(value)->words()) {
    RedisModule_DigestAddStringBuffer(digest, word.data(), word.size());
  }
  RedisModule_DigestEndSequence(digest);
}

void* Copy(RedisModuleString*, RedisModuleString*, const void* value) {
  return new WordList(*static_cast<const WordList*>(value));
}

// --- Commands. ---

// The list of an open key, null if there is none. False, with the reply written, for a key of
// another type.
bool FindList(RedisModuleCtx* ctx, const Key& key, WordList** list) {
  *list = nullptr;
  if (!key || key.empty()) return true;
  *list = key.ValueOf<WordList>(list_type);
  if (*list != nullptr) return true;
  RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
  return false;
}

bool CheckWords(RedisModuleCtx* ctx, Args words) {
  const bool all = std::ranges::all_of(words, [](RedisModuleString* word) {
    return !View(word).empty() && View(word).size() <= kWordMax;
  });
  if (!all) RedisModule_ReplyWithError(ctx, "ERR a word has 1 to 4096 bytes");
  return all;
}

// `words` go into the list; who waits for such is told.
long long AddAll(RedisModuleCtx* ctx, RedisModuleString* name, const Key& key, WordList* list,
                 const Views& words) {
  if (list == nullptr) {
    list = new WordList;
    RedisModule_ModuleTypeSetValue(key.get(), list_type, list);
  }
  const long long added =
      std::ranges::count_if(words, [&](std::string_view word) { return list->Add(word); });
  if (added > 0) {
    RedisModule_SignalModifiedKey(ctx, name);
    RedisModule_SignalKeyAsReady(ctx, name);
  }
  return added;
}

int Add(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc < 3) return RedisModule_WrongArity(ctx);
  const Args words(argv + 2, argv + argc);
  if (!CheckWords(ctx, words)) return REDISMODULE_OK;
  const Key key(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
  WordList* list;
  if (!FindList(ctx, key, &list)) return REDISMODULE_OK;
  Views views;
  for (RedisModuleString* word : words) views.push_back(View(word));
  const long long added = AddAll(ctx, argv[1], key, list, views);
  if (added > 0) RedisModule_ReplicateVerbatim(ctx);
  return RedisModule_ReplyWithLongLong(ctx, added);
}

int Remove(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc < 3) return RedisModule_WrongArity(ctx);
  const Key key(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
  WordList* list;
  if (!FindList(ctx, key, &list)) return REDISMODULE_OK;
  if (list == nullptr) return RedisModule_ReplyWithLongLong(ctx, 0);
  const long long removed = std::count_if(
      argv + 2, argv + argc, [&](RedisModuleString* word) { return list->Remove(View(word)); });
  if (list->words().empty()) RedisModule_DeleteKey(key.get());
  if (removed > 0) {
    RedisModule_SignalModifiedKey(ctx, argv[1]);
    RedisModule_ReplicateVerbatim(ctx);
  }
  return RedisModule_ReplyWithLongLong(ctx, removed);
}

int Complete(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc != 3 && argc != 4) return RedisModule_WrongArity(ctx);
  const long long count = argc == 3 ? 10 : ParseInteger(argv[3]).value_or(0);
  if (count < 1 || count > kCountMax) {
    return RedisModule_ReplyWithError(ctx, "ERR count is not from 1 to 10000");
  }
  const Key key(ctx, argv[1], REDISMODULE_READ);
  WordList* list;
  if (!FindList(ctx, key, &list)) return REDISMODULE_OK;
  if (list == nullptr) return RedisModule_ReplyWithEmptyArray(ctx);
  const std::string_view prefix = View(argv[2]);
  long long shown = 0;
  RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
  for (auto word = list->words().lower_bound(prefix);
       word != list->words().end() && word->starts_with(prefix) && shown < count; ++word) {
    RedisModule_ReplyWithStringBuffer(ctx, word->data(), word->size());
    ++shown;
  }
  RedisModule_ReplySetArrayLength(ctx, shown);
  return REDISMODULE_OK;
}

// Takes a word, if there is one, and replies with it. The stream gets what was taken, not the wish.
bool TakeFirst(RedisModuleCtx* ctx, RedisModuleString* name, const Key& key, WordList* list,
               std::string_view prefix) {
  const Word* first = list == nullptr ? nullptr : list->First(prefix);
  if (first == nullptr) return false;
  const Word word = *first;
  RedisModule_Replicate(ctx, "words.remove", "sb", name, word.data(), word.size());
  RedisModule_ReplyWithStringBuffer(ctx, word.data(), word.size());
  list->Remove(word);
  if (list->words().empty()) RedisModule_DeleteKey(key.get());
  RedisModule_SignalModifiedKey(ctx, name);
  return true;
}

// The key has changed: perhaps there is such a word now. An error lets the client wait on.
int TakeWhenReady(RedisModuleCtx* ctx, RedisModuleString** argv, int) {
  const Key key(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
  auto* list = key.ValueOf<WordList>(list_type);
  return TakeFirst(ctx, argv[1], key, list, View(argv[2])) ? REDISMODULE_OK : REDISMODULE_ERR;
}

int ReplyTooLate(RedisModuleCtx* ctx, RedisModuleString**, int) {
  return RedisModule_ReplyWithNull(ctx);
}

int Take(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc != 4) return RedisModule_WrongArity(ctx);
  const long long millis = ParseInteger(argv[3]).value_or(-1);
  if (millis < 0) return RedisModule_ReplyWithError(ctx, "ERR no such number of milliseconds");
  const Key key(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
  WordList* list;
  if (!FindList(ctx, key, &list)) return REDISMODULE_OK;
  if (TakeFirst(ctx, argv[1], key, list, View(argv[2]))) return REDISMODULE_OK;
  // Where nobody can wait (a transaction, a script) there is nothing now.
  if ((RedisModule_GetContextFlags(ctx) & REDISMODULE_CTX_FLAGS_DENY_BLOCKING) != 0) {
    return RedisModule_ReplyWithNull(ctx);
  }
  RedisModule_BlockClientOnKeys(ctx, TakeWhenReady, ReplyTooLate, nullptr, millis, argv + 1, 1,
                                nullptr);
  return REDISMODULE_OK;
}

int Import(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) {
  if (argc != 3) return RedisModule_WrongArity(ctx);
  // C: as the caller; E: what is refused comes as an error reply.
  const CallReply members(RedisModule_Call(ctx, "SMEMBERS", "CEs", argv[2]));
  if (!members || members.type() != REDISMODULE_REPLY_ARRAY) {
    return members ? RedisModule_ReplyWithCallReply(ctx, members.get())
                   : RedisModule_ReplyWithError(ctx, "ERR the set cannot be read");
  }
  Views words;
  for (std::size_t i = 0; i < members.size(); ++i) {
    std::size_t size = 0;
    const char* bytes = RedisModule_CallReplyStringPtr(members.element(i), &size);
    if (bytes != nullptr && size > 0 && size <= kWordMax) words.emplace_back(bytes, size);
  }
  if (words.empty()) return RedisModule_ReplyWithLongLong(ctx, 0);
  const Key key(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE);
  WordList* list;
  if (!FindList(ctx, key, &list)) return REDISMODULE_OK;
  const long long added = AddAll(ctx, argv[1], key, list, words);
  // The same on a copy, whose set may differ by then.
  if (added > 0) {
    for (const std::string_view word : words) {
      RedisModule_Replicate(ctx, "words.add", "sb", argv[1], word.data(), word.size());
    }
  }
  return RedisModule_ReplyWithLongLong(ctx, added);
}

// --- Loading. ---

struct Row {
  const char* name;
  RedisModuleCmdFunc function;
  const char* flags;
  int arity;
  uint64_t access;  // What happens to the first key.
  const char* summary;
};
constexpr Row kRows[] = {
    {"words.add", &Add, "write deny-oom", -3, REDISMODULE_CMD_KEY_RW | REDISMODULE_CMD_KEY_INSERT,
     "Adds words to a list."},
    {"words.remove", &Remove, "write", -3, REDISMODULE_CMD_KEY_RW | REDISMODULE_CMD_KEY_DELETE,
     "Removes words from a list."},
    {"words.complete", &Complete, "readonly", -3,
     REDISMODULE_CMD_KEY_RO | REDISMODULE_CMD_KEY_ACCESS, "Words that begin with a prefix."},
    {"words.take", &Take, "write blocking", 4,
     REDISMODULE_CMD_KEY_RW | REDISMODULE_CMD_KEY_ACCESS | REDISMODULE_CMD_KEY_DELETE,
     "Takes the first word that begins with a prefix, or waits for one."},
    {"words.import", &Import, "write deny-oom", 3,
     REDISMODULE_CMD_KEY_RW | REDISMODULE_CMD_KEY_INSERT, "Adds the members of a set to a list."},
};

// One key at word `position`.
RedisModuleCommandKeySpec KeyAt(int position, uint64_t access) {
  RedisModuleCommandKeySpec spec = {};
  spec.flags = access;
  spec.begin_search_type = REDISMODULE_KSPEC_BS_INDEX;
  spec.bs.index.pos = position;
  spec.find_keys_type = REDISMODULE_KSPEC_FK_RANGE;
  spec.fk.range = {0, 1, 0};
  return spec;
}

bool Describe(RedisModuleCtx* ctx, const Row& row) {
  const bool reads_a_set = row.function == &Import;
  RedisModuleCommandKeySpec specs[3] = {KeyAt(1, row.access), {}, {}};
  if (reads_a_set) specs[1] = KeyAt(2, REDISMODULE_CMD_KEY_RO | REDISMODULE_CMD_KEY_ACCESS);
  RedisModuleCommandInfo info = {};
  info.version = REDISMODULE_COMMAND_INFO_VERSION;
  info.summary = row.summary;
  info.since = "1.0.0";
  info.arity = row.arity;
  info.key_specs = specs;
  RedisModuleCommand* command = RedisModule_GetCommand(ctx, row.name);
  return command != nullptr && RedisModule_SetCommandInfo(command, &info) == REDISMODULE_OK;
}

bool Register(RedisModuleCtx* ctx) {
  RedisModuleTypeMethods methods = {};
  methods.version = REDISMODULE_TYPE_METHOD_VERSION;
  methods.rdb_load = &Load;
  methods.rdb_save = &Save;
  methods.aof_rewrite = &Rewrite;
  methods.mem_usage = &MemUsage;
  methods.free_effort = &FreeEffort;
  methods.free = &Free;
  methods.digest = &Digest;
  methods.copy = &Copy;
  list_type = RedisModule_CreateDataType(ctx, "word-list", kEncoding, &methods);
  if (list_type == nullptr) return false;
  // Servers before 7.0 have no key specifications: they go by the first, last and step here.
  return std::ranges::all_of(kRows, [ctx](const Row& row) {
    const int last = row.function == &Import ? 2 : 1;
    return RedisModule_CreateCommand(ctx, row.name, row.function, row.flags, 1, last, 1) ==
               REDISMODULE_OK &&
           (RedisModule_SetCommandInfo == nullptr || Describe(ctx, row));
  });
}

}  // namespace

SLOTMESH_MODULE_ENTRY int RedisModule_OnLoad(RedisModuleCtx* ctx, RedisModuleString**, int) {
  if (RedisModule_Init(ctx, "words", 1, REDISMODULE_APIVER_1) != REDISMODULE_OK) {
    return REDISMODULE_ERR;
  }
  RedisModule_SetModuleOptions(
      ctx, REDISMODULE_OPTIONS_HANDLE_IO_ERRORS | REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED);
  return Register(ctx) ? REDISMODULE_OK : REDISMODULE_ERR;
}
