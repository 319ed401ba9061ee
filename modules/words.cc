#include "modules/words.h"

#include "modules/string.h"

namespace slotmesh::modules {

bool FormattedWords::Read(const char* name, const char* format, va_list args) {
  words_.emplace_back(name);
  for (const char* at = format; at != nullptr && *at != '\0'; ++at) {
    switch (*at) {
      case 'c':
        words_.emplace_back(va_arg(args, const char*));
        break;
      case 's':
        words_.push_back(va_arg(args, const RedisModuleString*)->view());
        break;
      case 'b': {
        const char* bytes = va_arg(args, const char*);
        words_.emplace_back(bytes, va_arg(args, size_t));
        break;
      }
      case 'l':
        words_.push_back(numbers_.emplace_front(std::to_string(va_arg(args, long long))));
        break;
      case 'v': {
        RedisModuleString* const* strings = va_arg(args, RedisModuleString* const*);
        const size_t count = va_arg(args, size_t);
        for (size_t i = 0; i < count; ++i) words_.push_back(strings[i]->view());
        break;
      }
      default:
        if (!ReadMark(*at)) return false;
    }
  }
  return true;
}

bool FormattedWords::ReadMark(char mark) {
  switch (mark) {
    case '!':
      return marks_.replicate = true;
    case 'A':
      return marks_.not_to_aof = true;
    case 'R':
      return marks_.not_to_replicas = true;
    case '3':
      return marks_.resp3 = true;
    case '0':
      return marks_.callers_protocol = true;
    case 'C':
      return marks_.as_user = true;
    case 'S':
      return marks_.script_rules = true;
    case 'W':
      return marks_.no_writes = true;
    case 'M':
      return marks_.respect_memory = true;
    case 'E':
      return marks_.errors_as_replies = true;
    case 'D':
      marks_.errors_as_replies = true;
      return marks_.dry_run = true;
    case 'K':
      return marks_.may_block = true;
    default:
      return false;
  }
}

}  // namespace slotmesh::modules
