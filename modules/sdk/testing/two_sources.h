// What the two sources of the test module share. Thread-compatible.
#ifndef SLOTMESH_MODULES_SDK_TESTING_TWO_SOURCES_H_
#define SLOTMESH_MODULES_SDK_TESTING_TWO_SOURCES_H_

#include "slotmesh_module.h"

#ifdef __cplusplus
extern "C" {
#endif

void* AllocateInC(unsigned long bytes);
int HasUnlink(void);

#ifdef __cplusplus
}
#endif

#endif  // SLOTMESH_MODULES_SDK_TESTING_TWO_SOURCES_H_
