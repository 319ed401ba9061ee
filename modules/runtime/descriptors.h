// Tells when file descriptors that modules have brought can be read or written.
//
// Implemented by modules/net. Engine thread only.
#ifndef SLOTMESH_MODULES_RUNTIME_DESCRIPTORS_H_
#define SLOTMESH_MODULES_RUNTIME_DESCRIPTORS_H_

#include <functional>

namespace slotmesh::modules {

class Descriptors {
 public:
  static constexpr int kReadable = 1;
  static constexpr int kWritable = 2;

  virtual ~Descriptors() = default;
  // What is told: again and again, at most once a turn of the loop, as long as it holds.
  virtual void OnReady(std::function<void(int descriptor, int mask)> tell) = 0;
  // Watches for `mask` from now on; 0: not any more. 0, or the system's errno. The descriptor stays
  // its owner's, who ends the watching before closing it.
  virtual int Watch(int descriptor, int mask) = 0;
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_RUNTIME_DESCRIPTORS_H_
