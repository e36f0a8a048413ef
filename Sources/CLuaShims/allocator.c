/* SPDX-License-Identifier: Apache-2.0 */
/* Lua's memory: counted always, bounded while Lua runs.
 *
 * Making a value takes time in proportion to its size, in one instruction: every 16 bytes cost one
 * of the instruction budget, so that joining long strings over and over ends.
 *
 * A refused allocation is a longjmp. While Swift runs, nothing is refused; the trampoline looks at
 * the sum afterwards. When the host itself has no memory left by then, the program stops.
 */
#include "CLuaShims.h"

#include <stdio.h>
#include <stdlib.h>

enum { GRACE = 64 << 10 }; /* bytes for the message that ends a script */

void shim_spend(shim_context *c, int what) {
  c->spent = what;
  c->grace = c->used + GRACE;
}

static int refuses(shim_context *c, size_t growth) {
  if (c->spent && growth <= c->grace && c->used <= c->grace - growth) return 0;
  c->allocations++;
  if (c->refuse_at && (c->allocations - c->refuse_at) < 2) return 1; /* it and the retry */
  return c->used > c->limit || growth > c->limit - c->used;
}

void *shim_allocate(void *context, void *block, size_t old_size, size_t new_size) {
  shim_context *c = context;
  if (block == NULL) old_size = 0; /* then it says what is made, not how big it was */
  if (new_size == 0) {
    free(block);
    c->used -= old_size;
    return NULL;
  }
  int grows = new_size > old_size;
  void *moved = NULL;
  if (!grows || !c->enforcing || !refuses(c, new_size - old_size)) moved = realloc(block, new_size);
  if (moved == NULL) {
    if (!grows) { /* Lua relies on shrinking to succeed */
      c->used -= old_size - new_size;
      return block;
    }
    if (!c->enforcing) {
      fputs("out of memory\n", stderr);
      abort();
    }
    /* Nothing of Lua's can say where any more, once it has jumped. */
    if (!c->spent) shim_find_place(c->running, 0, c->place, sizeof c->place);
    if (++c->refusals > 1) shim_spend(c, SHIM_MEMORY); /* Lua has collected and asked again */
    return NULL;
  }
  if (grows) c->refusals = 0;
  if (grows && c->enforcing) c->left -= (int64_t)(new_size >> 4); /* the hook looks at it */
  c->used += new_size - old_size;
  return moved;
}
