/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction budget: a count hook that every thread of the state inherits.
 *
 * Once a budget is spent the hook is re-armed for every instruction, so a script that catches the
 * error by pcall does not get one instruction further.
 */
#include "CLuaShims.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A signal asks for the end of whatever runs, in whichever state. */
static volatile sig_atomic_t interrupted;

void shim_interrupt(void) { interrupted = 1; }
const int *shim_interruption(void) { return (const int *)&interrupted; }

static void count(lua_State *L, lua_Debug *activation) {
  (void)activation;
  shim_context *c = shim_of(L);
  int step = lua_gethookcount(L);
  c->left -= step;
  if (c->left <= 0 && !c->spent) shim_spend(c, SHIM_INSTRUCTIONS);
  if (interrupted && !c->spent) shim_spend(c, SHIM_INTERRUPTED);
  int wanted = c->spent ? 1 : SHIM_STEP;
  if (step != wanted) lua_sethook(L, count, LUA_MASKCOUNT, wanted);
  if (c->spent) shim_raise_spent(L, 0);
}

int shim_overcharge(lua_State *L, lua_Unsigned steps) {
  shim_context *c = shim_of(L);
  if (!c->spent) {
    c->wanted = steps > (lua_Unsigned)c->budget ? steps : 0;
    shim_spend(c, SHIM_INSTRUCTIONS);
  }
  lua_sethook(L, count, LUA_MASKCOUNT, 1);
  return shim_raise_spent(L, 1);
}

void shim_find_place(lua_State *L, int level, char *place, size_t size) {
  lua_Debug at;
  place[0] = 0;
  for (; lua_getstack(L, level, &at); level++) {
    lua_getinfo(L, "Sl", &at);
    if (at.currentline <= 0 || strcmp(at.short_src, SHIM_OWN_CHUNK) == 0) continue;
    snprintf(place, size, "%s:%d: ", at.short_src, at.currentline);
    return;
  }
}

void shim_where(lua_State *L, int level) {
  char place[sizeof ((shim_context *)0)->place];
  shim_find_place(L, level, place, sizeof place);
  lua_pushstring(L, place);
}

void shim_push_spent(lua_State *L, int what) {
  shim_context *c = shim_of(L);
  lua_Integer budget = (lua_Integer)c->budget;
  if (what == SHIM_INTERRUPTED)
    lua_pushliteral(L, "interrupted");
  else if (what == SHIM_MEMORY)
    lua_pushfstring(L, "the script's memory budget of %I MiB is spent",
                    (lua_Integer)(c->limit >> 20));
  else if (c->wanted == 0)
    lua_pushfstring(L, "the script's budget of %I instructions is spent: it ran that long without "
                    "giving the machine a turn", budget);
  else if (c->wanted > LUA_MAXINTEGER)
    lua_pushfstring(L, "the script's budget of %I instructions is spent: one call asks for more "
                    "steps than there are numbers", budget);
  else
    lua_pushfstring(L, "the script's budget of %I instructions is spent: one call asks for %I "
                    "steps", budget, (lua_Integer)c->wanted);
}

int shim_fail(lua_State *L) {
  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  shim_where(L, 1);
  lua_insert(L, 1);
  lua_concat(L, 2);
  return lua_error(L);
}

int shim_raise_spent(lua_State *L, int level) {
  shim_where(L, level);
  shim_push_spent(L, shim_of(L)->spent);
  lua_concat(L, 2);
  return lua_error(L);
}

/* An error that no entry caught is a mistake of ours. */
static int panic(lua_State *L) {
  const char *message = lua_tostring(L, -1);
  fprintf(stderr, "an error outside of every protected call: %s\n", message ? message : "?");
  abort();
}

lua_State *shim_open(shim_context *context) {
  lua_State *L = lua_newstate(shim_allocate, context);
  if (L == NULL) return NULL;
  *(shim_context **)lua_getextraspace(L) = context;
  lua_atpanic(L, panic);
  lua_sethook(L, count, LUA_MASKCOUNT, SHIM_STEP);
  return L;
}
