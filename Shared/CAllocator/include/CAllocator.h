#ifndef ASSAY_ALLOCATOR_H
#define ASSAY_ALLOCATOR_H

/// Gives the system back at once what was freed and is kept for later. Safe from any thread.
void allocator_return_freed_memory(void);

#endif
