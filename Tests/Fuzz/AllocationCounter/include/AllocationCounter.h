#ifndef ASSAY_ALLOCATION_COUNTER_H
#define ASSAY_ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stddef.h>

/// What the heap was asked for by the current thread since `allocation_counter_start`.
typedef struct {
    /// The most bytes that were held at one moment, beyond what was held at the start.
    size_t peak;
    /// All bytes ever asked for.
    size_t total;
    /// The number of allocations.
    size_t count;
} allocation_count;

/// True if this build counts: on glibc, and not under a sanitizer that brings its own allocator.
bool allocation_counter_works(void);

/// Begins to count the allocations of the current thread.
void allocation_counter_start(void);

/// Ends it.
allocation_count allocation_counter_stop(void);

#endif
