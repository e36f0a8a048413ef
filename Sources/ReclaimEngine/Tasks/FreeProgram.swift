// SPDX-License-Identifier: Apache-2.0
// The end of a process gives back what its program held since before the machine was handed over.
//
// Such pages were never charged to anybody here: locked ones stand on the root's unevictable list,
// those of the kernel are frames in use without a row.

import UAPI

extension Memory {
  /// Pages of the kernel stack of one process.
  private static let stackPages = 4
  /// Pages of a page directory: one for the kernel's view, one for the user's.
  private static let directoryPages = 2

  /// Frees a program's locked pages, as far as boot left any: its data lies below its areas, so it
  /// is unmapped first.
  func freeProgramData(_ task: SimTask, _ thread: SimThread, _ gather: inout FreedGather) async {
    if task.hasLostProgram { return }
    task.hasLostProgram = true
    let program = task.program
    let locked = bootLocked.prefix(program.locked)
    let list = tree.lruvec(MemcgTree.rootNumber).list(ListIndex.unevictable)
    for frame in locked {
      lists.remove(frame, from: list)
      gather.add(frame)
    }
    gather.add(others: program.file)
    tree.listHolds(-locked.count, ListIndex.unevictable, of: MemcgTree.rootNumber)
    bootLocked = locked.endIndex..<bootLocked.upperBound
    node.counters.add(-locked.count, to: .nr_mlock)
    node.counters.add(-locked.count, to: .nr_anon_pages)
    gatheredPages += gather.change()
    let costs = profile.costs
    let cost = UInt64(locked.count) * (costs.pageUnmapped + costs.pageUnlocked)
    do { try await thread.spend(cost) } catch {}
    await makeRoom(&gather, thread)
  }

  /// Frees the page tables and the stack of a process, and last, as a block, its page directory,
  /// which is not counted among the page tables.
  func freeProgramTables(_ program: ProgramSpec) {
    let kernel = bootKernel.prefix(program.kernel)
    bootKernel = kernel.endIndex..<bootKernel.upperBound
    guard kernel.count > Self.stackPages + Self.directoryPages else {
      for frame in kernel { allocator.free(frame, order: 0) }
      return
    }
    let directory = (kernel.endIndex - UInt32(Self.directoryPages)) & ~1
    for frame in kernel where frame < directory || frame >= directory + 2 {
      allocator.free(frame, order: 0)
    }
    allocator.free(directory, order: 1)
    node.counters.add(
      Self.stackPages + Self.directoryPages - kernel.count, to: .nr_page_table_pages)
    node.counters.add(-4 * Self.stackPages, to: .nr_kernel_stack)
  }
}
