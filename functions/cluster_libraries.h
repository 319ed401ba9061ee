// A node's function libraries where its cluster decides about them (cluster-functions yes).
//
// The ledger says which libraries there are (slots/ledger/entry.h, LibrariesChanged); the control
// thread brings their texts (node/cluster/control/library_courier.h). Here a change that a client
// wants becomes a proposal, and each picture of the cluster becomes the node's registry: what is
// not declared goes, what is declared comes as soon as its text has. Files decide nothing: what a
// node loaded from them is put right by the first picture. One exception: a lone node whose log
// never declared any library declares those of its files, so that a file from elsewhere can be
// moved in.
//
// While a script runs the libraries stay as they are; Tick() or the next picture follows then. A
// library that cannot be loaded here, though it could elsewhere (its code took too long, say), is
// tried again after kRetry. Engine thread only. Borrows all.
#ifndef SLOTMESH_FUNCTIONS_CLUSTER_LIBRARIES_H_
#define SLOTMESH_FUNCTIONS_CLUSTER_LIBRARIES_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "functions/functions.h"
#include "node/cluster/cluster_state.h"
#include "node/cluster/library_digest.h"

namespace slotmesh::functions {

class ClusterLibraries : public LibraryAuthority {
 public:
  static constexpr absl::Duration kRetry = absl::Seconds(10);

  ClusterLibraries(Functions& functions, node::ClusterState& state);

  // After the files are loaded and whenever the state has taken up a picture.
  void Follow();
  // Some times a second.
  void Tick();

  // Loads a library's text for somebody who is no client. `done` as LibraryAuthority's.
  void LoadText(std::string_view text, bool replace, Done done);

  // LibraryAuthority.
  void Load(std::unique_ptr<Library> library, bool replace, Done done) override;
  void Restore(LibraryRegistry libraries, RestorePolicy policy, Done done) override;
  void Delete(std::string name, Done done) override;
  void Flush(Done done) override;

  // What this node has, by name; and why it has not what it should have.
  const std::map<std::string, slots::LibraryDigest>& loaded() const { return loaded_; }
  std::string Problem(std::string_view name) const;  // Empty: none.

 private:
  struct Failure {
    std::string why;
    int64_t retry_ms = 0;
  };
  using Prepared = std::vector<std::pair<std::string, std::unique_ptr<Library>>>;

  // Gives `libraries` to the cluster; those that were compiled here are kept until it has decided.
  void Propose(ledger::LibrariesChanged change, Prepared libraries, Done done);
  void Decided(const absl::Status& status, const Done& done);
  bool Adopt(const ledger::View& view);
  void TakeStock();
  void RemoveUndeclared(const ledger::View& view);
  void AddDeclared(const ledger::View& view, const node::LibraryTexts& texts);
  std::unique_ptr<Library> Compile(const ledger::LibraryRecord& record, const std::string& text);
  void Insert(const ledger::View& view, std::unique_ptr<Library> library,
              const slots::LibraryDigest& digest);
  void Remove(const std::string& name);
  void Journal(std::initializer_list<std::string_view> words);
  void FinishWaiting();

  Functions& functions_;
  node::ClusterState& state_;
  node::Engine& engine_;
  node::Log& log_;
  std::map<std::string, slots::LibraryDigest> loaded_;
  std::shared_ptr<const ledger::View> followed_;
  std::shared_ptr<const node::LibraryTexts> texts_;
  uint64_t seen_changes_ = 0;  // Of Functions, that loaded_ goes by.
  std::map<slots::LibraryDigest, Failure> failures_;
  // Compiled here before they were proposed, and how many proposals want them.
  std::map<slots::LibraryDigest, std::unique_ptr<Library>> prepared_;
  size_t proposals_ = 0;
  std::vector<std::pair<absl::Status, Done>> waiting_;  // Decided while a script ran.
  bool started_ = false;
  bool adopting_ = false;
};

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_CLUSTER_LIBRARIES_H_
