// The one pointer per process that the C ABI of modules needs: many of its functions have no
// argument that leads to the server (RM_EventLoopAdd, RM_GetClusterSize, GetApi itself).
//
// Nothing else may use it: whoever has a context goes through that. Set while a Modules exists; a
// process has one at most. Read by any thread.
#ifndef SLOTMESH_MODULES_PROCESS_H_
#define SLOTMESH_MODULES_PROCESS_H_

namespace slotmesh::modules {

class Modules;

// REQUIRES: there is one.
Modules& TheModules();
// Null: it is going. REQUIRES: none stands, or null.
void SetTheModules(Modules* modules);

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_PROCESS_H_
