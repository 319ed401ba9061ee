// Glob patterns as Redis matches them: for KEYS, SCAN, CONFIG GET, PSUBSCRIBE, ACL rules.
//
//   *  any bytes, also none           ?  any one byte        \x  the byte x itself
//   [abc] [a-z] [^a-z]  one byte of the class (or not of it); \ quotes here too; a class that is
//                       not closed goes on to the end of the pattern
//
// An empty text is matched by the empty pattern alone, not even by "*": whoever wants "*" to mean
// all (KEYS, SCAN) says so.
//
// A pattern that goes through more than kGlobStarsMax stars matches nothing: nobody means it.
//
// Pure. A pattern comes from outside: the time is bounded by the product of the lengths, whatever
// it holds, and no stack is used.
#ifndef SLOTMESH_NODE_RESP_GLOB_H_
#define SLOTMESH_NODE_RESP_GLOB_H_

#include <cstddef>
#include <string_view>

namespace slotmesh::node {

inline constexpr size_t kGlobStarsMax = 1000;

bool GlobMatches(std::string_view pattern, std::string_view text);
// The same with ASCII letters in any case.
bool GlobMatchesIgnoreCase(std::string_view pattern, std::string_view text);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_GLOB_H_
