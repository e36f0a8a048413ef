/* SPDX-License-Identifier: Apache-2.0 */
/* string.find, match, gmatch and gsub, on the matcher that counts its steps. */
#define _GNU_SOURCE /* memmem, whose worst case is linear */
#include "matcher.h"

#include <ctype.h>
#include <string.h>

/* Pushes capture i; capture 0 is the whole match where a pattern has none. */
static void push_capture(matcher *m, int i, const char *s, const char *e) {
  if (i >= m->level) {
    if (i > 0) luaL_error(m->L, "invalid capture index %%%d", i + 1);
    lua_pushlstring(m->L, s, (size_t)(e - s));
  } else if (m->captures[i].length == POSITION) {
    lua_pushinteger(m->L, m->captures[i].from - m->subject + 1);
  } else {
    if (m->captures[i].length == OPEN) luaL_error(m->L, "unfinished capture");
    lua_pushlstring(m->L, m->captures[i].from, (size_t)m->captures[i].length);
  }
}

/* Pushes all captures; the whole match, from `s` to `e`, if there are none and `s` is given. */
static int push_captures(matcher *m, const char *s, const char *e) {
  int n = m->level == 0 && s != NULL ? 1 : m->level;
  luaL_checkstack(m->L, n, "too many captures");
  for (int i = 0; i < n; i++) push_capture(m, i, s, e);
  return n;
}

static const char *begin(matcher *m, lua_State *L, int subject, int pattern) {
  size_t length, pattern_length;
  m->L = L;
  m->subject = luaL_checklstring(L, subject, &length);
  m->subject_end = m->subject + length;
  const char *p = luaL_checklstring(L, pattern, &pattern_length);
  m->pattern_end = p + pattern_length;
  return p;
}

/* Argument 3 as an offset; it may lie beyond the end. */
static size_t offset(lua_State *L, const matcher *m) {
  lua_Integer at = luaL_optinteger(L, 3, 1), length = m->subject_end - m->subject;
  if (at > 0) return (size_t)at - 1;
  return at == 0 || at < -length ? 0 : (size_t)(length + at);
}

static int is_plain(const matcher *m, const char *p) {
  for (; p < m->pattern_end; p++)
    if (*p != '\0' && strchr("^$*+?.([%-", *p) != NULL) return 0;
  return 1;
}

static int search(lua_State *L, int finds) {
  matcher m;
  const char *p = begin(&m, L, 1, 2);
  size_t from = offset(L, &m), length = (size_t)(m.subject_end - m.subject);
  if (from <= length) {
    const char *s = m.subject + from;
    if (finds) shim_charge(L, (lua_Unsigned)(m.pattern_end - p) >> 4);
    if (finds && (lua_toboolean(L, 4) || is_plain(&m, p))) {
      size_t size = (size_t)(m.pattern_end - p);
      shim_charge(L, (length - from) >> 4);
      if ((s = memmem(s, length - from, p, size)) != NULL) {
        lua_pushinteger(L, s - m.subject + 1);
        lua_pushinteger(L, s - m.subject + (lua_Integer)size);
        return 2;
      }
    } else {
      int anchored = *p == '^';
      do {
        const char *e = matcher_try(&m, s, p + anchored);
        if (e == NULL) continue;
        if (!finds) return push_captures(&m, s, e);
        lua_pushinteger(L, s - m.subject + 1);
        lua_pushinteger(L, e - m.subject);
        return push_captures(&m, NULL, NULL) + 2;
      } while (s++ < m.subject_end && !anchored);
    }
  }
  luaL_pushfail(L);
  return 1;
}

int shim_find(lua_State *L) { return search(L, 1); }
int shim_match(lua_State *L) { return search(L, 0); }

/* Upvalues: subject, pattern, offset of the next attempt, offset where the last match ended. */
static int next_match(lua_State *L) {
  matcher m;
  const char *p = begin(&m, L, lua_upvalueindex(1), lua_upvalueindex(2));
  const char *s = m.subject + lua_tointeger(L, lua_upvalueindex(3));
  const char *last = m.subject + lua_tointeger(L, lua_upvalueindex(4));
  for (; s <= m.subject_end; s++) {
    const char *e = matcher_try(&m, s, p);
    if (e == NULL || e == last) continue;
    lua_pushinteger(L, e - m.subject);
    lua_copy(L, -1, lua_upvalueindex(3));
    lua_replace(L, lua_upvalueindex(4));
    return push_captures(&m, s, e);
  }
  return 0;
}

int shim_gmatch(lua_State *L) {
  matcher m;
  begin(&m, L, 1, 2);
  size_t from = offset(L, &m), length = (size_t)(m.subject_end - m.subject);
  lua_settop(L, 2);
  lua_pushinteger(L, (lua_Integer)(from > length ? length + 1 : from));
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, next_match, 4);
  return 1;
}

/* Adds a replacement's text, %0 … %9 standing for captures. */
static void add_text(matcher *m, luaL_Buffer *b, const char *s, const char *e) {
  size_t length;
  const char *text = lua_tolstring(m->L, 3, &length), *end = text + length, *escape;
  shim_charge(m->L, 1 + (length >> 4));
  for (; (escape = memchr(text, '%', (size_t)(end - text))) != NULL; text = escape + 2) {
    luaL_addlstring(b, text, (size_t)(escape - text));
    if (escape[1] == '%') {
      luaL_addchar(b, '%');
    } else if (escape[1] == '0') {
      luaL_addlstring(b, s, (size_t)(e - s));
    } else {
      if (!isdigit((unsigned char)escape[1]))
        luaL_error(m->L, "invalid use of '%c' in replacement string", '%');
      push_capture(m, escape[1] - '1', s, e);
      luaL_addvalue(b);
    }
  }
  luaL_addlstring(b, text, (size_t)(end - text));
}

/* Adds what stands for the match from `s` to `e`; 0 if that is the match itself. */
static int add_value(matcher *m, luaL_Buffer *b, const char *s, const char *e, int kind) {
  lua_State *L = m->L;
  if (kind == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, push_captures(m, s, e), 1);
  } else if (kind == LUA_TTABLE) {
    push_capture(m, 0, s, e);
    lua_gettable(L, 3);
  } else {
    add_text(m, b, s, e);
    return 1;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(b, s, (size_t)(e - s));
    return 0;
  }
  if (!lua_isstring(L, -1))
    luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(b);
  return 1;
}

int shim_gsub(lua_State *L) {
  matcher m;
  const char *p = begin(&m, L, 1, 2), *s = m.subject, *last = NULL;
  int kind = lua_type(L, 3), anchored = *p == '^', changed = 0;
  lua_Integer most = luaL_optinteger(L, 4, m.subject_end - s + 1), n = 0;
  luaL_argexpected(L, kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION ||
                   kind == LUA_TTABLE, 3, "string/function/table");
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  while (n < most) {
    const char *e = matcher_try(&m, s, p + anchored);
    if (e != NULL && e != last) {
      n++;
      changed |= add_value(&m, &b, s, e, kind);
      s = last = e;
    } else if (s < m.subject_end) {
      luaL_addchar(&b, *s++);
    } else {
      break;
    }
    if (anchored) break;
  }
  if (changed) {
    luaL_addlstring(&b, s, (size_t)(m.subject_end - s));
    luaL_pushresult(&b);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, n);
  return 2;
}
