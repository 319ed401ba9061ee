// Answers of the Admin service as text for people and as JSON for scripts. Pure functions.
//
// JSON: one object and a newline; numbers are numbers, slots are "0-5460,9000", ids 40 hex digits.
// Fields may be added, never renamed.
#ifndef SLOTMESH_ADMIN_CLI_RENDER_H_
#define SLOTMESH_ADMIN_CLI_RENDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "admin/admin.pb.h"

namespace slotmesh::admin {

std::string StatusText(const wire::ClusterStatus& status);
std::string NodesText(const wire::ClusterStatus& status);
std::string SlotsText(const wire::ClusterStatus& status);
std::string CheckText(const wire::CheckReply& reply);
// `status` names the nodes.
std::string PlanText(const wire::Progress& plan, const wire::ClusterStatus& status);

std::string LibrariesText(const wire::LibrariesReply& libraries);

// Where a member's libraries are not the cluster's.
struct LibraryDrift {
  std::string node;     // Its address.
  std::string library;  // Empty: all of them.
  std::string cluster;  // Digests; empty: none.
  std::string here;
  std::string problem;
};
// Of `members` that agree with version `version`, `libraries` in number.
struct LibraryDiff {
  uint64_t version = 0;
  size_t libraries = 0;
  size_t members = 0;
  std::vector<LibraryDrift> drift;
};
std::string DiffText(const LibraryDiff& diff);

// Which nodes have which module; where they do not all have the same.
struct ModuleReport {
  struct Loaded {
    std::string module;
    int64_t version = 0;
    std::vector<std::string> nodes;
  };
  std::vector<Loaded> loaded;         // By name and version.
  std::vector<std::string> warnings;  // Sentences.
};
std::string ModulesText(const ModuleReport& report);
std::string ModulesJson(const ModuleReport& report);
std::string LibrariesJson(const wire::LibrariesReply& libraries);
std::string DiffJson(const LibraryDiff& diff);
std::string StatusJson(const wire::ClusterStatus& status);
std::string NodesJson(const wire::ClusterStatus& status);
std::string SlotsJson(const wire::ClusterStatus& status);
std::string CheckJson(const wire::CheckReply& reply);
std::string PlanJson(const wire::Progress& plan);
// The end of a change.
std::string ResultJson(const wire::Progress& last, double seconds);
std::string RestartedJson(const std::vector<std::string>& ids, double seconds);
std::string ErrorJson(const std::string& text);

// "127.0.0.1:7000", for the id of a node that `status` knows; else the id.
std::string NodeName(const wire::ClusterStatus& status, const std::string& id);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_RENDER_H_
