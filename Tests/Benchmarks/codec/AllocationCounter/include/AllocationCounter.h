#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdint.h>

/// How many blocks this process has allocated so far. It counts every way to the allocator, from
/// whatever library; the program must have one thread.
uint64_t allocation_count(void);

#endif
