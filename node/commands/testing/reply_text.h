// RESP as people read it, in the manner of redis-cli but telling every type apart: the format of
// golden scripts.
//
//   +OK            OK                  :1             (integer) 1
//   $1 a           "a"                 $-1            (nil)
//   *-1            (nil array)         _              (null)
//   -ERR x         (error) ERR x       *2             1) "a"
//   %1             1# "a" => "b"                      2) 1) "nested"
//
// Pure.
#ifndef SLOTMESH_NODE_COMMANDS_TESTING_REPLY_TEXT_H_
#define SLOTMESH_NODE_COMMANDS_TESTING_REPLY_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

namespace slotmesh::node {

// The lines of all replies in `resp`. What is no RESP, or is cut off, ends with a line "(broken)".
std::vector<std::string> ReplyText(std::string_view resp);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_TESTING_REPLY_TEXT_H_
