// SPDX-License-Identifier: Apache-2.0
// Swap on devices that take time, or memory of the machine: null, brd, zram.

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite struct SwapDeviceTests {
  /// A machine of 64 MiB with 32 MiB of swap and a cgroup "a" of 1 MiB.
  private static func boot(
    _ kind: DiskSpec.Kind, kernel: String = "6.1", latency: Nanoseconds = 100_000,
    compressedPage: Int = 1000
  ) throws -> Machine {
    var spec = SmallMachine.spec()
    spec.kernel = kernel
    spec.disks = [
      DiskSpec(
        name: "swap", kind: kind, use: .swap, size: Bytes(32 << 20), requestPages: 31,
        latency: latency, compressedPage: compressedPage)
    ]
    let machine = try SmallMachine.boot(spec, paranoid: true)
    machine.makeCgroup("a", max: 256)
    return machine
  }

  private static func write(_ name: String, _ pages: Int, fill: Bool = false) -> [Operation] {
    [
      .map(area: name, .anonymous(shared: false), pages: pages),
      .touch(area: name, write: true, fill: fill, AccessPattern(.sequential)),
    ]
  }

  private static func read(_ name: String) -> Operation {
    .touch(area: name, write: false, fill: false, AccessPattern(.sequential))
  }

  /// Does all of it as one task of cgroup "a", and answers what was seen before the task exited.
  private static func run<Seen>(
    _ machine: Machine, _ operations: [Operation], see: @escaping () -> Seen
  ) -> [Seen] {
    var seen: [Seen] = []
    machine.perform(operations, in: "a") { _ in seen.append(see()) }
    return seen
  }

  // MARK: timed

  @Test func whatIsWrittenStaysUntilTheDeviceIsDoneAndIsFoundAtTheTail() throws {
    let machine = try Self.boot(.null)
    machine.perform(Self.write("A", 512), in: "a")
    let written = machine.vmstat(.pswpout)
    #expect(written >= 256)
    #expect(machine.vmstat(.nr_written) == written)
    #expect(machine.vmstat(.nr_writeback) == 0)
    #expect(machine.vmstat(.pgpgout) == 4 * written)
    #expect(machine.vmstat(.pgrotated) > 0)
    #expect(machine.stat(.pgscan, of: "a") > machine.stat(.pgsteal, of: "a"))
  }

  @Test func neighboursComeAlongInWindowsOfEight() throws {
    let machine = try Self.boot(.null)
    machine.perform(Self.write("A", 512) + [Self.read("A")], in: "a")
    #expect(machine.vmstat(.pswpin) >= 512)
    #expect(machine.vmstat(.pgmajfault) <= machine.vmstat(.pswpin) / 7)
    #expect(machine.vmstat(.swap_ra_hit) > 400)
  }

  @Test func pagesPagedOutOnRequestReachTheDeviceHoweverManyTheyAre() throws {
    let machine = try Self.boot(.null, latency: 2_000_000)
    // Every other page, so that no request holds more than one.
    let operations =
      Self.write("A", 210)
      + (0..<100).map { .adviseArea(area: "A", .pageout, from: 2 * $0, length: 1) }
    machine.perform(operations + [.sleep(10_000_000)], in: "a")
    #expect(machine.vmstat(.pswpout) == 100)
    #expect(machine.vmstat(.nr_written) == 100)
    #expect(machine.vmstat(.nr_writeback) == 0)
  }

  @Test func aSlowerDeviceMakesItsReadersWait() throws {
    func duration(_ latency: Nanoseconds) throws -> UInt64 {
      let machine = try Self.boot(.null, latency: latency)
      machine.perform(Self.write("A", 512) + [Self.read("A")], in: "a")
      return machine.timeline.now.nanoseconds
    }
    let fast = try duration(100_000), slow = try duration(1_100_000)
    // At least one millisecond more for each window of eight pages.
    #expect(slow - fast >= 64_000_000)
  }

  @Test func tasksThatWaitForTheDeviceDoNotTakeEachOthersBatches() throws {
    let machine = try Self.boot(.null)
    for name in ["one", "two", "three"] {
      machine.spawn(TaskSpec(name: name, cgroup: "a")) { handle, fiber throws(Killed) in
        for operation in Self.write(name, 300) + [Self.read(name)] {
          _ = try await machine.perform(operation, by: handle, fiber)
        }
      }
    }
    machine.run(until: .distantFuture)
    #expect(machine.invariantProblems().isEmpty)
    #expect(machine.vmstat(.nr_writeback) == 0)
    #expect(machine.vmstat(.nr_anon_pages) == 0)
  }

  @Test func pagesReadThroughTheSwapCacheAreOfTheWorkingSetWhereReadingMarksThem() throws {
    func restored(_ kernel: String) throws -> Int {
      let machine = try Self.boot(.null, kernel: kernel)
      let random = AccessPattern(.random, count: 6000, seed: 1)
      machine.perform(
        Self.write("A", 400) + [.touch(area: "A", write: false, fill: false, random)], in: "a")
      return machine.vmstat(.workingset_restore_anon)
    }
    let older = try restored("5.10"), newer = try restored("6.1")
    #expect(older > 2 * newer && newer > 0)
  }

  // MARK: memory of the machine

  @Test func aRAMDiskTakesAPageForEachPageAndKeepsIt() throws {
    let machine = try Self.boot(.brd)
    machine.perform(Self.write("A", 512), in: "a")
    #expect(machine.vmstat(.pswpout) > 256)
    #expect(machine.memory.pagesOnSwapDevice == machine.vmstat(.pswpout))
  }

  @Test func zramTakesWhatThePagesCompressTo() throws {
    let machine = try Self.boot(.zram, compressedPage: 1350)
    let pages = Self.run(machine, Self.write("A", 600)) { machine.memory.pagesOnSwapDevice }.last!
    // 1360 bytes each, three to a page, and a page of handles of eight bytes.
    let stored = machine.vmstat(.pswpout)
    #expect(pages == (stored + 2) / 3 + 1)
  }

  @Test func zramForgetsAPageWhenItsSlotReturns() throws {
    let machine = try Self.boot(.zram)
    let operations = Self.write("A", 1024)
    let full = Self.run(machine, operations) { machine.memory.pagesOnSwapDevice }.last!
    #expect(full > 700 / 4)
    // What is left belongs to slots that wait in the CPU's cache, at most 64.
    #expect(machine.memory.pagesOnSwapDevice <= 64 / 4 + 2)
  }

  @Test func whatCannotBeCompressedTakesAPage() throws {
    func taken(fill: Bool) throws -> Int {
      let machine = try Self.boot(.zram)
      let again = Operation.touch(
        area: "A", write: true, fill: false, AccessPattern(.sequential))
      // Filled once, a page stays so, also when it comes back and is written to.
      return Self.run(machine, Self.write("A", 512, fill: fill) + [Self.read("A"), again]) {
        machine.memory.pagesOnSwapDevice
      }.last!
    }
    #expect(try taken(fill: true) >= 256)
    #expect(try taken(fill: false) <= 400 / 4 + 1)
  }
}
