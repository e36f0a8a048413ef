// SPDX-License-Identifier: Apache-2.0
// The memory management of one machine: its parts, each made after those it leans on.
//
// What the parts do together (charging with reclaim, reading, shrinking) are extensions of this
// class, each in the room of its topic. Nothing here is global: a process may hold many machines.

import Timeline
import UAPI

package final class Memory {
  let profile: KernelProfile
  let timeline: Timeline
  let processor: FairProcessor
  let tracer: Tracer
  package let frames: FrameTable
  let lists: FolioLists
  private let listArena: FolioListArena
  let node: Node
  let allocator: PageAllocator
  let slabs: SlabCaches
  package let tree: MemcgTree
  let stock: ChargeStock
  let objects: ObjectCharges
  let gracePeriods: GracePeriods
  let moves: CgroupMoves
  let pressure: Pressure
  let workingset: Workingset
  let batches: FolioBatches
  let cache: PageCache
  let areas: AreaRegistry
  /// Page-table entries: the slot table seen as such.
  let entries: UnsafeMutablePointer<PageTableEntry>
  /// nil where the machine has no swap area.
  let swap: SwapSpace?
  /// The same, for where a reference would be counted for each page; `swap` keeps it alive.
  let swapSpace: Unmanaged<SwapSpace>?
  /// The slots of the swap area; nil where there is none.
  let swapSlots: UnsafeMutablePointer<SwapSlot>?
  /// The slots of a swap area whose I/O is done by whoever submits it; nil where there is none.
  let synchronousSlots: UnsafeMutablePointer<SwapSlot>?
  /// Whether what is written to swap takes no memory of the machine.
  let keepsSwapOutside: Bool
  let interrupts: InterruptTime
  let seed: UInt64
  let zipfTables = ZipfTables()
  var swappiness: Int
  /// Pages read at a swap-in are at most 2 to the power of this.
  var pageCluster: Int
  let readAheadPages: Int
  let requestPages: Int
  /// Pages of the file system's device; 0 where there is none.
  private(set) var fileSystemPages = 0

  /// The one batch that is open while reclaim works, and the folios of it that are to be freed.
  let batch: UnsafeMutablePointer<UInt32>
  let freed: UnsafeMutablePointer<UInt32>
  /// The folios of the two batches behind it, while they are fetched.
  let upcoming: UnsafeMutablePointer<UInt32>
  let parkedBatches = ParkedBatches(capacity: Memory.batchCapacity)
  /// Pages that reclaim alone holds, still charged.
  var orphanedPages = 0
  /// Pages that tasks have unmapped and gathered, still charged.
  var gatheredPages = 0
  /// Two of the file system's own pages that boot left in the root cgroup: the block of the
  /// directory and the block of the inode table, which every first look-up of a file touches.
  private var metadataFolios: [UInt32] = []
  /// All of them: the root cgroup's file pages at boot.
  private(set) var bootFilePages: Range<UInt32> = 0..<0
  /// Pages of the block device that boot has left and every look-up in a directory uses: maps and
  /// descriptors.
  private var bootBlocks: [UInt32] = []

  /// What boot left of the programs of tasks: pages on the unevictable list, and behind them pages
  /// of the kernel.
  var bootLocked: Range<UInt32> = 0..<0
  var bootKernel: Range<UInt32> = 0..<0

  /// Folios that left their lists and are not freed yet: in `freed`, all of one cgroup.
  var freedCount = 0
  var freedMemcg: UInt16 = 0

  /// All tasks of the machine, by number.
  var tasks: [SimTask] = []
  /// The node's background reclaim.
  let kswapd: Kswapd
  /// What looks after the OOM killer's victims.
  let reaper: OomReaper
  /// The window of the machine's own reclaim.
  var pressureWindow = VmPressure()
  /// The machine's shrinkers besides that of shadows, in the order in which they were registered.
  var shrinkers: [Shrinker] = []
  /// Passes the turn of a task that takes turns by accesses, and waits for its next.
  var nextTurn: ((SimTask) async throws(Killed) -> Void)?
  let names: NameTable
  var directoryCache: DirectoryCache
  /// The node's flags of reclaim, and who waits in its middle.
  let reclaimThrottle = ReclaimThrottle()
  var controlFiles = ControlFiles()
  /// vm.vfs_cache_pressure.
  var vfsCachePressure: Int
  /// What the marks are computed from when either is written; nil: the kernel's own.
  var minFreeKilobytes: Int?
  var watermarkScaleFactor: Int?
  /// The device whose blocks directories and inodes are read from; nil where there are none.
  private(set) var blockDevice: FileMapping?
  /// Tasks whose direct reclaim waits for kswapd.
  var throttled: [SimTask] = []
  /// The kernel's log.
  var messages: [KernelMessage] = []

  var operationLimit = OperationLimit()
  /// Why this kernel ended the run; nil while it did not.
  private(set) var endReason: String?
  private var nextPeriodicFlush: Instant

  /// Kernel and root pages on the lists at boot have no mapping, so nothing can reclaim them.
  init(
    _ spec: MachineSpec, _ profile: KernelProfile, timeline: Timeline, tracer: Tracer
  ) throws(BootError) {
    self.profile = profile
    self.timeline = timeline
    interrupts = InterruptTime(timeline)
    processor = FairProcessor(
      timeline, profile.scheduling.rules(tick: Nanoseconds(profile.numbers.tick)))
    let starter = KernelThreadStarter()
    kswapd = starter.makeKswapd(timeline, processor, interrupts)
    reaper = starter.makeReaper(timeline, processor, interrupts)
    self.tracer = tracer
    let layout = try MachineLayout(spec)
    frames = try FrameTable(frames: layout.frameCount)
    listArena = try FolioListArena(
      rows: frames.rows, frames: layout.frameCount, lists: MemcgTree.limit)
    lists = listArena.lists
    node = try layout.makeNode(frames, profile)
    allocator = PageAllocator(node: node)
    slabs = SlabCaches(
      allocator: allocator, frames: frames, node: node, profile: profile,
      free: spec.nodes[0].freeObjects)
    tree = try MemcgTree(
      profile: profile, recursiveProtection: spec.hasRecursiveProtection)
    names = try NameTable(
      tree, files: spec.directories.reduce(spec.files.count) { $0 + $1.files + 1 })
    directoryCache = DirectoryCache(spec.directories, names)
    vfsCachePressure = spec.sysctl("vm.vfs_cache_pressure") ?? 100
    minFreeKilobytes = spec.sysctl("vm.min_free_kbytes")
    watermarkScaleFactor = spec.sysctl("vm.watermark_scale_factor")
    stock = ChargeStock(tree, profile)
    objects = ObjectCharges(tree, stock, profile)
    workingset = Workingset(tree: tree, frames: frames, node: node, profile: profile)
    batches = FolioBatches(
      frames: frames, lists: lists, tree: tree, workingset: workingset, node: node,
      profile: profile)
    gracePeriods = GracePeriods(timeline, profile, objects: objects, slabs: slabs)
    moves = CgroupMoves(timeline, gracePeriods)
    pressure = Pressure(tree, timeline, profile)
    processor.whenSwitched { [weak pressure] in pressure?.switched(to: $0) }
    let slots = try SlotTable(capacity: layout.slotCount)
    let leaves = try LeafTable(slots: layout.slotCount)
    tree.leaves = leaves
    cache = PageCache(
      frames: frames, slots: slots, leaves: leaves, tree: tree, node: node, batches: batches,
      workingset: workingset, gracePeriods: gracePeriods, profile: profile)
    areas = AreaRegistry(leaves: leaves, slots: slots)
    entries = UnsafeMutableRawPointer(slots.slots).assumingMemoryBound(to: PageTableEntry.self)
    swap = try Self.swapSpace(of: spec, tree, allocator, slabs, frames, profile, gracePeriods)
    swapSpace = swap.map { Unmanaged.passUnretained($0) }
    workingset.swap = swapSpace
    swapSlots = swap?.area.slots
    synchronousSlots = swap.flatMap { $0.area.isDeviceSynchronous ? $0.area.slots : nil }
    keepsSwapOutside = swap?.isOutside ?? false
    seed = spec.seed
    pageCluster = spec.sysctl("vm.page-cluster") ?? 3
    swappiness = spec.sysctl("vm.swappiness") ?? 60
    let files = spec.disks.first { $0.use == .fileSystem }
    readAheadPages = files?.readAheadPages ?? 32
    requestPages = files?.requestPages ?? 32
    batch = .allocate(capacity: Self.batchCapacity)
    freed = .allocate(capacity: Self.batchCapacity)
    upcoming = .allocate(capacity: 2 * Self.batchCapacity)
    nextPeriodicFlush =
      Instant(nanoseconds: spec.bootedAt) + Nanoseconds(profile.numbers.statFlushPeriod)
    populate(layout, spec)
    starter.memory = self
    connect()
    try makeFiles(spec)
  }

  private func makeFiles(_ spec: MachineSpec) throws(BootError) {
    if directoryCache.blocks > 0 {
      guard let device = cache.makeFile("", pages: directoryCache.blocks, isDevice: true) else {
        throw BootError("no room for the blocks of \(spec.directories.count) directories")
      }
      cache.makeInnerNodesOfBoot(device)
      blockDevice = device
    }
    fileSystemPages = spec.disks.first { $0.use == .fileSystem }?.size.pages.count ?? 0
    for file in spec.files where cache.makeFile(file.name, pages: file.size.count) == nil {
      throw BootError("file '\(file.name)' of \(file.size.bytes.text): no room for its slots")
    }
    if spec.madeThenDropped { makeNamesAndDropThem() }
  }

  private static func swapSpace(
    of spec: MachineSpec, _ tree: MemcgTree, _ allocator: PageAllocator, _ slabs: SlabCaches,
    _ frames: FrameTable, _ profile: KernelProfile, _ periods: GracePeriods
  ) throws(BootError) -> SwapSpace? {
    let disks = spec.disks.filter { $0.use == .swap }
    guard disks.count <= 1 else {
      throw BootError("\(disks.count) swap areas: several are not built yet, expected 1")
    }
    guard let disk = disks.first else { return nil }
    return try SwapSpace(
      disk, tree: tree, allocator: allocator, slabs: slabs, frames: frames, profile: profile,
      periods)
  }

  /// What boot has registered, and what parts tell this one about.
  private func connect() {
    shrinkers = profile.bootCaches.shrinkers
    allocator.boosted = { [unowned self] zone in
      zone.kswapdWasWoken()
      wakeKswapd(order: 0, highest: zone.kind.rawValue, gfp: [])
    }
    recordFallbacks()
    gracePeriods.pagesFreed = { [unowned self] pages in noteReclaimed(pages) }
    cache.emptied = { [unowned self] file in cacheEmptied(file) }
    guard let swap, swap.area.device.kind == .null else { return }
    swap.attach(
      BlockDevice(
        swap.area.device, profile, timeline: timeline, interrupts: interrupts
      ) { [unowned self] request in swapRequestFinished(request) })
  }

  /// Who keeps events is told of each fallback; nobody else pays for it.
  private func recordFallbacks() {
    guard tracer.isRecording else { return }
    let isHex = profile.folios == .compound
    for zone in node.zones {
      zone.buddy.fallbackRecorder = { [tracer] fallback in
        var fallback = fallback
        fallback.isFrameInHex = isHex
        tracer.record(.externalFragmentation(fallback))
      }
    }
  }

  deinit {
    batch.deallocate()
    freed.deallocate()
    upcoming.deallocate()
  }

  /// Puts the pages that were on lists at boot there, in the root cgroup, and copies the counters.
  private func populate(_ layout: MachineLayout, _ spec: MachineSpec) {
    for (name, value) in spec.vmstat {
      if let counter = VmCounter.named(name) { node.counters[counter] = value }
    }
    var frame = layout.firstListFrame
    func put(_ n: Int, _ flags: FolioFlags, _ list: Int) {
      for _ in 0..<n {
        frames.rows[Int(frame)] = FrameRow(
          position: 0, slot: 0, link: 0, flags: flags.union(.lru), memcg: MemcgTree.rootNumber)
        lists.push(frame, on: tree.lruvec(MemcgTree.rootNumber).list(list))
        frame += 1
      }
      tree.listHolds(n, list, of: MemcgTree.rootNumber)
    }
    let state = layout.lists
    put(state.inactiveAnon, .swapBacked, ListIndex.inactiveAnon)
    put(state.activeAnon, [.swapBacked, .active], ListIndex.activeAnon)
    let firstFile = frame
    put(state.inactiveFile, [], ListIndex.inactiveFile)
    let lastInactive = frame
    put(state.activeFile, .active, ListIndex.activeFile)
    let firstLocked = frame
    bootFilePages = firstFile..<firstLocked
    put(state.unevictable, .unevictable, ListIndex.unevictable)
    bootLocked = firstLocked..<frame
    bootKernel = frame..<layout.usedEnd
    for k in 0..<state.pendingDeactivateFile {
      batches.deactivateFile(lastInactive - 1 - UInt32(k))
    }
    // Where pages wait to be deactivated, one of the two is among them and the other is not:
    // recordings in which a second file is opened before and after the first drain tell them apart.
    if state.inactiveFile > max(state.pendingDeactivateFile, 1) {
      metadataFolios = [lastInactive - UInt32(state.inactiveFile), lastInactive - 1]
      let unused = UInt32(state.pendingDeactivateFile + 1)
      bootBlocks = Array((lastInactive - UInt32(state.inactiveFile))..<(lastInactive - unused))
    }
  }

  /// The first look-up of a file reads a directory block and an inode block, both cached since
  /// boot.
  func touchMetadata() {
    for frame in metadataFolios { batches.markAccessed(frame) }
  }

  /// The first look-up in a directory uses most of them, often.
  func touchBootBlocks() {
    for frame in bootBlocks {
      batches.markAccessed(frame)
      batches.markAccessed(frame)
    }
    bootBlocks = []
  }
  /// Pages of the machine that its swap device has taken for what was written to it.
  package var pagesOnSwapDevice: Int { swap?.pagesOnDevice ?? 0 }

  // MARK: the end of what is built

  /// Ends the run: something was needed that this kernel does not have.
  func end(_ reason: String) throws(Killed) -> Never {
    if endReason == nil { endReason = reason }
    throw Killed()
  }

  /// Even reclaim found no page for itself: the run ends as soon as whoever works now gives way.
  func noteExhaustion(_ what: String) {
    endRun("no page is left for \(what), not even in the reserves")
  }

  /// The run ends as soon as whoever works now looks.
  func endRun(_ reason: String) {
    if endReason == nil { endReason = reason }
  }

  // MARK: the periodic flush

  /// The periodic work on memcg statistics, every two seconds; its timer waits while the machine is
  /// idle (reference 16 §16.9).
  func flushPeriodically() {
    guard timeline.now >= nextPeriodicFlush else { return }
    tree.publish()
    tree.statistics.wasFlushed()
    nextPeriodicFlush = timeline.now + Nanoseconds(profile.numbers.statFlushPeriod)
  }
}

/// What kernel threads find their machine by: it is made after them.
private final class KernelThreadStarter {
  // Not weak: an object that anybody refers to weakly has its references counted elsewhere, which
  // every one of them would pay for.
  unowned var memory: Memory?

  func makeKswapd(
    _ timeline: Timeline, _ processor: FairProcessor, _ interrupts: InterruptTime
  ) -> Kswapd {
    let fiber = timeline.spawn("kswapd0") { [self] _ throws(Killed) in
      try await memory?.runKswapd()
    }
    return Kswapd(SimThread(name: "kswapd0", fiber: fiber, on: processor, interrupts: interrupts))
  }

  func makeReaper(
    _ timeline: Timeline, _ processor: FairProcessor, _ interrupts: InterruptTime
  ) -> OomReaper {
    let timer = timeline.spawn("oom_reaper's timer") { [self] fiber throws(Killed) in
      try await memory?.runReaperTimer(fiber)
    }
    let fiber = timeline.spawn("oom_reaper") { [self] _ throws(Killed) in
      try await memory?.runReaper()
    }
    return OomReaper(
      SimThread(name: "oom_reaper", fiber: fiber, on: processor, interrupts: interrupts),
      timer: timer)
  }
}
