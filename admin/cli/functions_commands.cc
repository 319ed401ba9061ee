// slotmesh functions: the cluster's function libraries.
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "admin/cli/commands.h"
#include "admin/cli/locate.h"
#include "admin/cli/members.h"
#include "admin/cli/render.h"

namespace slotmesh::admin {
namespace {

// A library's text is at most 1 MiB; a file beyond this is not read to its end.
constexpr size_t kFileBytesMax = size_t{2} << 20;

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() <= kFileBytesMax) return text;
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is larger than ", kFileBytesMax, " bytes: no library is"));
}

const wire::Library* Find(const wire::LibrariesReply& reply, const std::string& name) {
  for (const wire::Library& library : reply.libraries()) {
    if (library.name() == name) return &library;
  }
  return nullptr;
}

// What `reply` has that `cluster`, the newest that anybody knows, does not say so.
void Compare(const wire::LibrariesReply& cluster, const wire::LibrariesReply& reply,
             const std::string& node, std::vector<LibraryDrift>* drift) {
  std::set<std::string> names;
  for (const wire::Library& library : cluster.libraries()) names.insert(library.name());
  for (const wire::Library& library : reply.libraries()) names.insert(library.name());
  for (const std::string& name : names) {
    const wire::Library* decided = Find(cluster, name);
    const wire::Library* own = Find(reply, name);
    LibraryDrift found{.node = node, .library = name};
    if (decided != nullptr) found.cluster = decided->digest();
    if (own != nullptr) found.here = own->here();
    if (found.cluster == found.here) continue;
    if (!reply.clustered()) {
      found.problem = "the node decides alone (cluster-functions no)";
    } else if (reply.version() < cluster.version()) {
      found.problem = "the node does not know of the last change yet";
    } else {
      found.problem = own == nullptr ? "not there" : own->problem();
    }
    drift->push_back(std::move(found));
  }
}

LibraryDiff DiffOf(const std::vector<Members::MemberLibraries>& members) {
  const wire::LibrariesReply* cluster = nullptr;
  for (const Members::MemberLibraries& member : members) {
    if (!member.reply.ok() || !member.reply->clustered()) continue;
    if (cluster == nullptr || member.reply->version() > cluster->version()) {
      cluster = &*member.reply;
    }
  }
  LibraryDiff diff;
  wire::LibrariesReply decided;
  for (int i = 0; cluster != nullptr && i < cluster->libraries_size(); ++i) {
    if (cluster->libraries(i).version() != 0) *decided.add_libraries() = cluster->libraries(i);
  }
  if (cluster != nullptr) decided.set_version(cluster->version());
  diff.version = decided.version();
  diff.libraries = static_cast<size_t>(decided.libraries_size());
  for (const Members::MemberLibraries& member : members) {
    const std::string node =
        ToText({member.node->host(), static_cast<uint16_t>(member.node->port())});
    const size_t before = diff.drift.size();
    if (!member.reply.ok()) {
      const std::string why(member.reply.status().message());
      diff.drift.push_back({.node = node, .problem = absl::StrCat("does not answer: ", why)});
    } else {
      Compare(decided, *member.reply, node, &diff.drift);
    }
    if (diff.drift.size() == before) ++diff.members;
  }
  return diff;
}

}  // namespace

int Commands::LoadLibrary(const std::string& file, bool replace) {
  wire::LoadLibraryRequest request;
  auto text = ReadText(file);
  if (!text.ok()) return Fail(text.status());
  request.set_text(*std::move(text));
  request.set_replace(replace);
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  const auto reply = session->client->LoadLibrary(request);
  if (!reply.ok()) return Fail(reply.status());
  environment_.out(json_ ? absl::StrCat("{\"loaded\": \"", reply->name(), "\"}\n")
                         : absl::StrCat("Library '", reply->name(), "' is the cluster's now.\n"));
  return kExitOk;
}

int Commands::ListLibraries() {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  const auto reply = session->client->Libraries();
  if (!reply.ok()) return Fail(reply.status());
  environment_.out(json_ ? LibrariesJson(*reply) : LibrariesText(*reply));
  return kExitOk;
}

int Commands::DeleteLibrary(const std::string& name) {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  wire::DeleteLibraryRequest request;
  request.set_name(name);
  const absl::Status deleted = session->client->DeleteLibrary(request);
  if (!deleted.ok()) return Fail(deleted);
  environment_.out(json_ ? absl::StrCat("{\"deleted\": \"", name, "\"}\n")
                         : absl::StrCat("Library '", name, "' is gone.\n"));
  return kExitOk;
}

int Commands::DiffLibraries() {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  const auto status = session->client->Status();
  if (!status.ok()) return Fail(status.status());
  const LibraryDiff diff = DiffOf(Members(*session->auth).AskLibraries(*status));
  environment_.out(json_ ? DiffJson(diff) : DiffText(diff));
  return diff.drift.empty() ? kExitOk : kExitFailed;
}

}  // namespace slotmesh::admin
