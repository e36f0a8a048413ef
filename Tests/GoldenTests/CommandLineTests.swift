// SPDX-License-Identifier: Apache-2.0
// The command line as a user meets it: each option, each exit code, each mistake, in the words
// that are printed (Expected/command_line.txt; RECORD=1 writes it anew).

import Foundation
import Testing

@Suite struct CommandLineTests {
  private static let machine = #"local m = machine { like = "machine.json" }"#

  private static let scripts = [
    "reads.lua": """
    \(machine)
    local cg = m:cgroup { name = "a", memory = { max = "8 MiB" } }
    m:spawn("reader", { cgroup = cg }, function(t) t:open("data"):read { n = "10 MiB" } end)
    m:run()
    expect("reclaim had to work", cg:stat().pgscan > 0)
    """,
    "quiet.lua": "",
    "args.lua": "print(kernel, arg[-2], arg[-1], arg[0], arg[1], arg[2], #arg, ...)",
    "shebang.lua": "#!/usr/bin/env reclaimlua\nprint 'a first line for the shell'\n",
    "fails.lua": #"expect("the world is flat", false)"#,
    "syntax.lua": "local x = = 1",
    "raises.lua": "local function f() error 'no' end\nf()",
    "unit.lua": "\(machine)\nm:cgroup { name = \"a\", memory = { max = \"64\" } }",
    "task_typo.lua": """
    \(machine)
    m:spawn("w", function(t) t:map("1 MiB"):touch { pattern = "zpif" } end)
    m:run()
    """,
    "endless.lua": """
    \(machine)
    m:spawn("batch", function(t) while true do t:sleep "10 ms" end end)
    m:run()
    """,
    "twice.lua": "return { twice = function(n) return 2 * n end }",
    "watch.lua": """
    \(machine)
    local cg = m:cgroup { name = "a", memory = { max = "8 MiB" } }
    m:watch { "nr_free_pages", "a.file", "pgscan_file", "pswpin", every = "2 ms" }
    m:spawn("reader", { cgroup = cg }, function(t) t:open("data"):read { n = "12 MiB" } end)
    m:run()
    """,
    "watch_typo.lua": "\(machine)\nm:watch { \"nr_fre_pages\" }",
    "watch_cgroup.lua": "\(machine)\nm:watch { \"db.file\" }",
    "watch_every.lua": "\(machine)\nm:watch { \"nr_free_pages\", every = \"100\" }",
  ]

  /// The lines of shell whose output is compared, standard error included.
  private static let lines = [
    "reclaimlua --version", "reclaimlua -v", "reclaimlua --help",
    "reclaimlua reads.lua", "reclaimlua --seed 7 quiet.lua; reclaimlua -e 'print(1)'",
    "reclaimlua --seed=3 --kernel 5.10 -- args.lua x --seed", "reclaimlua args.lua",
    "reclaimlua shebang.lua", "reclaimlua - < shebang.lua",
    "reclaimlua -e 'x = 1' -l twice -e 'print(twice.twice(x))'", "reclaimlua -ltwice '-eprint(1'",
    "reclaimlua -l nothing",
    #"printf '1 + 1\n= "a", nil\nfor i = 1, 2 do\n  print(i)\nend\nx = 3\nx\n' | reclaimlua"#,
    #"printf 'nil + 1\nprint "goes on"\nf(\n' | reclaimlua"#,
    "echo 'print(twice.twice(4))' | reclaimlua -l twice -i",
    "reclaimlua fails.lua", "reclaimlua syntax.lua", "reclaimlua raises.lua",
    "reclaimlua unit.lua", "reclaimlua task_typo.lua", "reclaimlua nothing.lua",
    "reclaimlua --max-events 1000 endless.lua",
    "reclaimlua --kernel 5.4 reads.lua", "reclaimlua --kernel 5.10,5.4 reads.lua",
    "reclaimlua --kernel 5.10,6.1 reads.lua", "reclaimlua --kernel 5.10,6.1 -i",
    "reclaimlua watch.lua", "reclaimlua watch_typo.lua", "reclaimlua watch_cgroup.lua",
    "reclaimlua watch_every.lua",
    "reclaimlua --csv w.csv watch.lua > out && head -5 w.csv && wc -l < w.csv",
    "reclaimlua check reads.lua", "reclaimlua check --kernel 5.10,6.1 endless.lua",
    "reclaimlua check task_typo.lua", "reclaimlua check unit.lua", "reclaimlua check syntax.lua",
    "reclaimlua check", "reclaimlua check --json reads.lua", "reclaimlua check -i reads.lua",
    "reclaimlua --trusted -e 'print(io.type(io.stdout))'", "reclaimlua -e 'print(os.getenv)'",
    "reclaimlua diff a.json b.json", "reclaimlua --trace t reads.lua",
    "reclaimlua --live reads.lua", "reclaimlua --sed 7 reads.lua", "reclaimlua --seed",
    "reclaimlua --seed x reads.lua", "reclaimlua -x reads.lua", "reclaimlua -e",
    "reclaimlua --report no/such/file reads.lua", "reclaimlua --report /dev/full quiet.lua",
    "reclaimlua reads.lua > /dev/full", "reclaimlua --json quiet.lua",
    "reclaimlua --json fails.lua", "reclaimlua --report r.json quiet.lua && cat r.json",
    "reclaimlua --report r.json --kernel 5.10,6.1 quiet.lua && head -3 r.json",
  ]

  /// A folder with the scripts and a machine.
  private static func withScripts<Result>(_ body: (URL) throws -> Result) throws -> Result {
    try Command.withFolder { folder in
      for (name, text) in scripts {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
      }
      try FileManager.default.copyItem(
        at: Command.root.appendingPathComponent("examples/machines/6.1-384m.json"),
        to: folder.appendingPathComponent("machine.json"))
      return try body(folder)
    }
  }

  @Test(arguments: ["", "--json ", "--cells ", "--help "])
  func validateOnAFullDiskSaysSoAndFails(_ option: String) throws {
    let recording = "Tests/FidelityTests/recordings/6.1-classic/tiny-file.json.gz"
    let run = try Command(
      shell: "reclaimlua validate \(option)\(recording) > /dev/full", in: Command.root)
    #expect(run.status == 1)
    #expect(
      run.errors
        == "reclaimlua validate: cannot write standard output: No space left on device\n")
  }

  @Test func everyOptionAndMistakeIsAnsweredInTheseWords() throws {
    let told = try Self.withScripts { folder in
      try Self.lines.map { line in
        let run = try Command(shell: "exec 2>&1; " + line, in: folder)
        return "$ \(line)\n\(run.output)[\(run.status)]\n"
      }.joined(separator: "\n")
    }
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Expected/command_line.txt")
    if ProcessInfo.processInfo.environment["RECORD"] != nil {
      try Data(told.utf8).write(to: file)
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    let now = told.components(separatedBy: "\n\n$ ")
    for (told, wanted) in zip(now, expected.components(separatedBy: "\n\n$ ")) {
      #expect(told == wanted)
    }
    #expect(told == expected)
  }

  @Test func aReaderThatHasGoneEndsItQuietly() throws {
    try Self.withScripts { folder in
      let line = "reclaimlua -e 'for i = 1, 1e6 do print(i) end' | head -1; echo ${PIPESTATUS[0]}"
      let run = try Command(shell: line, in: folder)
      #expect(run.output == "seed 1\n141\n" && run.errors.isEmpty)
      let closed = try Command(
        shell: "reclaimlua --report r.json reads.lua >&- && tail -1 r.json", in: folder)
      #expect(closed.output == "}\n" && closed.errors.isEmpty)
    }
  }

  @Test(arguments: [
    "reclaimlua --max-events 100000000 --report r.json endless.lua",
    "reclaimlua --report r.json -e 'm = machine {} m:call(function(t) "
      + "t:map(\"64 MiB\"):touch { [\"repeat\"] = 1000000 } end)'",
    "reclaimlua --report r.json -e 'while true do x = (\"%d %d\"):format(1, 2) end'",
    "reclaimlua --report r.json -e 'function f() while true do x = (\"%d %d\"):format(1, 2) end "
      + "end while true do pcall(f) end'",
  ]) func controlCEndsItWithTheReportSoFar(_ line: String) throws {
    try Self.withScripts { folder in
      // timeout answers 124 for whatever it ended, so the status is kept beforehand.
      let run = try Command(
        shell: "timeout -s INT -k 60 1 bash -c '\(line.replacing("'", with: "'\\''")); echo $?'",
        in: folder)
      #expect(run.output.hasSuffix("130\n"))
      #expect(run.errors.contains("interrupted\n"))
      let report = try String(
        contentsOf: folder.appendingPathComponent("r.json"), encoding: .utf8)
      #expect(report.contains("interrupted\""))
    }
  }

  @Test func checkShowsTheFilesOfACgroup() throws {
    let reading = """
      m = machine { memory = "256 MiB" } cg = m:cgroup { name = "a" } m:spawn("t", function(t) \
      cg:file("memory.pressure"):match("avg10") end) m:run()
      """
    try Self.withScripts { folder in
      try Data(reading.utf8).write(to: folder.appendingPathComponent("file.lua"))
      let run = try Command(["check", "file.lua"], in: folder)
      #expect(run.status == 0 && run.output.contains("no mistake found"))
    }
  }

  @Test func whatIsWatchedHappensAsIfNobodyWatched() throws {
    try Self.withScripts { folder in
      func digest(_ line: String) throws -> String.SubSequence? {
        try Command(shell: line, in: folder).output.split(separator: "\n").last
      }
      let watched = try digest("reclaimlua watch.lua")
      #expect(watched?.hasPrefix("digest ") == true)
      #expect(try digest("grep -v watch watch.lua | reclaimlua -") == watched)
    }
  }

  @Test func colourIsForTerminalsAndNotAgainstTheirWill() throws {
    try Self.withScripts { folder in
      let escape = "\u{1B}["
      let terminal = """
        python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' reclaimlua fails.lua < /dev/null
        """
      #expect(
        try Command(shell: "env -u NO_COLOR TERM=xterm " + terminal, in: folder).output.contains(
          escape))
      let plain = try Command(shell: "TERM=xterm NO_COLOR=1 " + terminal, in: folder).output
      #expect(plain.contains("FAILED") && !plain.contains(escape))
      #expect(!(try Command(shell: "reclaimlua fails.lua", in: folder)).output.contains(escape))
    }
  }

  @Test func theReportIsWhatItsDescriptionSays() throws {
    try Self.withScripts { folder in
      let json = try Command(["--json", "watch.lua"], in: folder).output
      let report = try JSONSerialization.jsonObject(with: Data(json.utf8)) as! [String: Any]
      let description = try String(
        contentsOf: Command.root.appendingPathComponent("docs/report.md"), encoding: .utf8)
      func check(_ value: Any, _ path: String) {
        if let list = value as? [Any] { return list.forEach { check($0, path) } }
        guard let object = value as? [String: Any] else { return }
        // Objects whose keys are counters are described as a whole.
        let isCounters = object.values.allSatisfy { $0 is Int } && object.count > 5
        if isCounters && !path.hasSuffix("latencies") { return }
        for (key, inner) in object {
          #expect(description.contains("`\(key)`"), "docs/report.md says nothing of \(path).\(key)")
          check(inner, "\(path).\(key)")
        }
      }
      check(report, "")
      #expect(report["format"] as? Int == 1)
    }
  }
}
