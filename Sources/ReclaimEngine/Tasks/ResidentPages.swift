// SPDX-License-Identifier: Apache-2.0
// How large a task is: resident pages by kind, swapped pages, page tables, virtual size.
//
// Up to 6.1 a task keeps what its faults add to these counts to itself and settles at every 66th
// fault, so the counts that the OOM killer reads lag behind what faults have mapped (three
// recordings on 6.1 and 5.10 agree to the page). What reclaim takes is subtracted at once.

import UAPI

/// What a task's faults have changed since it last settled.
struct UnsettledCounts {
  private static let interval = 66
  private var faults: Int
  private(set) var anonymous = 0
  private(set) var shmem = 0
  private(set) var swapped = 0

  /// - Parameter faults: how many there were since the program settled.
  @inline(__always) init(faults: Int) { self.faults = faults % Self.interval }

  /// A fault begins: the last of an interval settles first.
  @inline(__always) mutating func beginFault() {
    faults &+= 1
    if _slowPath(faults == Self.interval) { settle() }
  }

  @inline(__always) mutating func mappedAnonymous() { anonymous &+= 1 }

  mutating func mappedShmem() { shmem &+= 1 }

  @inline(__always) mutating func swappedIn() {
    anonymous &+= 1
    swapped &-= 1
  }

  @inline(__always) mutating func settle() { self = UnsettledCounts(faults: 0) }
}

extension Memory {
  /// What the kernel's counts say about a task now.
  func residentPages(of task: SimTask) -> ResidentPages {
    let program = task.program
    var pages = ResidentPages(
      virtual: program.virtual, anonymous: program.anonymous, file: program.file,
      shmem: program.shmem, tables: program.tables + task.space.tableCount)
    if task.hasLostProgram { (pages.anonymous, pages.file) = (0, 0) }
    for area in task.space.areas {
      pages.virtual += area.pages
      for index in 0..<area.pages {
        let entry = entries[area.base + index]
        if entry.isSwap {
          pages.swapped += 1
        } else if entry.isPresent, !entry.isZeroPage {
          let flags = frames.rows[Int(entry.frame)].flags
          if flags.contains(.anon) {
            pages.anonymous += 1
          } else if flags.contains(.swapBacked) {
            pages.shmem += 1
          } else {
            pages.file += 1
          }
        }
      }
    }
    pages.anonymous = max(0, pages.anonymous - task.unsettled.anonymous)
    pages.shmem = max(0, pages.shmem - task.unsettled.shmem)
    pages.swapped = max(0, pages.swapped - task.unsettled.swapped)
    return pages
  }
}
