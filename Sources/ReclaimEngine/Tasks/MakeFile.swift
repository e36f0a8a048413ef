// SPDX-License-Identifier: Apache-2.0
// A file made while the machine runs: its blocks are reserved and written past the page cache, a
// piece at a time, so that nothing of it is cached afterwards but its name.
//
// Blocks that the file system changes for it are not modelled. Files that exist are not written
// over, and a file that might not fit is refused: how much room a file system keeps for itself is
// not known here.

import Timeline
import UAPI

extension Memory {
  /// - Returns: unsupported for a name that exists and for more than nine tenths of the device.
  func makeFile(_ name: String, pages: Int, _ task: SimTask) async throws(Killed) -> Outcome {
    try await task.spend(profile.costs.open)
    let used = cache.files.reduce(0) { $0 + $1.pages }
    if cache.file(named: name) != nil {
      return .unsupported("writing over a file that exists ('\(name)') is not built")
    }
    guard pages > 0, used + pages <= fileSystemPages / 10 * 9 else {
      return .unsupported(
        "a file of \(pages) pages is not built where \(used) of \(fileSystemPages) are in use")
    }
    guard let file = cache.makeFile(name, pages: pages) else {
      return .unsupported("no room for the slots of file '\(name)'")
    }
    try await useName(of: file, opens: true, task)
    let payer = task.memcg
    var left = pages
    var killed: Killed?
    while left > 0, killed == nil {
      let piece = min(left, Self.directWritePages)
      left -= piece
      node.counters.add(4 * piece, to: .pgpgout)
      do {
        // What a page read ahead from such a device takes, for want of a figure of its own: most of
        // it is the copy.
        try await task.spend(UInt64(piece) * profile.costs.readaheadPage)
      } catch { killed = error }
    }
    await close(file, task)
    gracePeriods.free(
      KernelObject(
        kind: .file, size: profile.objects.structFile, owner: payer, isReclaimable: false))
    if let killed { throw killed }
    return .done
  }

  /// The recorded program writes 1 MiB at a time.
  private static let directWritePages = 256
}
