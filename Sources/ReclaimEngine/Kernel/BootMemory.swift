// SPDX-License-Identifier: Apache-2.0
// What a kernel keeps of a machine's memory before anybody asks for any: measured on the recorded
// machines of that kernel, whose `managed`, `present` and counters at `base` these numbers explain
// to the page (256 to 640 MiB, docs/scenario-api.md "Machines in words").

struct BootMemory: Sendable {
  /// Pages below 1 MiB that zone DMA has and does not manage.
  var lowReserved: Int
  /// The kernel's image and what it sets aside at once; struct pages and hash tables, which grow
  /// with memory, come on top.
  var image: Int
  /// Given back when initialisation is over: initial code and data, and the initial ramdisk. Marks
  /// and per-CPU lists were computed without it, and stay (reference 23 §23.1).
  var freedLate: Int
  /// Pages that the kernel has allocated by the time a first program runs: slabs that can be
  /// reclaimed, slabs that cannot, stacks, and all the rest.
  var slabReclaimable: Int
  var slabUnreclaimable: Int
  var stacks: Int
  var other: Int
  /// Of these, pages of zone DMA.
  var inDMA: Int
  /// Free blocks of orders 0…10 that lie on the unmovable and the reclaimable list of the zone
  /// where the kernel allocates; all others are movable.
  var unmovableBlocks: [Int]
  var reclaimableBlocks: [Int]

  var allocated: Int { slabReclaimable + slabUnreclaimable + stacks + other }
}
