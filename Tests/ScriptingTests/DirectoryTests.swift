// SPDX-License-Identifier: Apache-2.0
// Directories, turns and slab caches as scripts know them, and the words for their mistakes.

import Testing
import UAPI

@Suite struct DirectoryTests {
  @Test func whatATaskLooksUpIsAskedOfTheKernel() {
    let scenario = Scenario.task(
      """
      local d = t:directory "mail"
      print(d.name, d.files, d:stat(), d:stat { pattern = "rand", count = 5, seed = 3 })
      print(d:stat_missing { n = 40, from = 2 })
      print(t:directory "other")
      """)
    #expect(scenario.printed == "mail\t100\ttrue\ttrue\ntrue\nnil\tENOENT\n")
    let asked = scenario.toys[0].log.filter { $0.contains("stat(") }
    #expect(asked.count == 3)
    #expect(asked[0].contains("directory: \"mail\", missing: false"))
    #expect(asked[2].contains("missing: true") && asked[2].contains("from: 2"))
  }

  @Test func theMachineIsToldItsDirectories() {
    let scenario = Scenario(#"machine { directories = { mail = 40000, news = 3 } }"#)
    #expect(
      scenario.requests.first?.directories
        == [DirectorySpec(name: "mail", files: 40000), DirectorySpec(name: "news", files: 3)])
  }

  @Test func slabCachesAreReadByName() {
    let scenario = Scenario.task("local s = m:slabinfo() print(s.dentry.objects, s.dentry.unused)")
    #expect(scenario.printed == "7\t5\n", "\(scenario.failure)")
  }

  @Test func turnsAreAskedForWithEverybodysNames() {
    let scenario = Scenario.task("print(t:take_turns(100, { 'other', 'worker' }))")
    #expect(scenario.printed == "true\n")
    #expect(scenario.toys[0].log.contains { $0.contains("takeTurns(every: 100") })
  }

  @Test(arguments: [
    (
      "t:directory 'mail':stat { n = '8 MiB' }",
      """
      bad field 'n' in d:stat of 'mail': expected a number of names, without a unit, got "8 MiB"
      """
    ),
    (
      "t:directory 'mail':stat { n = 101 }",
      "d:stat of 'mail': n is 101, expected 1 to 100 pages after page 0"
    ),
    (
      "t:directory 'mail':stat_missing {}",
      """
      bad field 'n' in d:stat_missing of 'mail': expected how many names, 1 to 4194304, got nothing
      """
    ),
    (
      "t:directory 'mail':stat_missing { n = 1 << 22, from = 1 }",
      """
      bad field 'from' in d:stat_missing of 'mail': expected 0 to 0 with that n, got 1
      """
    ),
    (
      "t:take_turns(0, { 'worker' })",
      "bad argument #1 to 't:take_turns': expected how many accesses a turn has, 1 or more, got 0"
    ),
    (
      "t:take_turns(9, { 'worker', 'worker' })",
      "bad argument #2 to 't:take_turns': expected a list of tasks' names, each once, got a table"
    ),
    ("t:take_turns(9, { 'other' })", "t:take_turns: 'worker' itself is not among the names"),
  ])
  func mistakesAreTold(body: String, message: String) {
    #expect(Scenario.task(body).failure.contains(message), "\(Scenario.task(body).failure)")
  }

  @Test func aDirectoryHasAtLeastOneFile() {
    let failure = Scenario("machine { directories = { mail = 0 } }").failure
    #expect(failure.contains("bad field 'mail' in directories of the machine"), "\(failure)")
  }
}
