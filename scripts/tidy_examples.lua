-- SPDX-License-Identifier: Apache-2.0
-- What each rule of tidy must find, and what it must leave alone.
--
-- An example is a made-up file. `finds` names the rule and the line that must be reported, and
-- nothing else may be; without `finds` the file must be clean.

local spdx = "// SPDX-License-Identifier: Apache-2.0\n"
local story = spdx .. "// A story.\n"

local function lines(count, text) return (text .. "\n"):rep(count) end

-- A file of the engine called Thing, whose class has these members (line 5 is the first).
local function class(members, path)
  return {
    path = path or "Sources/ReclaimEngine/Thing.swift",
    text = story .. "import Timeline\nfinal class Thing {\n" .. members .. "\n}\n",
  }
end
local function with(example, rule, line)
  example.finds, example.at = rule, line
  return example
end
local function engine(members, rule, line) return with(class(members), rule, line or 5) end
local function file(path, text, rule, line)
  return { path = path, text = text, finds = rule, at = line }
end

local longFunction = "  func long(\n    _ a: Int\n  ) -> Int {\n" .. lines(67, "    b()") .. "  }"
local fullFunction = "  func full() {\n" .. lines(68, "    if a { work() }") .. "  }"

local examples = {
  -- lengths
  engine("  let name = 1  // " .. ("µ"):rep(82), "columns"),
  engine("  let name = 1  // " .. ("µ"):rep(81)),
  file("Sources/UAPI/Thing.swift", story .. "struct Thing {}\n" .. lines(498, ""), "columns", 501),
  file("Sources/UAPI/Thing.swift", story .. "struct Thing {}\n" .. lines(497, "")),
  engine(longFunction, "functionLength"),
  engine(fullFunction),
  engine("  init() {\n" .. lines(70, "    work()") .. "  }", "functionLength"),
  engine("  var text: String {\n" .. lines(70, "    work()") .. "  }", "functionLength"),
  engine("  func a() {\n    b.map {\n" .. lines(30, "x()") .. "    }\n  }\n" .. "  func c() {\n"
    .. lines(50, "    y()") .. "  }"),
  engine("  let text = \"{ func \\(a(\"}\")) { \"\n  /* { /* { */ */"),
  file("Sources/CMemory/thing.c", story .. "#include <stdint.h>\nint f(int a,\n  int b) {\n"
    .. lines(68, "  g();") .. "}\n", "functionLength", 4),
  file("Sources/CMemory/thing.c", story .. "int f(void) {\n" .. lines(68, "  g('{');") .. "}\n"),

  -- licence, story, name, dead files
  file("Sources/UAPI/Thing.swift", "// A story.\nstruct Thing {}\n", "licence", 1),
  file("scripts/thing", "#!/bin/sh\nset -eu\n", "licence", 2),
  file("scripts/thing", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\nset -eu\n"),
  file("Sources/ReclaimEngine/Thing.swift", spdx .. "\nimport UAPI\nstruct Thing {}\n", "story", 3),
  file("Sources/UAPI/Other.swift", story .. "struct Thing {}\n", "name", 1),
  file("Sources/UAPI/Things.swift", story .. "struct Thing {}\n"),
  file("Sources/UAPI/Thing+Text.swift", story .. "extension Thing {}\n"),
  file("Sources/UAPI/VmThings.swift", story .. "struct VmThings {}\n"),
  file("Sources/UAPI/IsolateThings.swift", story .. "struct Isolation {\n  var thing: Int\n}\n",
    "name", 1),
  file("Sources/UAPI/ShrinkThing.swift", story .. "extension A {\n  func shrinkThing() {}\n}\n"),
  file("Sources/UAPI/Linux9_9.swift", story .. "extension A {\n  static let linux9_9 = 1\n}\n"),
  file("Sources/UAPI/Thing.swift", story .. "import Timeline\n", "name", 1),
  file("Tests/EngineTests/Thing.swift", spdx .. "import Testing\n", "deadTest", 1),
  file("Tests/EngineTests/Thing.swift", spdx .. "import Testing\n@Test func one() {}\n"),

  -- who may know whom
  file("Sources/UAPI/Thing.swift", story .. "package import Lua\nstruct Thing {}\n", "imports", 3),
  file("Sources/UAPI/Thing.swift", story .. "import struct Lua.A\nstruct Thing {}\n", "imports", 3),
  file("Sources/UAPI/Thing.swift", story .. "@preconcurrency import Timeline\nstruct Thing {}\n"),
  file("Sources/Strange/Thing.swift", story .. "struct Thing {}\n", "imports", 1),
  file("Sources/CMemory/thing.c", story .. '#include "Lua.h"\n', "imports", 3),
  file("Sources/CMemory/thing.c", story .. "#include <lua.h>\n", "imports", 3),
  file("Sources/CMemory/thing.c", story .. '#include "CMemory.h"\n#include <stdint.h>\n'),

  -- words
  engine("  var a: [String: Int] = b", "words"),
  engine("  var a: Dictionary<Int, Int>", "words"),
  engine("  let a = Set<Int>()", "words"),
  engine("  let a: OptionSet<Int>"),
  engine("  let ratio: Double", "words"),
  engine("  func a() { print(1) }", "words"),
  engine("  func a() { blueprint(1) }  // print(1) and Set<Int>"),
  engine("  func a() { b(\"print(1)\") }"),
  engine("  let a = #\"\"\"\n    b(\"#\") print(1) \"\n    \"\"\"#"),
  engine("  let a = #\"\"\"\n    b\n    \"\"\"#\n  func a() { print(1) }", "words", 8),
  engine("  func a() { Task { b() } }", "words"),
  engine("  let task: SimTask"),
  engine("  let a = Task(executorPreference: b) { c() }", "words"),
  engine("  let a = Task.detached { b() }", "words"),
  engine("  func hash(into hasher: inout Hasher) {}"),
  engine("  nonisolated(unsafe) var a = 1", "words"),
  engine("  let a = ObjectIdentifier(b)", "words"),
  class("  let a = Task { b() }", "Sources/Timeline/Fiber.swift"),
  with(class("  let a = Task { b() }", "Sources/Timeline/Thing.swift"), "words", 5),
  file("Tests/EngineTests/Thing.swift", spdx .. "@testable import UAPI\nlet a = 1\n", "words", 2),

  -- storage that other targets may see
  engine("  package var a: Int", "storage"),
  engine("  package var a = 1", "storage"),
  engine("  package private(set) var a = 1", "storage"),
  engine("  package var a: [Int] = {\n    [1]\n  }()", "storage"),
  engine("  package var a = 1 {\n    didSet { b() }\n  }", "storage"),
  engine("  struct Inner {\n    package var a: Int\n  }\n  package var b: Int", "storage", 8),
  engine("  package let a: Int\n  package var b: Int { a }"),
  engine("  package var c: [Int]\n  {\n    []\n  }"),
  engine("  private var a = 1\n  var b = 2\n  struct Inner { package var a: Int }"),
  engine("  func f() {\n    var a = 1\n  }\n  final class Inner {\n    package var a = 1\n  }",
    "storage", 9),

  -- what is not there yet; one machine's paths; what the engine must not know
  engine("  // TO" .. "DO: later", "unfinished"),
  file("docs/thing.md", "It is not " .. "implemented.\n", "unfinished", 1),
  file("docs/thing.md", "See /ho" .. "me/someone/file.\n", "paths", 1),
  file("docs/thing.md", "`/tm" .. "p`\n", "paths", 1),
  file("docs/thing.md", "See examples/work/home, $root/tmp and the /workload.\n"),
  engine("  // as in made-up-recording", "recordings"),
  engine("  // as in made-up-recordings, or not-made-up-recording"),
  file("Tests/EngineTests/Thing.swift", spdx .. 'let a = "made-up-recording"\n'),
}
-- Fiber.swift and the like are named after something else than Thing.
local misnamed = { ["Sources/Timeline/Fiber.swift"] = true }

local function show(example, message)
  print(("tidy --self-test: %s: %s\n%s"):format(example.path, message, example.text:sub(1, 400)))
end

-- Comments before and after `--wrap`, at 20 columns.
local wrapped = {
  { "  // one two three four five\n  // six\n  //\n  // seven\n",
    "  // one two three\n  // four five six\n  //\n  // seven\n" },
  { "// - one two three four\n//   five\n// - six\n",
    "// - one two three\n//   four five\n// - six\n" },
  { "let a = 1  // one two three\n", "// one two three\nlet a = 1\n" },
  { "// one   two   three   four\n", "// one   two   three   four\n" },
  { 'let a = "http://one.two.three.four"\n', 'let a = "http://one.two.three.four"\n' },
}

return function(Source, inspect)
  local house = {
    imports = Source.importTable [[
<!-- tidy reads this table -->
| target | may import | why |
|---|---|---|
| `UAPI` | `Timeline` | |
| `CMemory` | nothing | |
| `Timeline` | `HeapModule` | |
| `ReclaimEngine` | `UAPI`, `Timeline` | |
]],
    exists = {}, recordings = { "made-up-recording" },
  }
  local failed = 0
  for _, example in ipairs(examples) do
    local got = {}
    inspect(Source.file(example.path, example.text), house, function(_, line, _, _, rule)
      if not (misnamed[example.path] and rule == "name") then
        got[#got + 1] = rule .. " at line " .. line
      end
    end)
    local want = example.finds and example.finds .. " at line " .. example.at or "nothing"
    local is = #got == 0 and "nothing" or table.concat(got, ", ")
    if is ~= want then
      failed = failed + 1
      show(example, "should find " .. want .. ", finds " .. is)
    end
  end
  for _, pair in ipairs(wrapped) do
    local file = Source.file("Sources/UAPI/Thing.swift", pair[1])
    local text = require("tidy_wrap")(file, 20)
    if text ~= pair[2] then
      failed = failed + 1
      show(file, "should be wrapped to\n" .. pair[2] .. "and is\n" .. text)
    end
  end
  local tried = #examples + #wrapped
  print(("tidy --self-test: %d passed, %d failed"):format(tried - failed, failed))
  return failed == 0
end
