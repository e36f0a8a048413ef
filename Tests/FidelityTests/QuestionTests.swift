// SPDX-License-Identifier: Apache-2.0
// A simulation must not see what came after `base`. These tests take it away, or replace it by
// rubbish.

import Fidelity
import Foundation
import Testing
import UAPI

@Suite struct QuestionTests {
  @Test(arguments: Shipped.allNames)
  func aStrippedRecordingAsksTheSame(name: String) throws {
    let whole = try RecordingQuestion(Shipped.recording(name, Shipped.json(name)))
    let stripped = try RecordingQuestion(try Shipped.stripped(name))
    #expect(stripped == whole)
    let a = try WorkloadOps.program(of: whole)
    let b = try WorkloadOps.program(of: stripped)
    #expect("\(a)" == "\(b)")
    #expect(
      "\(try RecordedMachine.spec(of: whole, files: a.files))"
        == "\(try RecordedMachine.spec(of: stripped, files: b.files))")
  }

  @Test(arguments: Shipped.allNames)
  func nothingAfterBaseIsLookedAt(name: String) throws {
    var json = try Shipped.json(name)
    var marks: [Any] = json["marks"] as? [[String: Any]] ?? []
    for position in marks.indices.dropFirst(2) { marks[position] = "rubbish" }
    json["marks"] = marks
    var ops: [Any] = json["ops"] as? [[String: Any]] ?? []
    for position in ops.indices
    where (ops[position] as? [String: Any])?["task"] as? String == "main" {
      ops[position] = ["task": "main", "ret": -999, "op": 17] as [String: Any]
    }
    json["ops"] = ops
    for key in ["trace", "ranges", "kmsg", "exits"] { json[key] = "rubbish" }
    let file = try Shipped.recording(name, json)
    let sorted = try Shipped.recording(name, Shipped.json(name))
    #expect(try RecordingQuestion(file) == RecordingQuestion(sorted))
    #expect(throws: RecordingError.self) { _ = try RecordingAnswers(file) }
  }

  @Test func theMachineIsWhatBaseShows() throws {
    let question = try Shipped.question("tiny-file")
    let program = try WorkloadOps.program(of: question)
    let spec = try RecordedMachine.spec(of: question, files: program.files)
    #expect(spec.kernel == "6.1")
    #expect(question.lru == .classic)
    // The workload starts when `base` has been taken, which took as long as `warm`.
    let warm = try #require((try Shipped.json("tiny-file")["marks"] as? [[String: Any]])?.first)
    let markDuration = question.base.t - UInt64(try #require(warm["t"] as? Int))
    #expect(spec.bootedAt == question.base.t + markDuration)
    #expect(spec.files.map(\.name) == ["data"])
    #expect(spec.files.map(\.size) == [Pages(2048)])
    #expect(spec.disks.map(\.name) == ["pmem0"])
    #expect(spec.disks.first?.kind == .pmem)
    #expect(spec.disks.first?.use == .fileSystem)
    #expect(spec.disks.first?.readAheadPages == 32)
    #expect(spec.disks.first?.size == Bytes(256 << 20))
    #expect(spec.sysctls.first { $0.name == "vm.swappiness" }?.value == 60)
    #expect(spec.vmstat.first { $0.name == "nr_free_pages" }?.value == 76995)

    #expect(spec.nodes.count == 1)
    let lists = spec.nodes[0].lists
    #expect((lists.inactiveFile, lists.unevictable, lists.pendingDeactivateFile) == (18, 1111, 3))
    #expect((lists.inactiveAnon, lists.activeAnon, lists.activeFile) == (0, 0, 0))

    let zones = spec.nodes[0].zones
    #expect(zones.map(\.kind) == [.dma, .dma32])
    #expect(zones.map(\.startPFN) == [1, 4096])
    #expect(zones.map(\.managed) == [3840, 84261])
    #expect(zones.map(\.spanned) == [4095, 94208])
    let dma32 = try #require(zones[1].state)
    #expect((dma32.perCPU, dma32.batch, dma32.high) == (559, 15, 697))
    #expect(dma32.watermarks == (min: 558, low: 697, high: 836))
    #expect(zones[0].state?.protection == [0, 329, 329, 329, 329])
  }

  @Test func freeBlocksDivideAmongMobilitiesWithoutLossOrGain() throws {
    for name in Shipped.names {
      let question = try Shipped.question(name)
      let spec = try RecordedMachine.spec(of: question, files: [])
      for zone in spec.nodes[0].zones {
        let blocks = try #require(zone.state).freeBlocks
        let recorded = try #require(question.base.buddyinfo["0 \(zone.kind.name)"])
        #expect((0..<11).map { order in blocks.reduce(0) { $0 + $1[order] } } == recorded)
        #expect(blocks.allSatisfy { $0.allSatisfy { $0 >= 0 } })
      }
    }
    let question = try Shipped.question("tiny-file")
    let files = [FileSpec(name: "data", size: Pages(2048))]
    let zones = try RecordedMachine.spec(of: question, files: files).nodes[0].zones
    #expect(zones[0].state?.freeBlocks[0] == [0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0])
    #expect(zones[1].state?.freeBlocks[0] == [0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1])
    #expect(zones[1].state?.freeBlocks[1] == [0, 1, 1, 0, 0, 8, 6, 5, 4, 2, 66])
    #expect(zones[1].state?.freeBlocks[2] == [1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0])
  }

  /// Six pageblocks are reclaimable: what slabs leave of them is free in one piece. Two tasks that
  /// wait have their page tables in what is unmovable on a machine of one task.
  @Test func slabsAndWaitingTasksShowInTheFreeBlocks() throws {
    let question = try Shipped.question("compete-free")
    let slabs = try #require(question.base.vmstat["nr_slab_reclaimable"])
    let spec = try RecordedMachine.spec(of: question, files: [])
    let blocks = try #require(spec.nodes[0].zones[1].state).freeBlocks
    let pages = blocks.map { row in (0..<9).reduce(0) { $0 + row[$1] << $1 } }
    #expect(slabs == 2271)
    #expect(blocks[2] == [1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0])
    #expect(pages[2] == 3048 - 512 - slabs)
    #expect(pages[0] <= 136 - 2 * 39 && pages[0] > 136 - 3 * 39)
  }
}
