// SPDX-License-Identifier: Apache-2.0
// Tasks that read the same pages of one file while memory is short: what one of them missed is
// there when its charge has come through (reference 25 §25.3).

import Testing

@Suite struct SharedWindowTests {
  /// Readers follow one another through the same random pages, beside a task whose swapped pages
  /// make reclaim wait: so charges for tree nodes wait, and others make the nodes meanwhile. A node
  /// made twice would be charged and counted twice, which --paranoid tells.
  @Test(arguments: ["5.10", "6.1"], 1...3)
  func aNodeThatCameMeanwhileIsNotMadeTwice(kernel: String, seed: Int) throws {
    let script = """
      local m = machine { memory = "256 MiB", files = { data = "64 MiB" },
        swap = { size = "256 MiB", on = "null" } }
      local cg = m:cgroup { name = "g", memory = { max = "3 MiB" } }
      m:spawn("hog", { cgroup = cg }, function(t)
        local area = t:map "6 MiB"
        for _ = 1, 10 do area:touch { write = true, pattern = "rand", count = 3000 } end
      end)
      for k = 1, 3 do
        m:spawn("reader" .. k, { cgroup = cg }, function(t)
          for _ = 1, 2 do
            t:open("data"):read { pattern = "rand", count = 4000, seed = \(seed + 4) }
          end
        end)
      end
      m:run()
      """
    let run = try Command(["--kernel", kernel, "--paranoid", "-e", script])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
  }
}
