/* SPDX-License-Identifier: Apache-2.0 */
/* One pattern tried at one place of a subject: what strings.c asks of matcher.c. */
#ifndef MATCHER_H
#define MATCHER_H

#include "CLuaShims.h"

#include <stddef.h>

enum { CAPTURES = 32, OPEN = -1, POSITION = -2 }; /* a capture's length, until it has one */

typedef struct matcher {
  lua_State *L;
  const char *subject, *subject_end, *pattern_end;
  int depth; /* how much deeper the recursion may go */
  int level; /* captures begun so far */
  struct {
    const char *from;
    ptrdiff_t length;
  } captures[CAPTURES];
} matcher;

/* The end of the match that begins at `s`; NULL if there is none. Raises what is wrong with `p`. */
const char *matcher_try(matcher *m, const char *s, const char *p);

#endif
