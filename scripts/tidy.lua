-- SPDX-License-Identifier: Apache-2.0
-- The house's rules as a program: what it can see, nobody should have to say in review.
--
-- Run by plain lua5.4 from the repository's root, through scripts/tidy. Each rule looks at one file
-- at a time and reports file:line, what it found, and the mend. Which target may import which
-- stands in docs/hacking.md, in a table that this program reads: there is one list and not two.
-- `--wrap` breaks comments that are too long, which swift-format does not.
-- `--self-test` shows each rule small snippets that it must find, and others that it must not.

package.path = "scripts/?.lua;" .. package.path
local Source = require "tidy_source"

local columns, fileLines, functionLines = 100, 500, 70

-- Files named after their subject, not after one declaration in it.
local namedAfterSubject = {
  ["Sources/UAPI/Units.swift"] = "Pages, Bytes and the texts of both",
  ["Sources/ReclaimEngine/Folios/ReverseMap.swift"] = "the way from a folio back to its mappings",
  ["Sources/ReclaimEngine/Kernel/Mechanisms.swift"] = "the enums of a KernelProfile's choices",
}

-- What would make two runs differ, or measure the host instead of the machine.
local function words(list, why)
  return { list = list, why = why }
end
local undeterministic = words({
  "%f[%w_]Dictionary%s*[<(]", "%[%s*%u[%w_.]*%s*:%s*[%w_.%[(]", "%[%s*:%s*%]", "%f[%w_]Set%s*[<(]",
  "%f[%w_]Date%(", "%f[%w_]ContinuousClock%f[^%w_]", "%f[%w_]SuspendingClock%f[^%w_]",
  "%f[%w_]SystemRandomNumberGenerator%f[^%w_]", "%.random%(in", "%.randomElement%(", "%.shuffled%(",
  "%.shuffle%(%)", "%f[%w_]Hasher%s*%(", "%.hashValue%f[^%w_]",
}, "their order or value differs from run to run; use arrays, or Random's named streams")
local floating = words({ "%f[%w_]Double%f[^%w_]", "%f[%w_]Float%d*%f[^%w_]" },
  "the engine computes as the kernel does, in integers (Ratio)")
local addresses = words({ "%f[%w_]ObjectIdentifier%f[^%w_]" },
  "an address must not decide anything; give the objects numbers")
local printing = words({ "%f[%w_]print%s*%(", "%f[%w_]debugPrint%s*%(", "%f[%w_]dump%s*%(" },
  "only reclaimlua and reclaim-bench speak to people; return a value")
local concurrency = words({
  "%f[%w_]Task%s*[{<]", "%f[%w_]Task%(executorPreference", "%f[%w_]Task%(priority",
  "%f[%w_]Task%.%l+%s*[{(]", "Unsafe%w*Continuation%f[^%w_]", "Checked%w*Continuation%f[^%w_]",
  "%f[%w_]nonisolated%s*%(unsafe%)", "%f[%w_]async%s+let%f[^%w_]", "%f[%w_]withTaskGroup%f[^%w_]",
  "%f[%w_]DispatchQueue%f[^%w_]", "%f[%w_]Thread%f[^%w_]",
}, "flows of control are fibers; only Timeline.swift and Fiber.swift start or park them")
local testable = words({ "@testable%f[^%w_]" }, "package access reaches tests, in release as well")

local banned = {
  Timeline = { undeterministic, floating, addresses, printing },
  UAPI = { undeterministic, floating, printing },
  ReclaimEngine = { undeterministic, floating, addresses, printing },
  Fidelity = { printing },
  Lua = { printing },
  Scripting = { printing },
}
local mayStartFibers = {
  ["Sources/Timeline/Timeline.swift"] = true, ["Sources/Timeline/Fiber.swift"] = true,
}

-- Words that say that something is not there yet. Split, so that this file does not find itself.
local unfinished = {
  "%f[%w]TO" .. "DO%f[%W]", "%f[%w]FIX" .. "ME%f[%W]", "%f[%w]XX" .. "X%f[%W]",
  "%f[%a]not " .. "implemented%f[%A]", "%f[%a]for " .. "now%f[%A]", "%f[%a]place" .. "holder%f[%A]",
}
local machinePaths = {}
for _, place in ipairs { "work", "root", "home", "tmp" } do
  machinePaths[#machinePaths + 1] = "%f[/%w._~$}%-]/" .. place .. "%f[^%w_.%-]"
end

local rules = {}

function rules.columns(file, report)
  for number, line in ipairs(file.lines) do
    local length = utf8.len(line) or #line
    if length > columns then
      report(number, length .. " columns", "break the line at " .. columns)
    end
  end
  -- What a test prints from lists is as long as these are.
  local isPrinted = (file.lines[3] or ""):find("^%-%- Printed from ")
  if #file.lines > fileLines and not isPrinted then
    report(fileLines + 1, #file.lines .. " lines", "two ideas are in this file; give each its own")
  end
end

function rules.licence(file, report)
  local first = file.lines[1] or ""
  local shifted = first:find("^#!") or first:find("swift-tools-version", 1, true)
  local line = shifted and 2 or 1
  if not (file.lines[line] or ""):find("SPDX-License-Identifier: Apache-2.0", 1, true) then
    report(line, "no licence", "begin with a comment: SPDX-License-" .. "Identifier: Apache-2.0")
  end
end

-- The story: a comment after the licence and before the first line of code.
function rules.story(file, report)
  if not (file.target and (file.kind == "swift" or file.path:find "%.c$")) then return end
  for number, line in ipairs(file.lines) do
    local comment = line:find "^%s*//" or line:find "^%s*/?%*"
    if comment and not line:find("SPDX", 1, true) and line:find "%a" then return end
    if not comment and line:find "%S" then
      return report(number, "no opening story", "say above the code, in plain words, what it is")
    end
  end
  report(1, "no opening story", "say in plain words what the file is")
end

function rules.functionLength(file, report)
  for _, body in ipairs(Source.bodies(file)) do
    local lines = body.last - body.first + 1
    if lines > functionLines then
      report(body.first, "a function of " .. lines .. " lines",
        "at most " .. functionLines .. "; give its parts names")
    end
  end
end

-- Every word of a file's name is a word of something that it declares.
function rules.name(file, report)
  if not file.target or file.kind ~= "swift" then return end
  local declared = Source.declarations(file)
  if #declared == 0 then
    return report(1, "a dead file: it declares nothing", "remove it, or write what it is for")
  end
  if namedAfterSubject[file.path] then return end
  local told = {}
  for _, line in ipairs(declared) do
    for _, word in ipairs(Source.words(line)) do told[word] = true end
  end
  for _, word in ipairs(Source.words(file.path:match "([^/+]+)[^/]*%.swift$")) do
    if not told[word] then
      return report(1, "the file's name says '" .. word .. "…', and nothing that it declares does",
        "name it after the type, or Type+Aspect.swift, or after its function")
    end
  end
end

function rules.deadTest(file, report)
  if file.kind == "swift" and file.path:find "^Tests/" and #Source.declarations(file) == 0 then
    report(1, "a dead file: it declares nothing", "remove it")
  end
end

function rules.imports(file, report, house)
  if not file.target then return end
  local allowed = house.imports[file.target]
  if not allowed then
    return report(1, "target '" .. file.target .. "' is not in the table of docs/hacking.md",
      "add the line: who may know whom is decided there")
  end
  local pattern = file.kind == "swift" and Source.swiftImport or Source.include
  for number, line in ipairs(file.codeLines) do
    local module = pattern(line, file.lines[number])
    local own = file.kind == "c" and module and house.exists[file.folder .. "/" .. module]
    own = own or (file.kind == "c" and module == file.target .. ".h")
    if module and not own and not allowed[module] then
      report(number, file.target .. " must not import " .. module,
        "see who may know whom in docs/hacking.md; move the line to where it belongs")
    end
  end
end

function rules.words(file, report)
  if file.kind ~= "swift" then return end
  local lists = { testable }
  for _, list in ipairs(banned[file.target] or {}) do lists[#lists + 1] = list end
  if file.target and not mayStartFibers[file.path] then lists[#lists + 1] = concurrency end
  for number, line in ipairs(file.codeLines) do
    for _, list in ipairs(lists) do
      for _, pattern in ipairs(list.list) do
        local from, to = line:find(pattern)
        if from then
          report(number, "'" .. line:sub(from, to) .. "' here", list.why)
        end
      end
    end
  end
end

function rules.storage(file, report)
  if file.target ~= "Timeline" and file.target ~= "ReclaimEngine" then return end
  for _, property in ipairs(Source.openStorage(file)) do
    report(property.line, "'" .. property.name .. "' is stored in a class and visible outside",
      "each access is checked for exclusivity (40 ns): store it private, offer a computed property")
  end
end

function rules.unfinished(file, report)
  for number, line in ipairs(file.lines) do
    for _, pattern in ipairs(unfinished) do
      local from, to = line:find(pattern)
      if from then
        report(number, "'" .. line:sub(from, to) .. "'", "do it, or say by name what is refused")
      end
    end
  end
end

function rules.paths(file, report)
  for number, line in ipairs(file.lines) do
    for _, pattern in ipairs(machinePaths) do
      local from, to = (" " .. line):find(pattern)
      if from then
        report(number, "a path of one machine, " .. line:sub(from - 1, to - 1),
          "paths are relative to the repository, or given by the caller")
      end
    end
  end
end

-- The engine must not know what it will be asked.
function rules.recordings(file, report, house)
  if not file.path:find "^Sources/" then return end
  for number, line in ipairs(file.lines) do
    if line:find("-", 1, true) then
      for _, name in ipairs(house.recordings) do
        local from, to = line:find(name, 1, true)
        local whole = from and not line:sub(from - 1, from - 1):find "[%w_-]"
          and not line:sub(to + 1, to + 1):find "[%w_-]"
        if whole then
          report(number, "the name of a recording, " .. name,
            "nothing in Sources/ may depend on which workload it performs")
        end
      end
    end
  end
end

local code = { "columns", "licence", "story", "functionLength", "name", "deadTest", "imports",
  "words", "storage", "unfinished", "paths", "recordings" }
local prose = { "unfinished", "paths" }

-- Looks at one file; every finding is handed to `found(path, line, what, mend)`.
local function inspect(file, house, found)
  local names = file.kind == "prose" and prose or file.kind ~= "data" and code or {}
  for _, name in ipairs(names) do
    local function report(line, what, mend) found(file.path, line, what, mend, name) end
    rules[name](file, report, house)
  end
end

-- Writes a file anew where its comments were too long.
local function wrap(file)
  if not file.code and not file.path:find "%.lua$" then return end
  local wrapped = require("tidy_wrap")(file, columns)
  if wrapped == file.text then return end
  local handle = assert(io.open(file.path, "wb"))
  handle:write(wrapped)
  handle:close()
  print("wrapped " .. file.path)
end

local function main()
  if arg[1] == "--self-test" then
    return require("tidy_examples")(Source, inspect)
  end
  local house = Source.house()
  local count, files = 0, 0
  for _, path in ipairs(house.files) do
    local file = Source.read(path)
    if file and arg[1] == "--wrap" then
      wrap(file)
    elseif file then
      files = files + 1
      inspect(file, house, function(where, line, what, mend)
        count = count + 1
        print(("%s:%d: %s. Mend: %s."):format(where, line, what, mend))
      end)
    end
  end
  if arg[1] ~= "--wrap" then print(("tidy: %d files, %d findings"):format(files, count)) end
  return count == 0
end

os.exit(main())
