// SPDX-License-Identifier: Apache-2.0
// m:run() without a time lasts until the last task is no more, its memory given back.

import Testing

@Suite struct RunToTheEndTests {
  /// An exit takes time: a run that ended before it would leave the task half gone.
  @Test func theLastTaskHasGivenItsMemoryBack() throws {
    let script = """
      local m = machine { memory = "256 MiB" }
      local t = m:spawn("a", function(t) t:map("64 MiB"):touch() end)
      m:run()
      print(t.state, m:vmstat().nr_anon_pages)
      """
    let run = try Command(["-e", script])
    #expect(run.status == 0)
    #expect(run.output.contains("done\t0\n"), "\(run.output) \(run.errors)")
  }
}
