/* SPDX-License-Identifier: Apache-2.0 */
/* Lua's memory: counted always, bounded while Lua runs.
 *
 * A refused allocation is a longjmp. While Swift runs, nothing is refused; the trampoline looks at
 * the sum afterwards. When the host itself has no memory left and Swift runs, there is no way back,
 * and the program stops.
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
  if (c->refuse_at && (c->allocations == c->refuse_at || c->allocations == c->refuse_at + 1)) {
    return 1;
  }
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
    if (!grows) return block; /* Lua relies on shrinking to succeed */
    if (!c->enforcing) {
      fputs("out of memory\n", stderr);
      abort();
    }
    if (++c->refusals > 1) shim_spend(c, SHIM_MEMORY); /* Lua has collected and asked again */
    return NULL;
  }
  if (grows) c->refusals = 0;
  c->used += new_size - old_size;
  return moved;
}

/* Objects: userdata with one reference to something of Swift's, given back when Lua collects them. */

struct object {
  void *reference;
  int64_t number;
};

static const char ours; /* its address marks our metatables */

static int collect(lua_State *L) {
  struct object *object = lua_touserdata(L, 1);
  if (object != NULL && object->reference != NULL) {
    void *reference = object->reference;
    object->reference = NULL;
    shim_of(L)->release(reference);
  }
  return 0;
}

void shim_seal_metatable(lua_State *L) {
  lua_pushcfunction(L, collect);
  lua_setfield(L, -2, "__gc");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushboolean(L, 1);
  lua_rawsetp(L, -2, &ours);
}

void shim_new_object(lua_State *L, void *reference, int64_t number) {
  struct object *object = lua_newuserdatauv(L, sizeof *object, 0);
  object->reference = reference;
  object->number = number;
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
}

void *shim_object(lua_State *L, int index, int64_t *number) {
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return NULL;
  int is_ours = lua_rawgetp(L, -1, &ours) == LUA_TBOOLEAN;
  lua_pop(L, 2);
  if (!is_ours) return NULL;
  struct object *object = lua_touserdata(L, index);
  if (number != NULL) *number = object->number;
  return object->reference;
}
