/* SPDX-License-Identifier: Apache-2.0 */
#include <lua.h>
#include <lualib.h>
#include <lauxlib.h>
