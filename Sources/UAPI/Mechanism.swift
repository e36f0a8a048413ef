// SPDX-License-Identifier: Apache-2.0
// What a run makes use of, in the few words in which it can be compared with what was recorded.
//
// An operation says what it asks for; what the machine did with it (swap, kill) shows in counters.

package enum Mechanism: String, Codable, CaseIterable, Sendable {
  case cleanFiles = "clean files"
  case fileAdvice = "posix_fadvise"
  case mappedFiles = "mapped files"
  case anonymous = "anonymous memory"
  case sharedAnonymous = "shared anonymous memory"
  case memoryAdvice = "madvise"
  case lockedMemory = "mlock"
  case limitReclaim = "reclaim at a limit"
  case proactiveReclaim = "memory.reclaim"
  case machineReclaim = "reclaim of the whole machine"
  case swap = "swap"
  case oomKill = "OOM kills"
  case nestedCgroups = "nested cgroups"
  case droppedCaches = "drop_caches"
  case blocks = "page blocks"
  case severalTasks = "several tasks at once"

  /// What an operation asks for; nil for what needs no mechanism worth a word.
  package init?(of operation: Operation) {
    switch operation {
    case .read: self = .cleanFiles
    case .adviseFile: self = .fileAdvice
    case .map(_, .file, _): self = .mappedFiles
    case .map(_, .anonymous(let shared), _): self = shared ? .sharedAnonymous : .anonymous
    case .adviseArea: self = .memoryAdvice
    case .lock: self = .lockedMemory
    case .reclaim: self = .proactiveReclaim
    case .dropCaches: self = .droppedCaches
    case .allocatePages: self = .blocks
    default: return nil
    }
  }

  /// What the changes of vmstat's counters show.
  /// - Parameter change: by how much a counter grew.
  package static func shown(by change: (VmCounter) -> Int) -> [Mechanism] {
    var shown: [Mechanism] = []
    // Before 7.x kswapd and direct reclaim of the machine alone count as such in /proc/vmstat.
    let machine = change(.pgscan_kswapd) + change(.pgscan_direct)
    if change(.pgscan_anon) + change(.pgscan_file) > machine { shown.append(.limitReclaim) }
    if machine > 0 { shown.append(.machineReclaim) }
    if change(.pswpout) + change(.pswpin) > 0 { shown.append(.swap) }
    if change(.oom_kill) > 0 { shown.append(.oomKill) }
    return shown
  }
}
