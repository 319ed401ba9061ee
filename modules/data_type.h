// RedisModuleType: a type of values that a module has made. To the server it is a ValueType as any
// other, so that DUMP, COPY, MEMORY USAGE, files, copies and moving slots need to know no more.
//
// Values point to their type, and some may outlive the table (those that a background thread frees,
// those of a keyspace that goes after the modules): types are counted, by the table and by their
// values. Engine thread only, apart from Free.
#ifndef SLOTMESH_MODULES_DATA_TYPE_H_
#define SLOTMESH_MODULES_DATA_TYPE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "modules/module.h"
#include "modules/modules.h"
#include "modules/sdk/abi.h"
#include "node/types/module_values.h"
#include "node/types/value_type.h"

namespace slotmesh::modules {

// The 64 bits by which files name a type: nine characters and the version of its encoding.
class TypeId {
 public:
  static constexpr size_t kNameSize = 9;
  static constexpr int kEncodingMax = 1023;

  // 0 for a name or version that is none.
  static uint64_t Of(std::string_view name, int encoding_version);
  static std::string NameOf(uint64_t id);
  static int EncodingOf(uint64_t id) { return static_cast<int>(id & kEncodingMax); }
  static uint64_t NameBits(uint64_t id) { return id >> kEncodingBits; }

 private:
  static constexpr int kEncodingBits = 10;
  static constexpr int kCharacterBits = 6;
};

// A value of a module's type.
struct ModuleValue : node::Object {
  ModuleValue(const RedisModuleType& type, void* module_value);

  void* value;  // The module's.
};

}  // namespace slotmesh::modules

struct RedisModuleType final : public slotmesh::node::ValueType {
  RedisModuleType(slotmesh::modules::Module& owner, std::string_view type_name, uint64_t type_id,
                  const RedisModuleTypeMethods& type_methods);

  using Object = slotmesh::node::Object;
  using KeyPlace = slotmesh::node::KeyPlace;

  slotmesh::node::ValueKind kind() const override { return slotmesh::node::ValueKind::kModule; }
  std::string_view name() const override { return name_; }
  slotmesh::node::Encoding EncodingOf(const Object&) const override {
    return slotmesh::node::Encoding::kRaw;
  }
  void Free(Object* object) const override;
  size_t FreeEffort(const Object& object) const override { return FreeEffortAt(object, {}); }
  size_t MemoryUsage(const Object& object, size_t samples) const override {
    return MemoryUsageAt(object, samples, {});
  }
  Object* Copy(const Object& object) const override { return CopyTo(object, {}, {}); }
  slotmesh::node::RdbType RdbTypeOf(const Object&) const override {
    return slotmesh::node::RdbType::kModule2;
  }
  void Serialise(const Object& object, slotmesh::node::RdbWriter& writer) const override;
  void Digest(const Object& object, slotmesh::node::DigestSink& sink) const override;
  Object* CopyTo(const Object& object, const KeyPlace& from, const KeyPlace& to) const override;
  size_t MemoryUsageAt(const Object& object, size_t samples, const KeyPlace& place) const override;
  size_t FreeEffortAt(const Object& object, const KeyPlace& place) const override;
  void OnUnlinked(const Object& object, const KeyPlace& place) const override;
  bool Rewrite(const Object& object, const KeyPlace& place,
               absl::FunctionRef<void(absl::Span<const std::string_view>)> emit) const override;

  void Retain() const { references_.fetch_add(1, std::memory_order_relaxed); }
  void Release() const {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  slotmesh::modules::Module* const module;
  const uint64_t id;
  const RedisModuleTypeMethods methods;  // What the caller's version does not have is null.

 private:
  ~RedisModuleType() override = default;

  const std::string name_;
  mutable std::atomic<uint64_t> references_{1};
};

namespace slotmesh::modules {

// What stands behind an opaque pointer that a callback gets of a key's name; made when it is asked
// for. Borrows the bytes.
class LazyName {
 public:
  explicit LazyName(std::string_view bytes) : bytes_(bytes) {}
  ~LazyName();
  LazyName(const LazyName&) = delete;
  LazyName& operator=(const LazyName&) = delete;

  // Null if none is known.
  RedisModuleString* get();

 private:
  std::string_view bytes_;
  RedisModuleString* made_ = nullptr;
};

// All types of all modules.
class TypeTable : public ModulePart, public node::ModuleValues {
 public:
  // Files are read and written with what it knows as long as it exists.
  explicit TypeTable(node::Engine& engine);
  ~TypeTable() override;

  // Null if the name is none or is taken, or the module is not being loaded.
  RedisModuleType* Add(Module& module, std::string_view name, int encoding_version,
                       const RedisModuleTypeMethods* methods);

  std::string_view HoldsBack(const Module& module) const override;
  void Forget(Module& module) override;

  absl::StatusOr<node::Object*> Load(node::RdbReader& reader) override;
  absl::Status LoadAux(node::RdbReader& reader) override;
  void SaveAux(Part part, node::RdbWriter& writer) override;

  const std::vector<RedisModuleType*>& types() const { return types_; }

 private:
  // Null if there is none.
  RedisModuleType* Find(uint64_t id) const;

  node::Engine& engine_;
  std::vector<RedisModuleType*> types_;
};

}  // namespace slotmesh::modules

struct RedisModuleKeyOptCtx {
  RedisModuleKeyOptCtx(const slotmesh::node::KeyPlace& from_place,
                       const slotmesh::node::KeyPlace& to_place)
      : from(from_place.key),
        to(to_place.key),
        from_database(from_place.database),
        to_database(to_place.database) {}

  slotmesh::modules::LazyName from;
  slotmesh::modules::LazyName to;
  int from_database;
  int to_database;
};

struct RedisModuleDigest {
  explicit RedisModuleDigest(slotmesh::node::DigestSink& to)
      : sink(to), name(to.place.key), database(to.place.database) {}

  slotmesh::node::DigestSink& sink;
  std::vector<std::string> parts;  // Of the sequence under way.
  slotmesh::modules::LazyName name;
  int database;
};

#endif  // SLOTMESH_MODULES_DATA_TYPE_H_
