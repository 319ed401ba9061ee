// Removes files without waiting for the system to take their blocks back, which is a tenth of a
// second and more for some hundred megabytes.
//
// Owned by one thread, the engine's. Names are gone when Remove returns; the blocks are freed on a
// thread that this owns. A process that is killed meanwhile leaves nothing behind.
#ifndef SLOTMESH_NODE_PERSIST_FILE_REMOVER_H_
#define SLOTMESH_NODE_PERSIST_FILE_REMOVER_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace slotmesh::node {

class FileRemover {
 public:
  // Files that wait for the thread; those beyond are freed at once.
  static constexpr size_t kWaitingMax = 64;

  FileRemover();
  // Waits until all is freed.
  ~FileRemover();
  FileRemover(const FileRemover&) = delete;
  FileRemover& operator=(const FileRemover&) = delete;

  // False if there was no such file, or it cannot be removed.
  bool Remove(const std::string& path);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<int> files_;  // Open, without names: closing one frees it.
  bool stop_ = false;
  std::thread thread_;  // The last member: it uses the others.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_FILE_REMOVER_H_
