#include "modules/module.h"

#include <utility>

#include "modules/command.h"

namespace slotmesh::modules {

Module::Module(std::string library_path, std::vector<std::string> load_args)
    : path(std::move(library_path)), args(std::move(load_args)) {}

Module::~Module() = default;

}  // namespace slotmesh::modules
