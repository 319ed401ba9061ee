// What the engine asks of every type of value that is more than a string: one ValueType per type
// (list, set, hash, zset, stream, each module type), shared by all its values; one Object per
// value.
//
// An Object starts with a pointer to its ValueType, so that whoever holds an Object can free,
// measure or write it without knowing what it is; nobody switches on types. A keyspace entry owns
// its Object. Objects belong to the engine thread, except that ValueType::Free may run on a
// background thread for an Object that no entry reaches any more: it must not touch anything
// shared. ValueTypes are immutable and outlive their Objects.
//
// Methods join this interface with the code that calls them (AOF rewriting, defragmentation). How
// values come out of files stands in load_value.h.
#ifndef SLOTMESH_NODE_TYPES_VALUE_TYPE_H_
#define SLOTMESH_NODE_TYPES_VALUE_TYPE_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "node/codec/key_place.h"
#include "node/codec/rdb_format.h"
#include "node/types/unix_millis.h"

namespace slotmesh::node {

// The kind of a value, as TYPE reports it. The numbers are those of the on-disk format's
// documentation; they are stored in entries (4 bits) and never reused.
enum class ValueKind : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kZset = 3,
  kHash = 4,
  kModule = 5,
  kStream = 6,
};

// How a value is kept, as OBJECT ENCODING reports it (4 bits in entries).
enum class Encoding : uint8_t {
  kRaw = 0,
  kInt = 1,
  kHashtable = 2,
  kIntset = 3,
  kSkiplist = 4,
  kEmbstr = 5,
  kQuicklist = 6,
  kStream = 7,
  kListpack = 8,
};

// "string", "list", ...; "module" for a module's value whose type gives no other name.
std::string_view KindName(ValueKind kind);
// "raw", "int", "embstr", "listpack", ...
std::string_view EncodingName(Encoding encoding);

class ValueType;

// Base of every value that an entry points to. Concrete types derive from it; ValueType::Free
// destroys them.
struct Object {
  explicit Object(const ValueType& value_type) : type(&value_type) {}
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  const ValueType* type;

 protected:
  ~Object() = default;
};

class RdbWriter;

// How far a value has been written that is written in parts: at its begin in the default state.
// What the numbers mean is the type's affair.
struct SerialPlace {
  bool begun = false;
  uint64_t next = 0;
  uint64_t further[2] = {};
  const void* at = nullptr;
};

// Takes what a value consists of, for a digest that is equal where values are equal.
class DigestSink {
 public:
  virtual ~DigestSink() = default;
  // The next part, where order counts (lists, the length of a stream).
  virtual void Ordered(std::string_view part) = 0;
  // One element of many in any order, from its parts in their order (field and value; member and
  // score).
  virtual void Unordered(std::initializer_list<std::string_view> parts) = 0;
  // The same of as many parts as there are.
  virtual void Sequence(absl::Span<const std::string_view> parts) {
    for (const std::string_view part : parts) Ordered(part);
  }

  KeyPlace place;  // Whose value it is.
};

class ValueType {
 public:
  virtual ~ValueType() = default;

  virtual ValueKind kind() const = 0;
  // What TYPE replies: "list", "hash", a module's type name, ...
  virtual std::string_view name() const = 0;
  // What the value's current form is called by OBJECT ENCODING.
  virtual Encoding EncodingOf(const Object& object) const = 0;
  // Destroys the object and everything that it owns. Any thread, once nothing else reaches the
  // object.
  virtual void Free(Object* object) const = 0;
  // About how many separate allocations Free releases: above a bound it is done in the background.
  virtual size_t FreeEffort(const Object& object) const = 0;
  // Bytes allocated for the value (MEMORY USAGE). Looks at `samples` elements and extrapolates; 0
  // means all.
  virtual size_t MemoryUsage(const Object& object, size_t samples) const = 0;
  // A deep copy for COPY; null if the type cannot be copied.
  virtual Object* Copy(const Object& object) const = 0;
  // In which of its forms Serialise writes the value.
  virtual RdbType RdbTypeOf(const Object& object) const = 0;
  // Writes the value's body in the encoding of DUMP and RDB files, without type byte and footer.
  // Byte by byte the same for the same object.
  virtual void Serialise(const Object& object, RdbWriter& writer) const = 0;
  // Writes the next part of the same, of about that many bytes; true when all is written. The
  // object must not change between the parts. Types whose values stay small write all at once.
  virtual bool SerialisePart(const Object& object, SerialPlace* place, size_t bytes,
                             RdbWriter& writer) const;
  virtual void Digest(const Object& object, DigestSink& sink) const = 0;
  // Visits the elements that SORT sorts, in the value's own order. False for types without such.
  virtual bool VisitElements(const Object& object,
                             absl::FunctionRef<void(std::string_view)> visit) const {
    return false;
  }
  // No part of the value expires before this point in time (kNoExpiry: none ever does). Once it has
  // come, active expiry looks at the value.
  virtual UnixMillis NextDue(const Object&) const { return kNoExpiry; }

  // --- For types of modules, which are told where their values stand. ---

  virtual Object* CopyTo(const Object& object, const KeyPlace&, const KeyPlace&) const {
    return Copy(object);
  }
  virtual size_t MemoryUsageAt(const Object& object, size_t samples, const KeyPlace&) const {
    return MemoryUsage(object, samples);
  }
  virtual size_t FreeEffortAt(const Object& object, const KeyPlace&) const {
    return FreeEffort(object);
  }
  // The value's key is gone or gets another value; Free comes later, perhaps on another thread.
  virtual void OnUnlinked(const Object&, const KeyPlace&) const {}
  // The commands that give the value, as a file of commands has them. False if the type has none.
  virtual bool Rewrite(const Object&, const KeyPlace&,
                       absl::FunctionRef<void(absl::Span<const std::string_view>)>) const {
    return false;
  }

  // Asks for the memory that most commands on the value need first; the object itself is there.
  virtual void Prefetch(const Object&) const {}
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_VALUE_TYPE_H_
