// SPDX-License-Identifier: Apache-2.0
// The address space of a task: areas, where they lie, and which page tables exist.
//
// Mappings are placed top down, each directly below the one before, as 5.10 and 6.1 do (but for
// large files on 6.1); so a table of 512 entries may be shared by two areas, and the first one
// borders on memory the program had before (fidelity/starting-state.md, "Page tables of an
// anonymous region").

import Timeline

/// One mapping: pages [0, pages), their entries from `base` on.
final class Area {
  enum Kind {
    case anonymous
    /// Anonymous and shared: a nameless file of shmem.
    case shmem(FileMapping)
    case file(FileMapping, offset: Int, shared: Bool)
  }

  /// Its number in the registry; entries' blocks name it.
  let number: UInt16
  let name: String
  let kind: Kind
  let isShmem: Bool
  /// Whether other tasks may map the same pages and see what is stored there.
  let isShared: Bool
  let pages: Int
  /// First entry in the slot table.
  let base: Int
  /// Virtual page number of its first page.
  let start: Int
  unowned let task: SimTask
  /// Who pays for the area itself, and for the reverse map's objects, which exist once its first
  /// anonymous page has been seen.
  var payer = MemcgTree.rootNumber
  var reverseMapPayer: UInt16?
  var hasReverseMap: Bool { reverseMapPayer != nil }
  /// Who paid for the further areas that the kernel keeps of one that is locked in part.
  var piecePayers: [UInt16] = []
  /// MADV_SEQUENTIAL, MADV_RANDOM: how it will be read.
  var advice = Advice.normal
  enum Advice { case normal, sequential, random }
  /// It has been unmapped.
  var isGone = false
  /// Locked pages: ranges that do not overlap, in order.
  var locked: [Range<Int>] = []
  /// Where the pattern `next` stands, and the stream of patterns without a seed.
  var position = 0
  var stream: SplitMix64
  var swapReadahead = SwapReadaheadState()
  /// The open file it was mapped through.
  var open: OpenFile?

  init(
    number: UInt16, name: String, kind: Kind, pages: Int, base: Int, start: Int, task: SimTask,
    stream: SplitMix64
  ) {
    self.number = number
    self.name = name
    self.kind = kind
    isShmem = if case .shmem = kind { true } else { false }
    isShared =
      switch kind {
      case .anonymous: false
      case .shmem: true
      case .file(_, _, let shared): shared
      }
    self.pages = pages
    self.base = base
    self.start = start
    self.task = task
    payer = task.memcg
    self.stream = stream
  }

  func isLocked(_ index: Int) -> Bool {
    !locked.isEmpty && locked.contains { $0.contains(index) }
  }

  /// The file whose pages it maps, and the page of it at index 0.
  var mapping: (file: FileMapping, offset: Int)? {
    switch kind {
    case .anonymous: nil
    case .shmem(let file): (file, 0)
    case .file(let file, let offset, _): (file, offset)
    }
  }
}

final class AddressSpace {
  /// The table near whose end a program's areas begin; it exists already.
  private static let firstTable = 1 << 35
  static let pagesPerTable = 512

  let lock = MmapLock()
  private let top: Int
  private let filePlacement: FilePlacement
  private var areaList: [Area] = []
  /// Areas, highest first.
  var areas: [Area] { areaList }
  /// The frame of each table, counted down from the one at `top`; 0 where there is none. The first
  /// exists from the beginning and belongs to nobody here.
  private var tables: UnsafeMutableBufferPointer<UInt32>

  /// - Parameter programPages: what the program has mapped beforehand.
  init(programPages: Int, profile: KernelProfile) {
    top = Self.firstTable + profile.numbers.highestAreaPage - programPages
    filePlacement = profile.filePlacement
    tables = .allocate(capacity: 64)
    tables.initialize(repeating: 0)
    tables[0] = .max
  }

  deinit { tables.deallocate() }

  /// Where an area of `n` pages goes: the highest gap below what is there that holds it, but for
  /// what the kernel wants of large files.
  func place(_ n: Int, file: Bool, offset: Int) -> Int {
    let size = Self.pagesPerTable
    switch filePlacement {
    case .atTableBoundary where file && n >= size:
      let lowest = ceiling(for: n + size) - n - size
      return lowest + ((offset - lowest) % size + size) % size
    case .belowThePrevious, .atTableBoundary:
      return ceiling(for: n) - n
    }
  }

  /// The end of the highest gap that holds `n` pages.
  private func ceiling(for n: Int) -> Int {
    var ceiling = top
    for area in areaList {
      if ceiling - (area.start + area.pages) >= n { break }
      ceiling = area.start
    }
    return ceiling
  }

  func insert(_ area: Area) {
    let at = areaList.firstIndex { $0.start < area.start } ?? areaList.count
    areaList.insert(area, at: at)
  }

  func remove(_ area: Area) { areaList.removeAll { $0 === area } }

  func area(named name: String) -> Area? { areaList.first { $0.name == name } }

  // MARK: page tables

  private func slot(_ area: Area, _ index: Int) -> Int {
    top / Self.pagesPerTable - (area.start + index) / Self.pagesPerTable
  }

  @inline(__always) func hasTable(_ area: Area, _ index: Int) -> Bool {
    let slot = slot(area, index)
    return slot < tables.count && tables[slot] != 0
  }

  func makeTable(_ area: Area, _ index: Int, frame: UInt32) {
    let slot = slot(area, index)
    if slot >= tables.count { grow(beyond: slot) }
    tables[slot] = frame
  }

  private func grow(beyond slot: Int) {
    let larger = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 2 * (slot + 1))
    larger.initialize(repeating: 0)
    for k in tables.indices { larger[k] = tables[k] }
    tables.deallocate()
    tables = larger
  }

  /// Tables made for areas; the first one is the program's.
  var tableCount: Int { tables.dropFirst().count { $0 != 0 } }

  /// Tables that only `area` needed are gone with it; answers their frames.
  func freeTables(of area: Area) -> [UInt32] {
    var freed: [UInt32] = []
    for slot in slot(area, area.pages - 1)...slot(area, 0)
    where slot > 0 && slot < tables.count && tables[slot] != 0 {
      let first = (top / Self.pagesPerTable - slot) * Self.pagesPerTable
      let covered = first..<(first + Self.pagesPerTable)
      let isShared = areaList.contains {
        $0 !== area && covered.overlaps($0.start..<($0.start + $0.pages))
      }
      if isShared { continue }
      freed.append(tables[slot])
      tables[slot] = 0
    }
    return freed
  }
}
