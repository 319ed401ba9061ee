// The list as the engine sees every value: freeing, measuring, writing, loading.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "node/codec/rdb_writer.h"
#include "node/data/ziplist_reader.h"
#include "node/types/list.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

// How a node of a serialised quicklist follows: one element as it is, or a listpack.
constexpr uint64_t kContainerPlain = 1;
constexpr uint64_t kContainerPacked = 2;

constexpr const char* kEmpty = "an empty list";

const List& AsList(const Object& object) { return static_cast<const List&>(object); }

}  // namespace

class ListValueType : public ValueType {
 public:
  ValueKind kind() const override { return ValueKind::kList; }
  std::string_view name() const override { return "list"; }
  Encoding EncodingOf(const Object& object) const override { return AsList(object).encoding(); }
  void Free(Object* object) const override { delete static_cast<List*>(object); }
  size_t FreeEffort(const Object& object) const override { return AsList(object).node_count(); }
  Object* Copy(const Object& object) const override { return AsList(object).Copy(); }
  RdbType RdbTypeOf(const Object&) const override { return RdbType::kListQuicklist2; }

  size_t MemoryUsage(const Object& object, size_t samples) const override {
    const List& list = AsList(object);
    size_t seen = 0;
    size_t nodes = 0;
    for (const ListNode* node = list.head_; node != nullptr; node = node->next) {
      if (samples != 0 && seen >= samples) break;
      nodes += node->allocated() + (node == &list.first_ ? 0 : sizeof(ListNode));
      ++seen;
    }
    if (seen == 0) return sizeof(List);
    return sizeof(List) + nodes * list.node_count() / seen;
  }

  void Serialise(const Object& object, RdbWriter& writer) const override {
    SerialPlace place;
    (void)SerialisePart(object, &place, SIZE_MAX, writer);
  }

  bool SerialisePart(const Object& object, SerialPlace* place, size_t bytes,
                     RdbWriter& writer) const override {
    const List& list = AsList(object);
    const size_t begin = writer.size();
    const auto* node = static_cast<const ListNode*>(place->at);
    if (!std::exchange(place->begun, true)) {
      writer.Length(list.node_count());
      node = list.head();
    }
    std::string scratch;
    for (; node != nullptr && writer.size() - begin < bytes; node = node->next) {
      writer.Length(kContainerPacked);
      writer.String(node->View(scratch).raw());
    }
    place->at = node;
    return node == nullptr;
  }

  void Digest(const Object& object, DigestSink& sink) const override {
    const List& list = AsList(object);
    ListpackText text;
    list.Walk(0, list.size(), /*backwards=*/false, [&](const ListpackValue& value) {
      sink.Ordered(value.Text(text));
      return true;
    });
  }

  bool VisitElements(const Object& object,
                     absl::FunctionRef<void(std::string_view)> visit) const override {
    const List& list = AsList(object);
    ListpackText text;
    list.Walk(0, list.size(), /*backwards=*/false, [&](const ListpackValue& value) {
      visit(value.Text(text));
      return true;
    });
    return true;
  }
};

const ValueType& ListType() {
  static const ListValueType type;
  return type;
}

namespace {

bool AppendText(List& list, std::string_view text, RdbReader& reader,
                const TypeSettings& settings) {
  if (text.size() > List::kElementMax) return reader.Fail("a list's element is too long");
  list.ExpectGrowth(text.size(), 1, settings);
  list.Push(ListEnd::kTail, text, settings);
  return true;
}

bool AppendZiplist(List& list, RdbReader& reader, const TypeSettings& settings) {
  std::string scratch;
  std::string_view bytes;
  if (!reader.String(&bytes, &scratch)) return false;
  const bool whole = ReadZiplist(bytes, [&](const ListpackValue& value) {
    list.ExpectGrowth(value.length, 1, settings);
    list.Push(ListEnd::kTail, value, settings);
    return true;
  });
  return whole || reader.Fail("not a ziplist");
}

bool AppendQuicklistNode(List& list, RdbReader& reader, const TypeSettings& settings) {
  uint64_t container;
  std::string scratch;
  std::string_view bytes;
  if (!reader.Length(&container) || !reader.String(&bytes, &scratch)) return false;
  if (bytes.empty()) return reader.Fail("a list's node without bytes");
  if (container == kContainerPlain) return AppendText(list, bytes, reader, settings);
  if (container != kContainerPacked) return reader.Fail("a list's node of no known kind");
  // Reading elements relies on it, so this is always deep.
  if (!ListpackView::Valid(bytes, /*deep=*/true)) return reader.Fail("not a listpack");
  list.AppendNode(bytes, settings);
  return true;
}

bool AppendString(List& list, RdbReader& reader, const TypeSettings& settings) {
  std::string scratch;
  std::string_view text;
  return reader.String(&text, &scratch) && AppendText(list, text, reader, settings);
}

// A number of nodes (or elements, as servers wrote them long ago), then one by one.
class NodesLoader final : public ValueLoader {
 public:
  NodesLoader(RdbType form, const TypeSettings& settings)
      : append_(form == RdbType::kList            ? &AppendString
                : form == RdbType::kListQuicklist ? &AppendZiplist
                                                  : &AppendQuicklistNode),
        settings_(settings) {}

  bool Add(RdbReader& part) override {
    if (list_ == nullptr && !part.Length(&left_)) return false;
    if (list_ == nullptr) list_ = std::make_unique<List>();
    for (; left_ > 0 && !part.at_end(); --left_) {
      if (!append_(*list_, part, settings_)) return false;
    }
    if (left_ > 0) return true;
    if (list_->empty()) return part.FailEmpty(kEmpty);
    list_->SettleAfterLoading(settings_);
    return true;
  }
  bool complete() const override { return list_ != nullptr && left_ == 0; }
  Object* Release() override { return list_.release(); }

 private:
  bool (*const append_)(List&, RdbReader&, const TypeSettings&);
  const TypeSettings& settings_;
  std::unique_ptr<List> list_;
  uint64_t left_ = 0;
};

}  // namespace

std::unique_ptr<ValueLoader> NewListLoader(RdbType form, const TypeSettings& settings) {
  return std::make_unique<NodesLoader>(form, settings);
}

absl::StatusOr<Object*> LoadList(RdbType form, RdbReader& reader, const TypeSettings& settings) {
  CHECK(form == RdbType::kList || form == RdbType::kListZiplist ||
        form == RdbType::kListQuicklist || form == RdbType::kListQuicklist2);
  if (form != RdbType::kListZiplist) {
    NodesLoader loader(form, settings);
    return LoadWhole(loader, reader);
  }
  auto list = std::make_unique<List>();
  if (!AppendZiplist(*list, reader, settings)) return reader.status();
  if (list->empty()) {
    reader.FailEmpty(kEmpty);
    return reader.status();
  }
  list->SettleAfterLoading(settings);
  return list.release();
}

}  // namespace slotmesh::node
