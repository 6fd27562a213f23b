// jemalloc is the allocator of every program that links this: the objects of a batch of calls overflow
// the caches that glibc's has per thread.
#include "CAllocator.h"

#include <jemalloc/jemalloc.h>

#define TEXT(value) #value
#define TEXT_OF(value) TEXT(value)

// Read by jemalloc at its start (jemalloc(3), "TUNING"). A limit may count addresses, not only pages in
// use (`ulimit -d`, `ulimit -v`): those that are free go back too.
const char *malloc_conf = "retain:false";

void allocator_return_freed_memory(void) {
    mallctl("arena." TEXT_OF(MALLCTL_ARENAS_ALL) ".purge", NULL, NULL, NULL, 0);
}
