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

enum { STEP = 1000 }; /* instructions between two looks */

/* A signal asks for the end of whatever runs, in whichever state. */
static volatile sig_atomic_t interrupted;

void shim_interrupt(void) { interrupted = 1; }
int shim_is_interrupted(void) { return interrupted; }

static void count(lua_State *L, lua_Debug *activation) {
  (void)activation;
  shim_context *c = shim_of(L);
  int step = lua_gethookcount(L);
  c->left -= step;
  if (c->left <= 0 && !c->spent) shim_spend(c, SHIM_INSTRUCTIONS);
  if (interrupted && !c->spent) shim_spend(c, SHIM_INTERRUPTED);
  int wanted = c->spent ? 1 : STEP;
  if (step != wanted) lua_sethook(L, count, LUA_MASKCOUNT, wanted);
  if (c->spent) shim_raise_spent(L, 0);
}

/* Raises what was spent, at the position of that level of the stack. */
int shim_raise_spent(lua_State *L, int level) {
  shim_context *c = shim_of(L);
  const char *memory = "the script's memory budget of %I MiB is spent";
  const char *instructions = "the script's budget of %I instructions is spent: it ran that long "
                             "without giving the machine a turn";
  luaL_where(L, level);
  if (c->spent == SHIM_INTERRUPTED) lua_pushliteral(L, "interrupted");
  else if (c->spent == SHIM_MEMORY) lua_pushfstring(L, memory, (lua_Integer)(c->limit >> 20));
  else lua_pushfstring(L, instructions, (lua_Integer)c->budget);
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
  lua_sethook(L, count, LUA_MASKCOUNT, STEP);
  return L;
}
