// INFO.
#include <algorithm>
#include <string>
#include <vector>

#include "node/commands/info_sections.h"
#include "node/commands/server_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Whether one of the words asks for the section.
bool IsWanted(const InfoSection& section, Args words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    if (EqualsIgnoreCase(word, "default")) return section.by_default;
    if (EqualsIgnoreCase(word, "all") || EqualsIgnoreCase(word, "everything")) {
      return !section.only_by_name;
    }
    return EqualsIgnoreCase(word, section.name);
  });
}

// Others' sections are shown when everything is, or when a word names none of the server's.
void WriteOthers(const InfoSource& source, Args words, InfoText& text) {
  if (source.family.modules == nullptr) return;
  bool all = false;
  bool named = false;
  for (const std::string_view word : words) {
    all = all || EqualsIgnoreCase(word, "everything") || EqualsIgnoreCase(word, "modules");
    named = named || std::none_of(InfoSections().begin(), InfoSections().end(),
                                  [&](const InfoSection& section) {
                                    return EqualsIgnoreCase(section.name, word);
                                  });
  }
  if (all || named) text.AddSections(source.family.modules->InfoSections(all ? Args() : words));
}

}  // namespace

void Info(CommandContext& ctx, Args args) {
  const InfoSource source{ctx.engine(), ctx.family<ServerFamily>()};
  InfoText text;
  for (const InfoSection& section : InfoSections()) {
    const bool wanted = args.size() == 1 ? section.by_default : IsWanted(section, args.subspan(1));
    if (wanted) section.write(source, text);
  }
  WriteOthers(source, args.subspan(1), text);
  ctx.reply().Verbatim("txt", text.text());
}

}  // namespace slotmesh::node
