-- SPDX-License-Identifier: Apache-2.0
-- How tidy reads the tree: files, their code without comments and texts, their braces.
--
-- This is no compiler. It knows strings, comments and braces of Swift and C well enough to tell
-- where a function begins and ends and which type a property belongs to; the code is formatted by
-- swift-format, so a declaration begins its line.

local Source = {}

local kinds = {
  swift = "swift", c = "c", h = "c", lua = "script", sh = "script", py = "script", md = "prose",
}

local function linesOf(text)
  local lines = {}
  for line in (text:gsub("\n?$", "\n")):gmatch "(.-)\n" do lines[#lines + 1] = line end
  return lines
end

-- Blanks everything but line breaks.
local function blank(text) return (text:gsub("[^\n]", " ")) end

-- Where the text that opens at `at` with `open` ends; a Swift interpolation may nest another text.
local function endOfText(text, at, open)
  local place = at + #open
  while true do
    local stop = text:find('["\\\n]', place)
    if not stop then return #text end
    local char = text:sub(stop, stop)
    if char == "\\" and text:sub(stop + 1, stop + 1) == "(" then
      local depth, inside = 1, stop + 2
      while depth > 0 and inside <= #text do
        local next = text:sub(inside, inside)
        if next == '"' then
          inside = endOfText(text, inside, '"')
        elseif next == "(" or next == ")" then
          depth = depth + (next == "(" and 1 or -1)
        end
        inside = inside + 1
      end
      place = inside
    elseif char == "\n" and open == '"' then
      return stop - 1
    elseif text:sub(stop, stop + #open - 1) == open then
      return stop + #open - 1
    else
      place = stop + (char == "\\" and 2 or 1)
    end
  end
end

local function endOfBlockComment(text, at, nests)
  local depth, place = 1, at + 2
  while depth > 0 do
    local from = text:find("[/*][/*]", place)
    if not from then return #text end
    local mark = text:sub(from, from + 1)
    local step = mark == "*/" and -1 or (mark == "/*" and nests) and 1 or 0
    depth = depth + step
    place = from + (step == 0 and 1 or 2)
  end
  return place - 1
end

-- The text with comments and the contents of strings turned to spaces, line for line.
function Source.codeOnly(text, kind)
  local out, place = {}, 1
  local swift = kind == "swift"
  while true do
    local from = text:find(swift and '[/"#]' or '[/"\']', place)
    if not from then break end
    local to
    local two, three = text:sub(from, from + 1), text:sub(from, from + 2)
    local hashes = swift and text:match('^(#+)"', from)
    if two == "//" then
      to = (text:find("\n", from, true) or #text + 1) - 1
    elseif two == "/*" then
      to = endOfBlockComment(text, from, swift)
    elseif hashes then
      local quotes = text:match('^#+(""")', from) or '"'
      to = select(2, text:find(quotes .. hashes, from + #hashes + #quotes, true)) or #text
    elseif swift and three == '"""' then
      to = endOfText(text, from, '"""')
    elseif text:sub(from, from) == '"' then
      to = endOfText(text, from, '"')
    elseif text:sub(from, from) == "'" then
      to = (text:match("^'\\?[^\n]-'()", from) or from + 1) - 1
    end
    out[#out + 1] = text:sub(place, from - 1)
    out[#out + 1] = to and blank(text:sub(from, to)) or text:sub(from, from)
    place = (to or from) + 1
  end
  out[#out + 1] = text:sub(place)
  return table.concat(out)
end

function Source.file(path, text)
  local extension = path:match "%.(%w+)$"
  local kind = kinds[extension] or (text:find "^#!" and "script") or "data"
  local file = { path = path, text = text, kind = kind, lines = linesOf(text) }
  file.folder = path:match "^(.*)/" or "."
  file.target = (kind == "swift" or kind == "c") and path:match "^Sources/([^/]+)/" or nil
  if kind == "swift" or kind == "c" then
    file.code = Source.codeOnly(text, kind)
    file.codeLines = linesOf(file.code)
  end
  return file
end

-- nil for what is gone, compressed, or recorded by others.
function Source.read(path)
  if path:find "%.gz$" or path:find "/recordings/" or path == "LICENSE" then return nil end
  local handle = io.open(path, "rb")
  if not handle then return nil end
  local text = handle:read "a"
  handle:close()
  return text and Source.file(path, text)
end

function Source.swiftImport(line)
  local rest = line:match "^%s*[%w@_() ]*%f[%w_]import%s+(.+)$"
  if not rest then return nil end
  local kind, named = rest:match "^(%l+)%s+([%w_]+)"
  if kind and named then return named end
  return rest:match "^([%w_]+)"
end

-- Headers of other targets and of the two libraries; the C library's own are free to all.
function Source.include(_, line)
  local header = line:match '^%s*#%s*include%s+"([^"]+)"'
  if header then return header end
  local system = line:match "^%s*#%s*include%s+<([^>]+)>"
  if not system then return nil end
  if system == "zlib.h" then return "CZlib" end
  return (system == "lua.h" or system == "lualib.h" or system == "lauxlib.h") and "CLua" or nil
end

local modifiers = {}
for word in ([[package public internal private fileprivate open final static class override mutating
  nonmutating consuming borrowing indirect lazy weak unowned nonisolated isolated convenience
  required prefix postfix infix dynamic optional rethrows sending]]):gmatch "%S+" do
  modifiers[word] = true
end

-- A declaration line taken apart: the words before it, what it is, and its name.
local function declaration(line)
  local before, rest = {}, line
  while true do
    rest = rest:gsub("^%s+", "")
    local attribute = rest:match "^@[%w_.]+%b()" or rest:match "^@[%w_.]+"
    if attribute then
      rest = rest:sub(#attribute + 1)
    else
      local word = rest:match "^[%w_]+"
      if not word then return nil end
      local after = rest:sub(#word + 1)
      local detail = after:match "^%(%w+%)" or ""
      local isModifier = modifiers[word]
      if word == "class" and not after:match "^%s+[%l]+%s" then isModifier = false end
      if word == "class" and after:match "^%s+%u" then isModifier = false end
      if not isModifier then
        return before, word, after:match "^%s+([%w_]+)" or after:match "^%s+(%S+)" or "", after
      end
      before[word] = detail == "" and "" or detail
      rest = after:sub(#detail + 1)
    end
  end
end
Source.declaration = declaration

local typeWords = {
  class = true, struct = true, enum = true, actor = true, protocol = true, extension = true,
}
local bodyWords = { func = true, init = true, deinit = true, subscript = true }

-- What a brace opens, told by the code between it and the statement before: kind and first line.
local function opened(header, endLine)
  local lines = linesOf(header)
  local unmatched = 0
  for index = #lines, 1, -1 do
    local line = lines[index]
    for paren in line:gmatch "[()]" do unmatched = unmatched + (paren == ")" and 1 or -1) end
    if unmatched <= 0 and line:find "%S" then
      local _, word = declaration(line)
      local number = endLine - (#lines - index)
      if typeWords[word] then return word, number end
      if bodyWords[word] then return "function", number end
      if word == "var" and not line:find("=", 1, true) then return "property", number end
      local goesOn = line:find "^%s*[%)%->{]" or line:find "^%s*where%f[%W]"
        or line:find "^%s*async%f[%W]" or line:find "^%s*throws%f[%W]" or line:find "^%s*:"
        or line:find "^%s*%u[%w_., &]*$"
      if not goesOn then return "block", number end
    end
  end
  return "block", endLine
end

-- Calls visit(kind, firstLine, lastLine, enclosingKind) for each pair of braces, inner ones first.
local function braces(file, visit)
  local stack, line, boundary = {}, 1, 1
  local function kindOf(at)
    local header = file.code:sub(boundary, at - 1)
    if file.kind == "swift" then return opened(header, line) end
    local lines = linesOf(header)
    local from = #lines
    while from > 1 and lines[from - 1]:find "%S" and not lines[from - 1]:find "^%s*#" do
      from = from - 1
    end
    local isFunction = #stack == 0 and header:find "%)%s*$"
    return isFunction and "function" or "block", line - (#lines - from)
  end
  for place, char in file.code:gmatch "()([{}\n;])" do
    if char == "\n" then
      line = line + 1
    elseif char == "{" then
      local kind, first = kindOf(place)
      stack[#stack + 1] = { kind = kind, first = first }
      boundary = place + 1
    elseif char == "}" then
      local top = table.remove(stack)
      if top then visit(top.kind, top.first, line, stack[#stack] and stack[#stack].kind) end
      boundary = place + 1
    else
      boundary = place + 1
    end
  end
end

-- Bodies of functions and of computed properties of types.
function Source.bodies(file)
  local out = {}
  if not file.code then return out end
  braces(file, function(kind, first, last, enclosing)
    if kind == "function" or (kind == "property" and typeWords[enclosing]) then
      out[#out + 1] = { first = first, last = last }
    end
  end)
  return out
end

-- The words of an identifier or a file's name, cut down so that Isolation and isolate are one.
function Source.words(text)
  local words = {}
  text = text:gsub("(%l)(%u)", "%1 %2"):gsub("(%u)(%u%l)", "%1 %2")
  for word in text:gmatch "%a+" do words[#words + 1] = word:lower():gsub("s$", ""):sub(1, 5) end
  return words
end

-- The lines that declare types, functions, static members, extended types.
function Source.declarations(file)
  local lines = {}
  for _, line in ipairs(file.codeLines) do
    local before, word = declaration(line)
    local shared = (word == "let" or word == "var") and (before.static or line:find "^%S")
    if typeWords[word] or word == "func" or word == "typealias" or shared then
      lines[#lines + 1] = line
    end
  end
  return lines
end

-- Stored properties of classes that other targets may see.
function Source.openStorage(file)
  local class = {}
  braces(file, function(kind, first, last)
    for number = first, last do
      if not class[number] and (typeWords[kind] or kind == "function") then
        class[number] = kind
      end
    end
  end)
  local out = {}
  for number, line in ipairs(file.codeLines) do
    local before, word, name, after = declaration(line)
    local open = before and (before.package == "" or before.public == "" or before.open == "")
    local owner = class[number]
    if word == "var" and open and (owner == "class" or owner == "actor") then
      local brace, equals = after:find("{", 1, true), after:find("=", 1, true)
      if not brace and not equals then
        local next = file.codeLines[number + 1] or ""
        brace = next:find "^%s*{"
        if brace then after = next end
      end
      local body = after .. (file.codeLines[number + 1] or "")
      local observed = body:find "{%s*didSet%f[%W]" or body:find "{%s*willSet%f[%W]"
      if not brace or observed or (equals and equals < brace) then
        out[#out + 1] = { line = number, name = name }
      end
    end
  end
  return out
end

local function output(command)
  local lines, pipe = {}, assert(io.popen(command))
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  return lines
end

-- Who may import whom, as the table in docs/hacking.md says.
function Source.importTable(text)
  local imports, inside = {}, false
  for _, line in ipairs(linesOf(text)) do
    if line:find("<!-- tidy reads this table -->", 1, true) then inside = true end
    local target, list = line:match "^|%s*`([%w-]+)`%s*|([^|]*)|"
    if inside and target then
      imports[target] = { [target] = true }
      for module in list:gmatch "`([%w_]+)`" do imports[target][module] = true end
    elseif inside and line:find "^%s*$" and next(imports) then
      inside = false
    end
  end
  return imports
end

-- What the rules need to know of the whole tree.
function Source.house()
  local house = { files = output "git ls-files --cached --others --exclude-standard", exists = {} }
  for _, path in ipairs(house.files) do house.exists[path] = true end
  local hacking = assert(io.open("docs/hacking.md"), "docs/hacking.md is missing")
  house.imports = Source.importTable(hacking:read "a")
  hacking:close()
  assert(next(house.imports), "docs/hacking.md: the table of imports was not found")
  house.recordings = {}
  local seen = {}
  local shipped, beside = "Tests/FidelityTests/recordings/*/*", "../shared/fidelity/recordings/*/*"
  for _, path in ipairs(output("ls -d " .. shipped .. " " .. beside .. " 2>&1")) do
    local name = path:match "/([^/]-)%.json"
    -- Names of one word are words of the field.
    if name and name:find("-", 1, true) and not seen[name] then
      seen[name] = true
      house.recordings[#house.recordings + 1] = name
    end
  end
  return house
end

return Source
