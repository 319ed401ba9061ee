// Lists. Indexes count from the head, negative ones from the tail.
#include <cerrno>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/key.h"
#include "node/types/list.h"

namespace slotmesh::modules {
namespace {

using node::List;
using node::ListEnd;

// How many elements are read ahead for a module that goes through a list.
constexpr uint64_t kReadAhead = 64;

int Fail(int why) {
  errno = why;
  return REDISMODULE_ERR;
}

const node::TypeSettings& Settings(const RedisModuleKey* key) {
  return key->ctx->engine().type_settings;
}

ListEnd EndOf(int where) {
  return where == REDISMODULE_LIST_HEAD ? ListEnd::kHead : ListEnd::kTail;
}

// The list, which has this element. Null, and errno says why, if there is none or it was opened
// otherwise.
const List* ListWith(RedisModuleKey* key, long index, int mode) {
  const List* list = key == nullptr ? nullptr : key->ReadOf<List>();
  const auto size = list == nullptr ? 0 : static_cast<int64_t>(list->size());
  errno = 0;
  if (key == nullptr) {
    errno = EINVAL;
  } else if (list == nullptr) {
    errno = ENOTSUP;
  } else if ((key->mode & mode) == 0) {
    errno = EBADF;
  } else if (index < -size || index >= size) {
    errno = EDOM;
  }
  return errno == 0 ? list : nullptr;
}

int ListPush(RedisModuleKey* key, int where, RedisModuleString* element) noexcept {
  if (key == nullptr || element == nullptr) return Fail(EINVAL);
  if (key->Read() != nullptr && key->ReadOf<List>() == nullptr) return Fail(ENOTSUP);
  if (!key->writable()) return Fail(EBADF);
  if (element->view().size() > List::kElementMax) return Fail(EINVAL);
  CollectionChange<List> change(*key);
  if (change.object() == nullptr) change.Make(std::make_unique<List>());
  change.object()->ExpectGrowth(element->view().size(), 1, Settings(key));
  change.object()->Push(EndOf(where), element->view(), Settings(key));
  change.Commit();
  return REDISMODULE_OK;
}

RedisModuleString* ListPop(RedisModuleKey* key, int where) noexcept {
  // An open list has a first and a last element.
  if (ListWith(key, 0, REDISMODULE_WRITE) == nullptr) return nullptr;
  CollectionChange<List> change(*key);
  List& list = *change.object();
  auto* element = new RedisModuleString(list.Peek(EndOf(where)).ToString());
  list.Drop(EndOf(where), Settings(key));
  list.SettleAfterShrinking(Settings(key));
  change.Commit();
  return TrackString(key->ctx, element);
}

// Reads elements from `index` on, for those who ask for one after the other.
void ReadAhead(RedisModuleKey* key, const List& list, int64_t index, bool backwards) {
  ListWindow& window = *key->list;
  window.stamp = key->ctx->modules.keyspace_stamp();
  window.elements.clear();
  const auto at = static_cast<uint64_t>(index);
  uint64_t first = at;
  if (backwards) first = at >= kReadAhead - 1 ? at - (kReadAhead - 1) : 0;
  const uint64_t count = backwards ? at - first + 1 : std::min(kReadAhead, list.size() - at);
  window.first = static_cast<int64_t>(first);
  list.Walk(first, count, false, [&](const node::ListpackValue& value) {
    window.elements.push_back(value.ToString());
    return true;
  });
}

// The element, from what was read ahead where its neighbour was asked for before.
std::string ElementAt(RedisModuleKey* key, const List& list, int64_t index) {
  if (key->list == nullptr) key->list = std::make_unique<ListWindow>();
  ListWindow& window = *key->list;
  const int64_t last = window.last_read;
  window.last_read = index;
  const auto in_window = [&] {
    return window.stamp == key->ctx->modules.keyspace_stamp() && index >= window.first &&
           index - window.first < static_cast<int64_t>(window.elements.size());
  };
  if (!in_window() && (index == last + 1 || index == last - 1)) {
    ReadAhead(key, list, index, index < last);
  }
  if (in_window()) return window.elements[static_cast<size_t>(index - window.first)];
  std::string scratch;
  node::ListpackValue value;
  return list.At(index, scratch, &value) ? value.ToString() : std::string();
}

RedisModuleString* ListGet(RedisModuleKey* key, long index) noexcept {
  const List* list = ListWith(key, index, REDISMODULE_READ);
  if (list == nullptr) return nullptr;
  const int64_t from_head = index < 0 ? index + static_cast<int64_t>(list->size()) : index;
  return TrackString(key->ctx, new RedisModuleString(ElementAt(key, *list, from_head)));
}

int ListSet(RedisModuleKey* key, long index, RedisModuleString* value) noexcept {
  if (value == nullptr || value->view().size() > List::kElementMax) return Fail(EINVAL);
  if (ListWith(key, index, REDISMODULE_WRITE) == nullptr) return REDISMODULE_ERR;
  CollectionChange<List> change(*key);
  change.object()->ExpectGrowth(value->view().size(), 1, Settings(key));
  (void)change.object()->Set(index, value->view(), Settings(key));
  change.Commit();
  return REDISMODULE_OK;
}

// Takes the place of the element with this index; negative ones come behind theirs.
void InsertAt(List& list, uint64_t place, RedisModuleString* value,
              const node::TypeSettings& settings) {
  // What comes behind is taken off and put back: lists are changed at their ends.
  std::vector<std::string> behind;
  const bool from_tail = place >= list.size() / 2;
  const ListEnd end = from_tail ? ListEnd::kTail : ListEnd::kHead;
  const uint64_t count = from_tail ? list.size() - place : place;
  behind.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    behind.push_back(list.Peek(end).ToString());
    list.Drop(end, settings);
  }
  list.Push(end, value->view(), settings);
  for (uint64_t i = count; i > 0; --i) list.Push(end, behind[i - 1], settings);
}

int ListInsert(RedisModuleKey* key, long index, RedisModuleString* value) noexcept {
  if (value == nullptr || value->view().size() > List::kElementMax) return Fail(EINVAL);
  const List* list = key == nullptr ? nullptr : key->ReadOf<List>();
  const long size = list == nullptr ? 0 : static_cast<long>(list->size());
  if (key != nullptr && (list != nullptr || key->Read() == nullptr)) {
    if (index == size || index == -1) return ListPush(key, REDISMODULE_LIST_TAIL, value);
    if (index == 0 || index == -size - 1) return ListPush(key, REDISMODULE_LIST_HEAD, value);
  }
  if (ListWith(key, index, REDISMODULE_WRITE) == nullptr) return REDISMODULE_ERR;
  CollectionChange<List> change(*key);
  change.object()->ExpectGrowth(value->view().size(), 1, Settings(key));
  const long place = index < 0 ? index + size + 1 : index;
  InsertAt(*change.object(), static_cast<uint64_t>(place), value, Settings(key));
  change.Commit();
  return REDISMODULE_OK;
}

int ListDelete(RedisModuleKey* key, long index) noexcept {
  if (ListWith(key, index, REDISMODULE_WRITE) == nullptr) return REDISMODULE_ERR;
  CollectionChange<List> change(*key);
  List& list = *change.object();
  const auto place = static_cast<uint64_t>(index < 0 ? index + static_cast<long>(list.size())
                                                     : index);
  list.Erase(place, 1, Settings(key));
  list.SettleAfterShrinking(Settings(key));
  change.Commit();
  return REDISMODULE_OK;
}

const ApiEntry kFunctions[] = {
    {"ListPush", &ListPush}, {"ListPop", &ListPop},       {"ListGet", &ListGet},
    {"ListSet", &ListSet},   {"ListInsert", &ListInsert}, {"ListDelete", &ListDelete},
};

}  // namespace

ApiGroup ListFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
