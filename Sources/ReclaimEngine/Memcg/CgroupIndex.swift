// SPDX-License-Identifier: Apache-2.0
// Finds a child by its name, however many brothers it has.
//
// A hash table with open addressing: what is kept is the number of a cgroup, at the place that its
// parent's number and its name lead to, or the next free one behind. Where one leaves, those
// behind it move up, so that nothing is left in the way. The order of the table is asked by nobody.

struct CgroupIndex {
  /// Numbers of cgroups; 0 is a free place. Its size is a power of two, at most half of it used.
  private var places = [UInt16](repeating: 0, count: 64)
  /// Where each number wants to be, by number.
  private var hashes: [UInt32] = [0]
  private var count = 0

  /// FNV-1a over the parent's number and the name.
  static func hash(parent: UInt16, name: some StringProtocol) -> UInt32 {
    var hash: UInt32 = 2_166_136_261
    func fold(_ byte: UInt8) { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    fold(UInt8(truncatingIfNeeded: parent))
    fold(UInt8(truncatingIfNeeded: parent >> 8))
    for byte in name.utf8 { fold(byte) }
    return hash
  }

  private var mask: Int { places.count - 1 }

  private func home(_ number: UInt16) -> Int { Int(hashes[Int(number)]) & mask }

  /// The number with that hash for which `isIt` holds; 0 when there is none.
  func find(_ hash: UInt32, where isIt: (UInt16) -> Bool) -> UInt16 {
    var at = Int(hash) & mask
    while places[at] != 0 {
      let number = places[at]
      if hashes[Int(number)] == hash, isIt(number) { return number }
      at = (at + 1) & mask
    }
    return 0
  }

  mutating func insert(_ number: UInt16, _ hash: UInt32) {
    while hashes.count <= Int(number) { hashes.append(0) }
    hashes[Int(number)] = hash
    if 2 * (count + 1) > places.count { grow() }
    place(number)
    count += 1
  }

  mutating func remove(_ number: UInt16) {
    var hole = home(number)
    while places[hole] != number { hole = (hole + 1) & mask }
    var at = hole
    while true {
      at = (at + 1) & mask
      let other = places[at]
      if other == 0 { break }
      // It may move up unless that would be before the place that it wants.
      let distance = (at - home(other)) & mask
      if distance >= (at - hole) & mask {
        places[hole] = other
        hole = at
      }
    }
    places[hole] = 0
    count -= 1
  }

  private mutating func place(_ number: UInt16) {
    var at = home(number)
    while places[at] != 0 { at = (at + 1) & mask }
    places[at] = number
  }

  private mutating func grow() {
    let before = places
    places = [UInt16](repeating: 0, count: 2 * before.count)
    for number in before where number != 0 { place(number) }
  }
}
