/* SPDX-License-Identifier: Apache-2.0 */
/* Lua's library within the instruction budget.
 *
 * The count hook does not fire inside C, where table.move({}, 1, 1 << 50, 2) would run for years.
 * So a function that can do much in one call pays for it: beforehand, by what its arguments ask
 * for, or, where Lua's stack or the memory budget bounds it anyway, by what it answered. What makes
 * large values needs nothing here: the allocator charges for them. One step stands for one table
 * access or for 16 bytes looked at. What is short but dear, as an error that is caught or a number
 * that is printed, has a price of its own, so that no loop of it lasts longer than one of Lua.
 */
#include "CLuaShims.h"

#include <lualib.h>

static void rep(lua_State *L) {
  lua_Integer n = lua_tointeger(L, 2);
  if (n > 0) shim_charge(L, (lua_Unsigned)n);
}

static void move(lua_State *L) {
  lua_Integer first = lua_tointeger(L, 2), last = lua_tointeger(L, 3);
  if (first <= last) shim_charge(L, (lua_Unsigned)last - (lua_Unsigned)first);
}

/* __len is asked once: asked again, it might answer something else. */
static void concat(lua_State *L) {
  if (lua_isnoneornil(L, 4) && lua_istable(L, 1)) {
    lua_settop(L, 3);
    lua_pushinteger(L, luaL_len(L, 1));
  }
  lua_Integer first = lua_isnoneornil(L, 3) ? 1 : lua_tointeger(L, 3), last = lua_tointeger(L, 4);
  if (first <= last) shim_charge(L, (lua_Unsigned)last - (lua_Unsigned)first);
}

static void text(lua_State *L) {
  if (lua_type(L, 1) == LUA_TSTRING) shim_charge(L, lua_rawlen(L, 1) >> 4);
}

/* The iterator of utf8.codes skips continuation bytes, of which a sound text has three at most. */
static void skip(lua_State *L) {
  lua_Integer i = lua_tointeger(L, 2), from = i;
  if (lua_type(L, 1) != LUA_TSTRING || i < 0) return;
  const char *s = lua_tostring(L, 1);
  for (lua_Integer n = (lua_Integer)lua_rawlen(L, 1); i < n && (s[i] & 0xC0) == 0x80; i++) {}
  shim_charge(L, (lua_Unsigned)(i - from) >> 4);
}

/* Entering a protected call, and leaving it by an error. */
static void attempt(lua_State *L) { shim_charge(L, 24); }

static void compile(lua_State *L) {
  shim_charge(L, 100 + (lua_type(L, 1) == LUA_TSTRING ? lua_rawlen(L, 1) : 0));
}

static void nothing(lua_State *L) { (void)L; }

/* What is paid afterwards: for each result, for each byte of the one there is, or by the iterator
 * that is the first. */
enum { NONE, RESULTS, BYTES, WALK };

static const struct {
  const char *library, *name;
  void (*charge)(lua_State *L);
  int afterwards;
} metered[] = {
  {LUA_STRLIBNAME, "rep", rep, NONE},         {LUA_STRLIBNAME, "byte", nothing, RESULTS},
  {LUA_STRLIBNAME, "pack", text, NONE},       {LUA_STRLIBNAME, "packsize", text, NONE},
  {LUA_STRLIBNAME, "unpack", text, NONE},     {LUA_STRLIBNAME, "format", nothing, BYTES},
  {LUA_TABLIBNAME, "move", move, NONE},       {LUA_TABLIBNAME, "concat", concat, NONE},
  {LUA_TABLIBNAME, "unpack", nothing, RESULTS},
  {LUA_UTF8LIBNAME, "len", text, NONE},       {LUA_UTF8LIBNAME, "offset", text, NONE},
  {LUA_UTF8LIBNAME, "codepoint", text, RESULTS}, {LUA_UTF8LIBNAME, "codes", nothing, WALK},
  {LUA_GNAME, "load", compile, NONE},         {LUA_GNAME, "tonumber", text, NONE},
  {LUA_GNAME, "pcall", attempt, NONE},        {LUA_GNAME, "xpcall", attempt, NONE},
  {LUA_GNAME, "select", nothing, RESULTS},    {LUA_OSLIBNAME, "date", nothing, BYTES},
  {LUA_UTF8LIBNAME, NULL, skip, NONE},
};
enum { SKIP = sizeof metered / sizeof *metered - 1 };

/* Upvalues: Lua's own function, which has none itself; its place in the list. Called directly, it
 * has the name and the line of this call in its errors. */
static int call_metered(lua_State *L) {
  int i = (int)lua_tointeger(L, lua_upvalueindex(2));
  metered[i].charge(L);
  int results = lua_tocfunction(L, lua_upvalueindex(1))(L);
  if (metered[i].afterwards == RESULTS) shim_charge(L, (lua_Unsigned)results);
  if (metered[i].afterwards == BYTES) shim_charge(L, lua_rawlen(L, -1));
  if (metered[i].afterwards != WALK) return results;
  lua_pushvalue(L, -results);
  lua_pushinteger(L, SKIP);
  lua_pushcclosure(L, call_metered, 2);
  lua_replace(L, -results - 1);
  return results;
}

static int insert(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer end = (lua_Integer)((lua_Unsigned)luaL_len(L, 1) + 1), at = end;
  if (lua_gettop(L) == 3) {
    at = luaL_checkinteger(L, 2);
    luaL_argcheck(L, (lua_Unsigned)at - 1 < (lua_Unsigned)end, 2, "position out of bounds");
    shim_charge(L, (lua_Unsigned)(end - at));
    for (lua_Integer i = end; i > at; i--) {
      lua_geti(L, 1, i - 1);
      lua_seti(L, 1, i);
    }
  } else if (lua_gettop(L) != 2) {
    return luaL_error(L, "wrong number of arguments to 'insert'");
  }
  lua_seti(L, 1, at);
  return 0;
}

static int remove_at(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer size = luaL_len(L, 1), at = luaL_optinteger(L, 2, size);
  if (at != size)
    luaL_argcheck(L, (lua_Unsigned)at - 1 <= (lua_Unsigned)size, 2, "position out of bounds");
  if (at < size) shim_charge(L, (lua_Unsigned)(size - at));
  lua_geti(L, 1, at);
  for (; at < size; at++) {
    lua_geti(L, 1, at + 1);
    lua_seti(L, 1, at);
  }
  lua_pushnil(L);
  lua_seti(L, 1, at);
  return 1;
}

int shim_pay(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  if (n > 0) shim_charge(L, (lua_Unsigned)n);
  return 0;
}

/* Lua's libraries are open, as globals: from now on they keep to the budget. */
int shim_meter(lua_State *L) {
  static const luaL_Reg strings[] = {{"find", shim_find}, {"match", shim_match},
                                     {"gmatch", shim_gmatch}, {"gsub", shim_gsub}, {NULL, NULL}};
  static const luaL_Reg tables[] = {{"insert", insert}, {"remove", remove_at}, {NULL, NULL}};
  lua_getglobal(L, LUA_STRLIBNAME);
  luaL_setfuncs(L, strings, 0);
  lua_getglobal(L, LUA_TABLIBNAME);
  luaL_setfuncs(L, tables, 0);
  for (int i = 0; i < SKIP; i++) {
    lua_getglobal(L, metered[i].library);
    lua_getfield(L, -1, metered[i].name);
    lua_pushinteger(L, i);
    lua_pushcclosure(L, call_metered, 2);
    lua_setfield(L, -2, metered[i].name);
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
  return 0;
}
