// A value that is no string, for tests: counts how many of its kind are alive.
#ifndef SLOTMESH_NODE_KEYSPACE_TEST_OBJECT_H_
#define SLOTMESH_NODE_KEYSPACE_TEST_OBJECT_H_

#include "node/types/value_type.h"

namespace slotmesh::node {

struct TestObject : Object {
  TestObject(const ValueType& value_type, int& alive_count)
      : Object(value_type), alive(alive_count) {
    ++alive;
  }
  ~TestObject() { --alive; }
  int& alive;
};

class TestValueType : public ValueType {
 public:
  ValueKind kind() const override { return ValueKind::kList; }
  std::string_view name() const override { return "test"; }
  Encoding EncodingOf(const Object&) const override { return Encoding::kListpack; }
  void Free(Object* object) const override { delete static_cast<TestObject*>(object); }
  size_t FreeEffort(const Object&) const override { return 1000; }
  size_t MemoryUsage(const Object&, size_t) const override { return sizeof(TestObject); }
  Object* Copy(const Object& object) const override {
    return new TestObject(*this, static_cast<const TestObject&>(object).alive);
  }
  RdbType RdbTypeOf(const Object&) const override { return RdbType::kList; }
  void Serialise(const Object&, RdbWriter&) const override {}
  void Digest(const Object&, DigestSink& sink) const override { sink.Ordered("test"); }
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_TEST_OBJECT_H_
