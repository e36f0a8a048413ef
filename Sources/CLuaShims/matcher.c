/* SPDX-License-Identifier: Apache-2.0 */
/* Lua's patterns, with every step counted.
 *
 * Lua's own matcher backtracks without looking up: ("a"):rep(2000):find((".-"):rep(12) .. "b") runs
 * for ages, and no hook fires in C. This one pays a step of the instruction budget for every item
 * it tries and every character it looks at. What matches, which captures, how deep it may nest and
 * what a malformed pattern is called are Lua 5.4's; a fuzz test holds the two to one another.
 */
#include "matcher.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH = 200 };

static const char *match(matcher *m, const char *s, const char *p);

/* The end of the single item at `p`: a character, an escape or a set. */
static const char *item_end(matcher *m, const char *p) {
  char first = *p++;
  if (first == '%') {
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
    return p + 1;
  }
  if (first != '[') return p;
  if (*p == '^') p++;
  do { /* a ']' that comes first is a member */
    shim_charge(m->L, 1);
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
    if (*p++ == '%' && p < m->pattern_end) p++;
  } while (*p != ']');
  return p + 1;
}

static int in_class(int c, int class) {
  int is;
  switch (tolower(class)) {
    case 'a': is = isalpha(c); break;
    case 'c': is = iscntrl(c); break;
    case 'd': is = isdigit(c); break;
    case 'g': is = isgraph(c); break;
    case 'l': is = islower(c); break;
    case 'p': is = ispunct(c); break;
    case 's': is = isspace(c); break;
    case 'u': is = isupper(c); break;
    case 'w': is = isalnum(c); break;
    case 'x': is = isxdigit(c); break;
    default: return class == c;
  }
  return isupper(class) ? !is : is != 0;
}

/* Whether the set from the '[' at `p` to the ']' at `last` has that member. */
static int in_set(matcher *m, int c, const char *p, const char *last) {
  int found = 1;
  if (p[1] == '^') found = 0, p++;
  while (++p < last) {
    shim_charge(m->L, 1);
    if (*p == '%') {
      if (in_class(c, (unsigned char)*++p)) return found;
    } else if (p[1] == '-' && p + 2 < last) {
      p += 2;
      if ((unsigned char)p[-2] <= c && c <= (unsigned char)*p) return found;
    } else if ((unsigned char)*p == c) {
      return found;
    }
  }
  return !found;
}

/* Whether the item from `p` to `end` takes the character at `s`. */
static int takes(matcher *m, const char *s, const char *p, const char *end) {
  shim_charge(m->L, 1);
  if (s >= m->subject_end) return 0;
  int c = (unsigned char)*s;
  switch (*p) {
    case '.': return 1;
    case '%': return in_class(c, (unsigned char)p[1]);
    case '[': return in_set(m, c, p, end - 1);
    default: return (unsigned char)*p == c;
  }
}

static const char *most(matcher *m, const char *s, const char *p, const char *end) {
  ptrdiff_t n = 0;
  while (takes(m, s + n, p, end)) n++;
  for (; n >= 0; n--) {
    const char *found = match(m, s + n, end + 1);
    if (found != NULL) return found;
  }
  return NULL;
}

static const char *fewest(matcher *m, const char *s, const char *p, const char *end) {
  for (;; s++) {
    const char *found = match(m, s, end + 1);
    if (found != NULL) return found;
    if (!takes(m, s, p, end)) return NULL;
  }
}

static const char *begin_capture(matcher *m, const char *s, const char *p, int what) {
  if (m->level >= CAPTURES) luaL_error(m->L, "too many captures");
  m->captures[m->level].from = s;
  m->captures[m->level++].length = what;
  const char *found = match(m, s, p);
  if (found == NULL) m->level--;
  return found;
}

static const char *end_capture(matcher *m, const char *s, const char *p) {
  int i = m->level - 1;
  while (i >= 0 && m->captures[i].length != OPEN) i--;
  if (i < 0) luaL_error(m->L, "invalid pattern capture");
  m->captures[i].length = s - m->captures[i].from;
  const char *found = match(m, s, p);
  if (found == NULL) m->captures[i].length = OPEN;
  return found;
}

/* %1 … %9: the capture's text once more. */
static const char *again(matcher *m, const char *s, int digit) {
  int i = digit - '1';
  if (i < 0 || i >= m->level || m->captures[i].length == OPEN)
    luaL_error(m->L, "invalid capture index %%%d", i + 1);
  size_t length = (size_t)m->captures[i].length; /* of a position: longer than any subject */
  if ((size_t)(m->subject_end - s) < length) return NULL;
  shim_charge(m->L, length >> 4);
  return memcmp(m->captures[i].from, s, length) == 0 ? s + length : NULL;
}

/* %bxy: from an x to the y that balances it. */
static const char *balanced(matcher *m, const char *s, const char *p) {
  if (p + 1 >= m->pattern_end)
    luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
  if (s >= m->subject_end || *s != *p) return NULL;
  for (int open = 1; ++s < m->subject_end;) {
    shim_charge(m->L, 1);
    if (*s == p[1]) {
      if (--open == 0) return s + 1;
    } else if (*s == *p) {
      open++;
    }
  }
  return NULL;
}

/* %f[set]: whether the set begins here, an end of the subject being a zero byte. */
static int is_frontier(matcher *m, const char *s, const char *p, const char *end) {
  int before = s == m->subject ? 0 : (unsigned char)s[-1];
  int here = s == m->subject_end ? 0 : (unsigned char)*s;
  return !in_set(m, before, p, end - 1) && in_set(m, here, p, end - 1);
}

/* An escape that is no single item; 0 if it is one. Otherwise `s` and `p` have moved on. */
static int special(matcher *m, const char **s, const char **p) {
  const char *at = *p + 2;
  switch (at[-1]) {
    case 'b':
      *s = balanced(m, *s, at);
      *p = at + 2;
      return 1;
    case 'f':
      if (*at != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
      *p = item_end(m, at);
      if (!is_frontier(m, *s, at, *p)) *s = NULL;
      return 1;
    default:
      if (!isdigit((unsigned char)at[-1])) return 0;
      *s = again(m, *s, at[-1]);
      *p = at;
      return 1;
  }
}

static const char *match(matcher *m, const char *s, const char *p) {
  if (m->depth-- == 0) luaL_error(m->L, "pattern too complex");
  while (s != NULL && p != m->pattern_end) {
    shim_charge(m->L, 1);
    if (*p == '(') {
      s = p[1] == ')' ? begin_capture(m, s, p + 2, POSITION) : begin_capture(m, s, p + 1, OPEN);
      break;
    }
    if (*p == ')') {
      s = end_capture(m, s, p + 1);
      break;
    }
    if (*p == '$' && p + 1 == m->pattern_end) {
      if (s != m->subject_end) s = NULL;
      break;
    }
    if (*p == '%' && special(m, &s, &p)) continue;
    const char *end = item_end(m, p);
    if (*end == '-') {
      s = fewest(m, s, p, end);
      break;
    }
    if (takes(m, s, p, end)) {
      const char *found;
      if (*end == '*' || *end == '+') {
        s = most(m, s + (*end == '+'), p, end);
        break;
      }
      if (*end != '?') {
        s++, p = end;
        continue;
      }
      if ((found = match(m, s + 1, end + 1)) != NULL) {
        s = found;
        break;
      }
    } else if (*end != '*' && *end != '?') {
      s = NULL;
      break;
    }
    p = end + 1;
  }
  m->depth++;
  return s;
}

const char *matcher_try(matcher *m, const char *s, const char *p) {
  m->depth = DEPTH;
  m->level = 0;
  return match(m, s, p);
}
