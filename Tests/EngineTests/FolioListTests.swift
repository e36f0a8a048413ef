// SPDX-License-Identifier: Apache-2.0
// The chunked lists behave as plain ones, element by element, whatever is done to them.

import ReclaimEngine
import TestSupport
import Testing
import Timeline

/// Two lists over the same frames, chunked, beside two arrays that say what they must hold, tail
/// first.
private final class ListsUnderTest {
  private let frames: FrameTable
  private let arena: FolioListArena
  let lists: FolioLists
  private let state: UnsafeMutablePointer<FolioList>
  private(set) var expected: [[UInt32]] = [[], []]
  private var unused: [UInt32]

  init(frames n: Int, lists listLimit: Int = 2) throws {
    frames = try FrameTable(frames: n + 1)
    arena = try FolioListArena(rows: frames.rows, frames: n + 1, lists: listLimit)
    lists = arena.lists
    state = .allocate(capacity: 2)
    state.initialize(repeating: FolioList(), count: 2)
    unused = (1...UInt32(n)).reversed()
  }

  deinit { state.deallocate() }

  func push(_ l: Int) {
    guard let frame = unused.popLast() else { return }
    lists.push(frame, on: state + l)
    expected[l].append(frame)
  }

  func pushTail(_ l: Int) {
    guard let frame = unused.popLast() else { return }
    lists.pushTail(frame, on: state + l)
    expected[l].insert(frame, at: 0)
  }

  func remove(_ l: Int, at index: Int) {
    guard !expected[l].isEmpty else { return }
    let frame = expected[l].remove(at: index % expected[l].count)
    lists.remove(frame, from: state + l)
    unused.append(frame)
  }

  /// Takes up to `n` and answers what came.
  func takeTail(_ l: Int, _ n: Int) -> (taken: [UInt32], wanted: [UInt32]) {
    let batch = UnsafeMutablePointer<UInt32>.allocate(capacity: n + 1)
    defer { batch.deallocate() }
    let taken = lists.takeTail(n, from: state + l, into: batch)
    let wanted = Array(expected[l].prefix(n))
    expected[l].removeFirst(wanted.count)
    unused += wanted
    return ((0..<taken).map { batch[$0] }, wanted)
  }

  func compact(_ l: Int) { lists.compact(state + l) }

  /// What a list holds, from its tail on; tombstones are left out.
  func contents(_ l: Int) -> [UInt32] {
    var found: [UInt32] = []
    lists.forEach(of: state + l) { found.append($0) }
    return found
  }

  func peek(_ l: Int, _ n: Int) -> [UInt32] {
    let batch = UnsafeMutablePointer<UInt32>.allocate(capacity: n + 1)
    defer { batch.deallocate() }
    let found = lists.peek(n, of: state + l, into: batch)
    return (0..<found).map { batch[$0] }
  }

  func count(_ l: Int) -> Int { state[l].count }
}

@Suite struct FolioListTests {
  /// Many seeds, few frames: chunks fill, empty and are given back all the time.
  @Test(arguments: Seeds.list(24))
  func aChunkedListIsAPlainList(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let two = try ListsUnderTest(frames: random.pick([5, 300, 1500]))
    for step in 0..<3000 {
      let l = random.below(2)
      switch random.below(100) {
      case 0..<40: two.push(l)
      case 40..<55: two.pushTail(l)
      case 55..<80: two.remove(l, at: random.below(1 << 20))
      case 80..<90:
        let (taken, wanted) = two.takeTail(l, random.pick([1, 7, 32, 300]))
        #expect(taken == wanted, "seed \(seed), step \(step)")
      case 90..<92: two.compact(l)
      default:
        for _ in 0..<random.below(40) { two.push(l) }
      }
      if step % 50 == 0 || step > 2990 {
        for l in 0..<2 where two.contents(l) != two.expected[l] {
          Issue.record("seed \(seed), step \(step): list \(l) is not what it must be")
          return
        }
      }
      if two.count(l) != two.expected[l].count {
        Issue.record("seed \(seed), step \(step): counts \(two.count(l))")
        return
      }
    }
  }

  @Test func foliosComeInTheOrderInWhichTheyWerePushed() throws {
    let lists = try ListsUnderTest(frames: 600)
    for _ in 0..<600 { lists.push(0) }
    #expect(lists.takeTail(0, 257).taken == (1...257).map { UInt32($0) })
    #expect(lists.takeTail(0, 1000).taken == (258...600).map { UInt32($0) })
    #expect(lists.takeTail(0, 1).taken == [])
  }

  @Test func peekTellsWhatWouldBeTakenAcrossChunksAndTakesNothing() throws {
    let lists = try ListsUnderTest(frames: 600)
    for _ in 0..<600 { lists.push(0) }
    lists.remove(0, at: 1)
    #expect(lists.peek(0, 4) == [1, 3, 4, 5])
    #expect(lists.peek(0, 512).last == 513)
    #expect(lists.peek(0, 1000).count == 599)
    #expect(lists.count(0) == 599)
    #expect(lists.takeTail(0, 4).taken == [1, 3, 4, 5])
  }

  /// Every second chunk's worth of frames nearly empty: packing frees the chunks for new pushes.
  @Test func packingKeepsTheOrderAndGivesChunksBack() throws {
    let lists = try ListsUnderTest(frames: 4096, lists: 1)
    for _ in 0..<4096 { lists.push(0) }
    for k in 0..<4000 { lists.remove(0, at: 4000 - k - 1) }
    let before = lists.expected[0]
    lists.compact(0)
    #expect(lists.contents(0) == before)
    for _ in 0..<4000 { lists.push(0) }
    #expect(lists.contents(0) == lists.expected[0])
    #expect(!lists.lists.isShortOfChunks(for: 16))
  }

  @Test func anEmptiedListStartsAnewAtEitherEnd() throws {
    let lists = try ListsUnderTest(frames: 3)
    lists.push(0)
    lists.remove(0, at: 0)
    lists.pushTail(0)
    lists.pushTail(0)
    lists.push(0)
    #expect(lists.contents(0) == lists.expected[0])
    #expect(lists.count(0) == 3)
  }
}
