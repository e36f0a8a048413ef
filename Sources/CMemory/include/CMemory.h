/* SPDX-License-Identifier: Apache-2.0 */
// What Swift cannot say about memory: arenas that cost nothing until touched, and prefetching.
#pragma once
#include <stddef.h>

/// Reserves `bytes` (rounded up to 2 MiB) of zeroed, never swapped-in address space; huge pages
/// where the host offers them. Returns NULL when the address space is exhausted.
void *memory_reserve(size_t bytes);

/// Gives an arena of memory_reserve back; `bytes` as it was asked for.
void memory_release(void *start, size_t bytes);

/// Asks the processor for the cache line of `address`, for writing. Never faults.
static inline void memory_prefetch(const void *address) { __builtin_prefetch(address, 1, 3); }
