#include "modules/data_type.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>

#include "modules/io.h"
#include "modules/string.h"
#include "node/command/engine.h"
#include "slots/strings.h"

using slotmesh::modules::IoOpcode;
using slotmesh::modules::LazyName;
using slotmesh::modules::ModuleValue;

namespace {

constexpr std::string_view kNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// What a caller of that version gives, in bytes.
size_t SizeOfMethods(uint64_t version) {
  switch (version) {
    case 1:
      return offsetof(RedisModuleTypeMethods, aux_load);
    case 2:
      return offsetof(RedisModuleTypeMethods, free_effort);
    case 3:
      return offsetof(RedisModuleTypeMethods, mem_usage2);
    case 4:
      return offsetof(RedisModuleTypeMethods, aux_save2);
    default:
      return sizeof(RedisModuleTypeMethods);
  }
}

void* ValueOf(const slotmesh::node::Object& object) {
  return static_cast<const ModuleValue&>(object).value;
}

}  // namespace

RedisModuleType::RedisModuleType(slotmesh::modules::Module& owner, std::string_view type_name,
                                 uint64_t type_id, const RedisModuleTypeMethods& type_methods)
    : module(&owner), id(type_id), methods(type_methods), name_(type_name) {}

void RedisModuleType::Free(Object* object) const {
  auto* value = static_cast<ModuleValue*>(object);
  if (methods.free != nullptr) methods.free(value->value);
  delete value;
  Release();
}

void RedisModuleType::Serialise(const Object& object, slotmesh::node::RdbWriter& writer) const {
  writer.Length(id);
  RedisModuleIO io(*this, writer);
  if (methods.rdb_save != nullptr) methods.rdb_save(&io, ValueOf(object));
  writer.Length(static_cast<uint64_t>(IoOpcode::kEnd));
}

void RedisModuleType::Digest(const Object& object, slotmesh::node::DigestSink& sink) const {
  RedisModuleDigest digest(sink);
  if (methods.digest != nullptr) methods.digest(&digest, ValueOf(object));
}

slotmesh::node::Object* RedisModuleType::CopyTo(const Object& object, const KeyPlace& from,
                                                const KeyPlace& to) const {
  void* copy = nullptr;
  RedisModuleKeyOptCtx places(from, to);
  if (methods.copy2 != nullptr) {
    copy = methods.copy2(&places, ValueOf(object));
  } else if (methods.copy != nullptr) {
    copy = methods.copy(places.from.get(), places.to.get(), ValueOf(object));
  }
  return copy == nullptr ? nullptr : new ModuleValue(*this, copy);
}

size_t RedisModuleType::MemoryUsageAt(const Object& object, size_t samples,
                                      const KeyPlace& place) const {
  size_t bytes = sizeof(ModuleValue);
  if (methods.mem_usage2 != nullptr) {
    RedisModuleKeyOptCtx where(place, {});
    bytes += methods.mem_usage2(&where, ValueOf(object), samples);
  } else if (methods.mem_usage != nullptr) {
    bytes += methods.mem_usage(ValueOf(object));
  }
  return bytes;
}

size_t RedisModuleType::FreeEffortAt(const Object& object, const KeyPlace& place) const {
  size_t effort = 1;
  if (methods.free_effort2 != nullptr) {
    RedisModuleKeyOptCtx where(place, {});
    effort = methods.free_effort2(&where, ValueOf(object));
  } else if (methods.free_effort != nullptr) {
    LazyName name(place.key);
    effort = methods.free_effort(name.get(), ValueOf(object));
  }
  // A module's way of asking for a thread whatever it costs.
  return effort == 0 ? std::numeric_limits<size_t>::max() : effort;
}

void RedisModuleType::OnUnlinked(const Object& object, const KeyPlace& place) const {
  if (methods.unlink2 != nullptr) {
    RedisModuleKeyOptCtx where(place, {});
    methods.unlink2(&where, ValueOf(object));
  } else if (methods.unlink != nullptr) {
    LazyName name(place.key);
    methods.unlink(name.get(), ValueOf(object));
  }
}

bool RedisModuleType::Rewrite(
    const Object& object, const KeyPlace& place,
    absl::FunctionRef<void(absl::Span<const std::string_view>)> emit) const {
  if (methods.aof_rewrite == nullptr) return false;
  RedisModuleIO io(*this, place, &emit);
  methods.aof_rewrite(&io, io.name.get(), ValueOf(object));
  return true;
}

slotmesh::node::RdbWriter* RedisModuleIO::Begin(IoOpcode opcode) {
  if (error || writer == nullptr) return nullptr;
  writer->Raw(header);
  header.clear();
  writer->Length(static_cast<uint64_t>(opcode));
  return writer;
}

bool RedisModuleIO::Expect(IoOpcode opcode) {
  uint64_t found;
  if (!error && (reader == nullptr || !reader->Length(&found) ||
                 found != static_cast<uint64_t>(opcode))) {
    Fail();
  }
  return !error;
}

namespace slotmesh::modules {

uint64_t TypeId::Of(std::string_view name, int encoding_version) {
  if (name.size() != kNameSize || encoding_version < 0 || encoding_version > kEncodingMax) return 0;
  uint64_t id = 0;
  for (const char character : name) {
    const size_t at = kNameCharacters.find(character);
    if (at == std::string_view::npos) return 0;
    id = id << kCharacterBits | at;
  }
  return id << kEncodingBits | static_cast<uint64_t>(encoding_version);
}

std::string TypeId::NameOf(uint64_t id) {
  std::string name(kNameSize, ' ');
  uint64_t bits = NameBits(id);
  for (size_t i = kNameSize; i > 0; --i) {
    name[i - 1] = kNameCharacters[bits & (kNameCharacters.size() - 1)];
    bits >>= kCharacterBits;
  }
  return name;
}

ModuleValue::ModuleValue(const RedisModuleType& type, void* module_value)
    : Object(type), value(module_value) {
  type.Retain();
}

LazyName::~LazyName() {
  if (made_ != nullptr) made_->Release();
}

RedisModuleString* LazyName::get() {
  if (made_ == nullptr && bytes_.data() != nullptr) made_ = new RedisModuleString(bytes_);
  return made_;
}

TypeTable::TypeTable(node::Engine& engine) : engine_(engine) {
  engine_.type_settings.module_values = this;
}

TypeTable::~TypeTable() {
  engine_.type_settings.module_values = nullptr;
  for (const RedisModuleType* type : types_) type->Release();
}

RedisModuleType* TypeTable::Add(Module& module, std::string_view name, int encoding_version,
                                const RedisModuleTypeMethods* methods) {
  const uint64_t id = TypeId::Of(name, encoding_version);
  if (id == 0 || !module.loading || methods->version == 0 || Find(id) != nullptr) return nullptr;
  RedisModuleTypeMethods known = {};
  std::memcpy(&known, methods, SizeOfMethods(methods->version));
  return types_.emplace_back(new RedisModuleType(module, name, id, known));
}

RedisModuleType* TypeTable::Find(uint64_t id) const {
  for (RedisModuleType* type : types_) {
    if (TypeId::NameBits(type->id) == TypeId::NameBits(id)) return type;
  }
  return nullptr;
}

std::string_view TypeTable::HoldsBack(const Module& module) const {
  const bool has_types = std::any_of(types_.begin(), types_.end(), [&](const auto* type) {
    return type->module == &module;
  });
  return has_types ? "the module exports one or more module-side data types, can't unload" : "";
}

void TypeTable::Forget(Module& module) {
  std::erase_if(types_, [&](const RedisModuleType* type) {
    if (type->module != &module) return false;
    type->Release();
    return true;
  });
}

namespace {

bool ReadEnd(node::RdbReader& reader) {
  uint64_t end;
  return reader.Length(&end) && end == static_cast<uint64_t>(IoOpcode::kEnd);
}

absl::Status Missing(uint64_t id) {
  return absl::UnimplementedError(StrCat("no module that is loaded has the type '",
                                         TypeId::NameOf(id),
                                         "': load the module that has it (loadmodule) first"));
}

absl::Status Unreadable(std::string_view what, const RedisModuleType& type) {
  return absl::DataLossError(StrCat(what, " of the type '", type.name(), "' that its module '",
                                    type.module->name, "' cannot read"));
}

}  // namespace

absl::StatusOr<node::Object*> TypeTable::Load(node::RdbReader& reader) {
  uint64_t id;
  if (!reader.Length(&id)) return reader.status();
  const RedisModuleType* type = Find(id);
  if (type == nullptr) return Missing(id);
  if (type->methods.rdb_load == nullptr) return Unreadable("a value", *type);
  RedisModuleIO io(*type, reader);
  void* value = type->methods.rdb_load(&io, TypeId::EncodingOf(id));
  if (value != nullptr && !io.error && ReadEnd(reader)) return new ModuleValue(*type, value);
  if (value != nullptr && type->methods.free != nullptr) type->methods.free(value);
  return Unreadable("a value", *type);
}

absl::Status TypeTable::LoadAux(node::RdbReader& reader) {
  uint64_t id;
  uint64_t opcode;
  uint64_t part;
  if (!reader.Length(&id) || !reader.Length(&opcode) || !reader.Length(&part)) {
    return reader.status();
  }
  const RedisModuleType* type = Find(id);
  if (type == nullptr) return Missing(id);
  if (type->methods.aux_load == nullptr || opcode != static_cast<uint64_t>(IoOpcode::kUnsigned)) {
    return Unreadable("data besides the keys", *type);
  }
  reader.set_place({});
  RedisModuleIO io(*type, reader);
  const int result =
      type->methods.aux_load(&io, TypeId::EncodingOf(id), static_cast<int>(part));
  if (result == REDISMODULE_OK && !io.error && ReadEnd(reader)) return absl::OkStatus();
  return Unreadable("data besides the keys", *type);
}

void TypeTable::SaveAux(Part part, node::RdbWriter& writer) {
  const int when = static_cast<int>(part);
  for (const RedisModuleType* type : types_) {
    const RedisModuleTypeMethods& methods = type->methods;
    const bool saves = methods.aux_save != nullptr || methods.aux_save2 != nullptr;
    if (!saves || (methods.aux_save_triggers & when) == 0) continue;
    RedisModuleIO io(*type, writer);
    node::RdbWriter header(&io.header);
    header.Opcode(node::RdbOpcode::kModuleAux);
    header.Length(type->id);
    header.Length(static_cast<uint64_t>(IoOpcode::kUnsigned));
    header.Length(static_cast<uint64_t>(when));
    if (methods.aux_save2 != nullptr) {
      // A module that has nothing to say does not make the file its own.
      methods.aux_save2(&io, when);
      if (!io.header.empty()) continue;
    } else {
      writer.Raw(io.header);
      io.header.clear();
      methods.aux_save(&io, when);
    }
    writer.Length(static_cast<uint64_t>(IoOpcode::kEnd));
  }
}

}  // namespace slotmesh::modules
