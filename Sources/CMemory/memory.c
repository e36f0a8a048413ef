/* SPDX-License-Identifier: Apache-2.0 */
// Arenas: address space that costs nothing until it is touched, in huge pages where there are any.
#define _GNU_SOURCE
#include "CMemory.h"
#include <stdint.h>
#include <sys/mman.h>

static const size_t huge = 2ul << 20;

void *memory_reserve(size_t bytes) {
  bytes = (bytes + huge - 1) & ~(huge - 1);
  int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  char *p = mmap(0, bytes + huge, protection, flags, -1, 0);
  if (p == MAP_FAILED) return 0;
  // Trim the slack on both sides: many small machines must not exhaust the host's vm.max_map_count.
  char *start = (char *)(((uintptr_t)p + huge - 1) & ~(uintptr_t)(huge - 1));
  if (start > p) munmap(p, (size_t)(start - p));
  if (p + huge > start) munmap(start + bytes, (size_t)(p + huge - start));
  madvise(start, bytes, MADV_HUGEPAGE);
  return start;
}

void memory_release(void *start, size_t bytes) {
  munmap(start, (bytes + huge - 1) & ~(huge - 1));
}
