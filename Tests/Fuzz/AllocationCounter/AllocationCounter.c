// Takes the place of malloc and its family in a test program, and counts per thread what is asked for.
// The memory itself comes from whoever is next in line: jemalloc where it is linked, else glibc.
#define _GNU_SOURCE
#include "AllocationCounter.h"

#include <dlfcn.h>
#include <errno.h>
#include <features.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_ALLOCATOR 1
#endif
#endif

#if defined(__GLIBC__) && !defined(HAS_OWN_ALLOCATOR)
#include <malloc.h>

// The function of this name that would be called without us. Looking it up allocates nothing as long as
// it is found, and threads that look at the same time find the same.
#define NEXT(name)                                                                     \
    ({                                                                                 \
        static __typeof__(&name) found;                                                \
        __typeof__(&name) next = __atomic_load_n(&found, __ATOMIC_RELAXED);            \
        if (next == NULL) {                                                            \
            next = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                         \
            __atomic_store_n(&found, next, __ATOMIC_RELAXED);                          \
        }                                                                              \
        next;                                                                          \
    })

// Initial-exec: reading it must not allocate.
static __thread struct {
    bool active;
    intptr_t held;
    intptr_t peak;
    size_t total;
    size_t count;
} counter __attribute__((tls_model("initial-exec")));

// Blocks are counted by their usable size, which is what both sides of a free know.
static void *gained(void *block) {
    if (!counter.active || block == NULL) return block;
    size_t size = malloc_usable_size(block);
    counter.held += (intptr_t)size;
    counter.total += size;
    counter.count += 1;
    if (counter.held > counter.peak) counter.peak = counter.held;
    return block;
}

static void lost(size_t size) {
    if (counter.active) counter.held -= (intptr_t)size;
}

void *malloc(size_t size) { return gained(NEXT(malloc)(size)); }

void *calloc(size_t count, size_t size) { return gained(NEXT(calloc)(count, size)); }

void *realloc(void *block, size_t size) {
    size_t before = counter.active && block != NULL ? malloc_usable_size(block) : 0;
    void *moved = NEXT(realloc)(block, size);
    if (moved == NULL && size != 0) return NULL;
    lost(before);
    return gained(moved);
}

void *memalign(size_t alignment, size_t size) { return gained(NEXT(memalign)(alignment, size)); }

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) {
        return EINVAL;
    }
    void *found = memalign(alignment, size);
    if (found == NULL) return ENOMEM;
    *block = found;
    return 0;
}

void free(void *block) {
    if (counter.active && block != NULL) lost(malloc_usable_size(block));
    NEXT(free)(block);
}

bool allocation_counter_works(void) { return true; }

void allocation_counter_start(void) {
    counter.held = counter.peak = 0;
    counter.total = counter.count = 0;
    counter.active = true;
}

allocation_count allocation_counter_stop(void) {
    counter.active = false;
    allocation_count result = {(size_t)counter.peak, counter.total, counter.count};
    return result;
}

#else

bool allocation_counter_works(void) { return false; }

void allocation_counter_start(void) {}

allocation_count allocation_counter_stop(void) {
    allocation_count none = {0, 0, 0};
    return none;
}

#endif
