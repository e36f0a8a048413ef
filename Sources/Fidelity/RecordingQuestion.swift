// SPDX-License-Identifier: Apache-2.0
// What a recording asks: kernel, workload, machine, and the machine's state before the workload
// starts.
//
// Everything that may influence a simulation is decoded here, and nothing else: the marks are read
// up to `base`, of the ops only those of the set-up, which ran before it. The answers are another
// type in another file (RecordingAnswers); a recording without answers decodes to the same
// question.

package struct RecordingQuestion: Sendable, Equatable {
  package enum LRU: String, Sendable {
    case classic, mglru
  }

  /// The path the question was read from.
  package let file: String
  /// Kernel generation, such as "6.1".
  package let kernel: String
  package let lru: LRU
  package let scenario: RecordedScenario
  package let machine: RecordedConfiguration
  package let base: RecordedBase
  /// When the workload starts: `base` takes as long as the mark before it.
  package let workloadStart: UInt64
  /// What the ops of the set-up answered, in their order: 0 or -errno.
  package let setupResults: [Int]

  /// The only format there is.
  package static let format = "reclaim-lab-1"

  /// - Throws: RecordingError when the file is cut short, of another format, or lacks what a
  /// question needs.
  package init(_ recording: RecordingFile) throws(RecordingError) {
    func refuse(_ reason: String) -> RecordingError {
      RecordingError(file: recording.path, reason: reason)
    }
    let format = try recording.decode(Format.self).format
    guard format == Self.format else {
      throw refuse("format \"\(format)\" is not known, expected \"\(Self.format)\"")
    }
    let wire = try recording.decode(Wire.self)
    let parts = wire.kernel.release.split(separator: ".")
    guard parts.count >= 2 else {
      throw refuse("kernel.release \"\(wire.kernel.release)\" is no release")
    }
    guard let base = wire.base else { throw refuse("there is no mark `base`") }

    func order(_ key: String) -> [String] {
      JSONKeyOrder.keys(at: ["scenario", key], in: recording.bytes) ?? []
    }
    file = recording.path
    kernel = "\(parts[0]).\(parts[1])"
    lru = wire.lru_gen.map { $0 == "0" ? .classic : .mglru } ?? .classic
    scenario = RecordedScenario(wire.scenario, tasks: order("tasks"), sysctls: order("sysctl"))
    machine = wire.machine
    self.base = base
    workloadStart = base.t + wire.markDuration
    setupResults = wire.setupResults
    guard scenario.tasks.contains(where: { $0.name == "main" }) else {
      throw refuse("the scenario has no task `main`")
    }
  }

  private struct Format: Decodable { var format: String }

  private struct Wire: Decodable {
    struct Kernel: Decodable { var release: String }
    /// A mark's name, and what it holds if it is `base`.
    struct MarkUpToBase: Decodable {
      enum Key: String, CodingKey { case name, t }
      var base: RecordedBase?
      var time: UInt64

      init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        time = try fields.decode(UInt64.self, forKey: .t)
        if try fields.decode(String.self, forKey: .name) == "base" {
          base = try RecordedBase(from: decoder)
        }
      }
    }
    struct SetupOp: Decodable { var task: String, ret: Int? }
    enum Key: String, CodingKey { case kernel, lru_gen, scenario, machine, marks, ops }

    var kernel: Kernel
    var lru_gen: String?
    var scenario: RecordedScenario.Wire
    var machine: RecordedConfiguration
    var base: RecordedBase?
    var previousMark: UInt64?
    var markDuration: UInt64 = 0
    var setupResults: [Int] = []

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: Key.self)
      kernel = try fields.decode(Kernel.self, forKey: .kernel)
      lru_gen = try fields.decodeIfPresent(String.self, forKey: .lru_gen)
      scenario = try fields.decode(RecordedScenario.Wire.self, forKey: .scenario)
      machine = try fields.decode(RecordedConfiguration.self, forKey: .machine)

      var marks = try fields.nestedUnkeyedContainer(forKey: .marks)
      while !marks.isAtEnd, base == nil {
        let mark = try marks.decode(MarkUpToBase.self)
        base = mark.base
        if let before = previousMark, base != nil { markDuration = mark.time - before }
        previousMark = mark.time
      }
      guard fields.contains(.ops) else { return }
      var ops = try fields.nestedUnkeyedContainer(forKey: .ops)
      while !ops.isAtEnd {
        let op = try ops.decode(SetupOp.self)
        guard op.task == "setup" else { break }
        setupResults.append(op.ret ?? 0)
      }
    }
  }
}
