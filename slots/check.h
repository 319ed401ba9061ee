// CHECK macros for programmer errors, on in release builds too (STYLE 20). Bytes from outside never
// reach one.
#ifndef SLOTMESH_SLOTS_CHECK_H_
#define SLOTMESH_SLOTS_CHECK_H_

namespace slotmesh {

// Prints "file:line: check failed: condition" to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace slotmesh

#define CHECK(condition)                                \
  (__builtin_expect(static_cast<bool>(condition), true) \
       ? static_cast<void>(0)                           \
       : ::slotmesh::CheckFailed(__FILE__, __LINE__, #condition))
#define CHECK_EQ(a, b) CHECK((a) == (b))
#define CHECK_NE(a, b) CHECK((a) != (b))
#define CHECK_LT(a, b) CHECK((a) < (b))
#define CHECK_LE(a, b) CHECK((a) <= (b))
#define CHECK_GT(a, b) CHECK((a) > (b))
#define CHECK_GE(a, b) CHECK((a) >= (b))

#endif  // SLOTMESH_SLOTS_CHECK_H_
