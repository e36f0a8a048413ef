// SPDX-License-Identifier: Apache-2.0
// A computer as plain values: what a scenario, a recording or a benchmark asks to be booted.
//
// A spec may say little (memory per node; the engine lays out zones and computes marks) or carry a
// MachineState: what a recorded or captured machine looked like, down to its free blocks.

package import Timeline

package struct MachineSpec: Sendable {
  /// Kernel generation, such as "6.1".
  package var kernel: String
  package var cpus: Int
  package var seed: UInt64
  package var nodes: [NodeSpec]
  package var disks: [DiskSpec]
  package var files: [FileSpec]
  package var directories: [DirectorySpec]
  /// Sysctls by full name ("vm.swappiness"), in the order in which they were set.
  package var sysctls: [(name: String, value: Int)]
  /// Counters as they stood at boot, by their name in /proc/vmstat.
  package var vmstat: [(name: String, value: Int)]
  /// Simulated time at which the machine is handed over.
  package var bootedAt: UInt64
  /// cgroup2 is mounted with memory_recursiveprot, as systemd does: a parent's protection that no
  /// child asks for is shared by all.
  package var hasRecursiveProtection = false
  /// Files and directories were made since the kernel booted, and caches dropped twice after that,
  /// as far as vm.vfs_cache_pressure lets them.
  package var madeThenDropped = false

  package init(
    kernel: String, cpus: Int = 1, seed: UInt64 = 1, nodes: [NodeSpec], disks: [DiskSpec] = [],
    files: [FileSpec] = [], directories: [DirectorySpec] = [],
    sysctls: [(name: String, value: Int)] = [],
    vmstat: [(name: String, value: Int)] = [], bootedAt: UInt64 = 0
  ) {
    self.kernel = kernel
    self.cpus = cpus
    self.seed = seed
    self.nodes = nodes
    self.disks = disks
    self.files = files
    self.directories = directories
    self.sysctls = sysctls
    self.vmstat = vmstat
    self.bootedAt = bootedAt
  }

  /// What a sysctl was set to last; nil when it was not.
  package func sysctl(_ name: String) -> Int? { sysctls.last { $0.name == name }?.value }
}

package struct NodeSpec: Sendable {
  package var zones: [ZoneSpec]
  /// What the node's lists hold at boot, all of it charged to the root cgroup.
  package var lists: NodeListState
  /// Objects that are free in slabs which boot has left.
  package var freeObjects: FreeObjects

  package init(
    zones: [ZoneSpec], lists: NodeListState = NodeListState(),
    freeObjects: FreeObjects = FreeObjects()
  ) {
    self.zones = zones
    self.lists = lists
    self.freeObjects = freeObjects
  }
}

/// Pages on the node's LRU lists at boot. They belong to nobody who could be asked for them (kernel
/// and tools).
package struct NodeListState: Sendable {
  package var inactiveAnon = 0, activeAnon = 0, inactiveFile = 0, activeFile = 0, unevictable = 0
  /// Root pages that drop_caches left in the deactivate_file batch (fidelity/starting-state.md).
  package var pendingDeactivateFile = 0

  package init() {}
}

package struct ZoneSpec: Sendable {
  package enum Kind: Int, Sendable, CaseIterable, Comparable {
    case dma, dma32, normal, movable
    package static func < (a: Kind, b: Kind) -> Bool { a.rawValue < b.rawValue }

    /// The name in /proc/zoneinfo.
    package var name: String { ["DMA", "DMA32", "Normal", "Movable"][rawValue] }
  }

  package var kind: Kind
  /// First frame number; nil: the engine places the zone.
  package var startPFN: Int?
  /// Pages that the allocator manages.
  package var managed: Int
  package var present: Int
  package var spanned: Int
  package var state: ZoneState?

  package init(
    kind: Kind, startPFN: Int? = nil, managed: Int, present: Int? = nil, spanned: Int? = nil,
    state: ZoneState? = nil
  ) {
    self.kind = kind
    self.startPFN = startPFN
    self.managed = managed
    self.present = present ?? managed
    self.spanned = spanned ?? present ?? managed
    self.state = state
  }
}

/// A zone as a real machine showed it.
package struct ZoneState: Sendable {
  /// Free blocks: [mobility][order 0…10], mobilities in the order unmovable, movable, reclaimable.
  package var freeBlocks: [[Int]]
  /// Pages on the per-CPU lists.
  package var perCPU: Int
  /// How many of them are reclaimable; the others belong to the kernel for good.
  package var perCPUReclaimable = 0
  /// Whether the pageblocks of the others have become movable meanwhile: given back, they serve the
  /// kernel no more.
  package var perCPUInMovable = false
  package var batch: Int
  /// Pages from which a per-CPU list gives back.
  package var high: Int
  package var watermarks: (min: Int, low: Int, high: Int)
  /// lowmem_reserve against requests up to each zone index.
  package var protection: [Int]

  package init(
    freeBlocks: [[Int]], perCPU: Int, batch: Int, high: Int,
    watermarks: (min: Int, low: Int, high: Int), protection: [Int]
  ) {
    self.freeBlocks = freeBlocks
    self.perCPU = perCPU
    self.batch = batch
    self.high = high
    self.watermarks = watermarks
    self.protection = protection
  }
}

package struct DiskSpec: Sendable {
  package enum Kind: String, Sendable {
    /// Memory outside the machine: I/O is a copy made by whoever submits it.
    case pmem
    case null, brd, zram
  }
  package enum Use: String, Sendable {
    case fileSystem, swap
  }
  package var name: String
  package var kind: Kind
  package var use: Use
  package var size: Bytes
  package var readAheadPages: Int
  /// Pages of the largest request the device takes (max_sectors_kb): how far one forced readahead
  /// goes.
  package var requestPages: Int
  /// How long a request takes, whatever its size, and how many are worked on at once; of kinds
  /// whose I/O is no copy made by whoever submits it.
  package var latency: Nanoseconds
  package var depth: Int
  /// Requests that the queue before the device holds (nr_requests).
  package var queueRequests: Int
  /// Bytes that zram takes for a page that can be compressed: an assumption, for the simulator
  /// keeps no contents. A page stored to in full with `fill` cannot be.
  package var compressedPage: Int

  package init(
    name: String, kind: Kind, use: Use = .fileSystem, size: Bytes, readAheadPages: Int = 32,
    requestPages: Int = 320, latency: Nanoseconds = 100_000, depth: Int = 64,
    queueRequests: Int = 64, compressedPage: Int = 1365
  ) {
    self.name = name
    self.kind = kind
    self.use = use
    self.size = size
    self.readAheadPages = readAheadPages
    self.requestPages = requestPages
    self.latency = latency
    self.depth = depth
    self.queueRequests = queueRequests
    self.compressedPage = compressedPage
  }
}

package struct FreeObjects: Sendable {
  package var treeNodes = 0, dentries = 0, inodes = 0, inodeSecurity = 0
  package init(treeNodes: Int = 0, dentries: Int = 0, inodes: Int = 0, inodeSecurity: Int = 0) {
    (self.treeNodes, self.dentries, self.inodes) = (treeNodes, dentries, inodes)
    self.inodeSecurity = inodeSecurity
  }
}

/// A directory of empty files f0, f1, … that exists at boot; names x0, x1, … do not exist in it.
package struct DirectorySpec: Sendable, Equatable {
  package var name: String
  package var files: Int

  package init(name: String, files: Int) {
    self.name = name
    self.files = files
  }
}

/// A file that exists at boot and is not cached.
package struct FileSpec: Sendable {
  package var name: String
  package var size: Pages

  package init(name: String, size: Pages) {
    self.name = name
    self.size = size
  }
}
