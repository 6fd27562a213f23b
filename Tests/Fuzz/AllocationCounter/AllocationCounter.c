// Takes the place of malloc and its family in a test program, and counts per thread what is asked for.
// The memory itself comes from glibc, through the names that it exports for this.
#include "AllocationCounter.h"

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

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

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

void *malloc(size_t size) { return gained(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return gained(__libc_calloc(count, size)); }

void *realloc(void *block, size_t size) {
    size_t before = counter.active && block != NULL ? malloc_usable_size(block) : 0;
    void *moved = __libc_realloc(block, size);
    if (moved == NULL && size != 0) return NULL;
    lost(before);
    return gained(moved);
}

void *memalign(size_t alignment, size_t size) { return gained(__libc_memalign(alignment, size)); }

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
    __libc_free(block);
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
