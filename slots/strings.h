// Between std::string_view and the string_view of the system's Abseil, which is a type of its own.
//
// Our interfaces speak std::string_view throughout; this is the one place that converts. Pure
// functions.
#ifndef SLOTMESH_SLOTS_STRINGS_H_
#define SLOTMESH_SLOTS_STRINGS_H_

#include <concepts>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace slotmesh {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

// An argument of absl's text functions, whatever it is.
template <typename T>
decltype(auto) AbslArgument(const T& value) {
  if constexpr (std::same_as<T, std::string_view>) {
    return ToAbsl(value);
  } else {
    return static_cast<const T&>(value);
  }
}

// absl::StrCat that takes std::string_view too.
template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  return absl::StrCat(AbslArgument(parts)...);
}

inline bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(ToAbsl(a), ToAbsl(b));
}

}  // namespace slotmesh

#endif  // SLOTMESH_SLOTS_STRINGS_H_
