// SPDX-License-Identifier: Apache-2.0
// floor.json: what each shipped recording has reached. It only rises: RECORD_FLOOR=1 writes what is
// better than before and keeps the rest. scripts/fidelity counts and writes the same; where a
// simulated 3 against a real 0 is mended, a cell becomes a zero, so zeros are counted beside.

import Foundation

struct Floor {
  struct Entry: Codable, Equatable {
    var cells: Int
    var hold: Int
    var equal: Int
    var zeros: Int
  }

  private(set) var entries: [String: Entry]

  static let url = Shipped.folder.appendingPathComponent("floor.json")
  static var isRecorded: Bool { ProcessInfo.processInfo.environment["RECORD_FLOOR"] == "1" }

  static func read() throws -> Floor {
    Floor(entries: try JSONDecoder().decode([String: Entry].self, from: Data(contentsOf: url)))
  }

  /// Whether `measured` reaches what is written for `name`; a recording that is not listed has
  /// nothing to reach.
  func isReached(by measured: Entry, _ name: String) -> Bool {
    guard let floor = entries[name] else { return true }
    let fall = floor.zeros - measured.zeros
    return measured.cells >= floor.cells + fall && measured.hold >= floor.hold + fall
      && measured.equal >= floor.equal + fall
  }

  mutating func raise(_ name: String, to measured: Entry) {
    guard isReached(by: measured, name) else { return }
    entries[name] = measured
  }

  func write() throws {
    let lines = entries.sorted { $0.key < $1.key }.map { name, entry in
      "  \"\(name)\": {\"cells\": \(entry.cells), \"hold\": \(entry.hold), "
        + "\"equal\": \(entry.equal), \"zeros\": \(entry.zeros)}"
    }
    let text = "{\n" + lines.joined(separator: ",\n") + "\n}\n"
    try Data(text.utf8).write(to: Self.url)
  }
}
