// The C half of the module: it uses the pointers that the other source's RedisModule_Init filled.
#include "two_sources.h"

void *AllocateInC(unsigned long bytes) { return RedisModule_Alloc(bytes); }

int HasUnlink(void) { return RMAPI_FUNC_SUPPORTED(RedisModule_UnlinkKey); }
