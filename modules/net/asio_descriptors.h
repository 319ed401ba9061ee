// Descriptors over Asio: those of modules stand in an epoll set of their own, which is itself one
// descriptor of Asio's, so that theirs keep their modes and are told of as long as they are ready.
//
// Engine thread only.
#ifndef SLOTMESH_MODULES_NET_ASIO_DESCRIPTORS_H_
#define SLOTMESH_MODULES_NET_ASIO_DESCRIPTORS_H_

#include <functional>
#include <map>

#include "boost/asio/io_context.hpp"
#include "boost/asio/posix/basic_stream_descriptor.hpp"
#include "modules/runtime/descriptors.h"

namespace slotmesh::modules {

class AsioDescriptors : public Descriptors {
 public:
  explicit AsioDescriptors(boost::asio::io_context& io) : set_(io) {}

  void OnReady(std::function<void(int descriptor, int mask)> tell) override {
    tell_ = std::move(tell);
  }
  int Watch(int descriptor, int mask) override;

 private:
  static constexpr int kEventsMax = 64;

  // Errno, or 0.
  int Open();
  void Wait();
  void Tell();

  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> set_;
  std::function<void(int, int)> tell_;
  std::map<int, int> masks_;  // By descriptor.
  bool waiting_ = false;
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_NET_ASIO_DESCRIPTORS_H_
