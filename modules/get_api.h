// The function behind the first pointer of a module's context.
#ifndef SLOTMESH_MODULES_GET_API_H_
#define SLOTMESH_MODULES_GET_API_H_

namespace slotmesh::modules {

// Puts the function of that name into *target: 0. A name that there is not leaves *target alone: 1.
int GetApi(const char* name, void* target) noexcept;

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_GET_API_H_
