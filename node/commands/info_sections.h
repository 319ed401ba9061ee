// The sections of INFO, in the order in which they are shown.
#ifndef SLOTMESH_NODE_COMMANDS_INFO_SECTIONS_H_
#define SLOTMESH_NODE_COMMANDS_INFO_SECTIONS_H_

#include <string_view>

#include "absl/types/span.h"
#include "node/command/engine.h"
#include "node/commands/info_text.h"
#include "node/commands/server.h"

namespace slotmesh::node {

// What sections read.
struct InfoSource {
  Engine& engine;
  ServerFamily& family;
};

struct InfoSection {
  std::string_view name;  // As clients ask for it, in any case.
  bool by_default;
  void (*write)(const InfoSource& source, InfoText& text);
  bool only_by_name = false;  // Not among "all" and "everything".
};

absl::Span<const InfoSection> InfoSections();

// info_sections.cc
void InfoServer(const InfoSource& source, InfoText& text);
void InfoClients(const InfoSource& source, InfoText& text);
void InfoMemory(const InfoSource& source, InfoText& text);
void InfoPersistence(const InfoSource& source, InfoText& text);
void InfoReplication(const InfoSource& source, InfoText& text);
void InfoCpu(const InfoSource& source, InfoText& text);
void InfoModules(const InfoSource& source, InfoText& text);
void InfoCluster(const InfoSource& source, InfoText& text);
// info_statistics.cc
void InfoDebug(const InfoSource& source, InfoText& text);
void InfoStats(const InfoSource& source, InfoText& text);
void InfoCommandStats(const InfoSource& source, InfoText& text);
void InfoErrorStats(const InfoSource& source, InfoText& text);
void InfoLatencyStats(const InfoSource& source, InfoText& text);
void InfoKeyspace(const InfoSource& source, InfoText& text);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_INFO_SECTIONS_H_
