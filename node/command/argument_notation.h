// The compact text in which a row describes its command's arguments, and the tree that COMMAND DOCS
// makes of it.
//
// Arguments are separated by spaces. One argument is
//
//   name                an argument; its type is its name if that is a type's name (key, pattern,
//                       integer, ...), else string
//   name:type           the same with its type: integer, double, key, pattern, unix-time, string
//   !TOKEN  !TOKEN=name a word that is there or not (pure-token); its name is the token in lower
//                       case unless given
//   name<a|b|c>         one of several arguments (oneof)
//   name(a b c)         several arguments that go together (block)
//   TOKEN=...           any of these, the pure token apart, led by a fixed word. A token of other
//                       characters than letters, digits and '-' stands in '': '*'=name
//
// behind which may follow, in this order
//
//   #n       it is found by the row's key spec n         {text}   how help shows it
//   @1.2.3   the version that brought it                 ~1.2.3   the one that deprecated it
//   +        may be repeated (multiple); ++: with its token each time (multiple_token)
//
// and [ ] around all of it make it optional. SET's, for example, begins
//
//   key#0 value [condition<!NX@2.6.12|!XX@2.6.12>] [!GET@6.2.0]
//   [expiration<EX=seconds:integer|...>]
//
// Pure.
#ifndef SLOTMESH_NODE_COMMAND_ARGUMENT_NOTATION_H_
#define SLOTMESH_NODE_COMMAND_ARGUMENT_NOTATION_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slotmesh::node {

// One argument. Views into the notation, but for the name of a pure token.
struct Argument {
  std::string name;
  std::string_view type;
  std::string_view token;  // Empty if there is none.
  int key_spec = -1;       // -1 if there is none.
  std::string_view display;
  std::string_view since;
  std::string_view deprecated_since;
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;
  std::vector<Argument> arguments;  // Of a oneof or block.
};

// Nothing if the text is not in the notation.
std::optional<std::vector<Argument>> ParseArguments(std::string_view notation);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_ARGUMENT_NOTATION_H_
